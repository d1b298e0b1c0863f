"""The doctor's lines of functions: what stands, asked with the namespace's own key, against tree and settings here."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import httpx

from ops.doctor import Diagnosis, Level
from ops.doctor_triggers import remembered_sizes
from ops.packaging.deploy import function_problems
from ops.packaging.environment import names
from ops.packaging.errors import DeployError
from ops.packaging.project import FunctionSpec
from ops.packaging.standing import LIBRARY, FunctionThere, TriggerThere, annotations_of, function_there
from raceday.catalogue.functions import EVENT_FUNCTIONS
from raceday.settings import Settings

T = TypeVar("T")
_PAGE = 200
_COMPARED = "library, runtime, memory, timeout, logs, access and variables"


@dataclass(frozen=True, slots=True)
class Tree:
    """What this checkout would deploy: functions by full name, the library's hash, and what it last deployed.

    `triggers` are those of each kind of deployment, `specs` the functions at each set of sizes, `values` the settings.
    """

    functions: Collection[str]
    library: str
    record: Mapping[str, Any]
    triggers: Mapping[str, Mapping[str, TriggerThere]]
    specs: Mapping[str, Sequence[FunctionSpec]]
    values: Mapping[str, str] = field(repr=False)

    @property
    def remembered(self) -> str:
        """Say what this checkout remembers of its last deployment, which may not be the platform's last."""
        if not self.record:
            return "nothing was deployed from this checkout"
        same = self.record.get("library") == self.library
        return f"this checkout last deployed {'this' if same else 'another'} library"


@dataclass(frozen=True, slots=True)
class There:
    """What a namespace has: the library of each function, None where it carries none, and the whole of ours.

    `unread` says why one of ours could not be read whole.
    """

    namespace: str
    tree: Tree
    libraries: Mapping[str, Any]
    functions: Mapping[str, FunctionThere]
    unread: Mapping[str, str]

    @property
    def sizes(self) -> str:
        """Return the sizes that most functions have, for another checkout may have deployed last."""
        remembered = remembered_sizes(self.tree.record)

        def fitting(sizes: str) -> tuple[int, bool]:
            found = [dict(self.functions[s.full_name].limits).get("memory") == s.limits.memory_mb
                     for s in self.tree.specs[sizes] if s.full_name in self.functions]  # fmt: skip
            return sum(found), sizes == remembered

        return max(self.tree.specs, key=fitting, default="")

    def compared(self, again: str) -> Iterator[Diagnosis]:
        """Say what is missing or other than here, naming variables and never telling a value; else what was compared.

        `again` is the command that deploys with the same options once more.
        """
        found = [*self._missing(again), *self._other_library(again), *self._unlike(again), *self._not_read()]
        yield from found
        if not found:
            # Without a value here nothing can be said of the one there; that it is unset has its own line.
            unset = sorted({n for s in self.tree.specs.get(self.sizes, ()) for n in names(s, self.tree.values).missing})
            beside = f"; unset here and not compared: {', '.join(unset)}" if unset else ""
            yield Diagnosis(
                "ok", "deployment",
                f"{self.namespace} has all {len(self.tree.functions)} functions with {_COMPARED} as here "
                f"(sizes {self.sizes}){beside}",
            )  # fmt: skip

    def _missing(self, again: str) -> Iterator[Diagnosis]:
        gone = sorted(name for name in self.tree.functions if name not in self.libraries)
        # Event functions may have a namespace of their own.
        elsewhere = [name for name in gone if name.partition("/")[2] in EVENT_FUNCTIONS]
        if missing := [name for name in gone if name not in elsewhere]:
            told = f"not in {self.namespace}: {', '.join(missing)}"
            yield Diagnosis("failing", "deployment", told, f"run {again}")
        if elsewhere:
            advice = f"run {again}, unless they have a namespace of their own"
            yield Diagnosis("warning", "deployment", f"not in {self.namespace}: {', '.join(elsewhere)}", advice)

    def _other_library(self, again: str) -> Iterator[Diagnosis]:
        known = self.libraries
        if other := sorted(n for n in self.tree.functions if n in known and known[n] != self.tree.library):
            found = f"in {self.namespace} with another library than this tree's: {', '.join(other)}"
            yield Diagnosis("warning", "deployment", found, f"run {again[:-1]} --plan`")

    def _unlike(self, again: str) -> Iterator[Diagnosis]:
        """Tell each difference once, with the functions that have it; one in who may call is failing."""
        by_text: dict[tuple[Level, str], list[str]] = {}
        for spec in self.tree.specs.get(self.sizes, ()):
            for problem in self._problems(spec):
                level: Level = "failing" if problem.startswith("access ") else "warning"
                by_text.setdefault((level, problem), []).append(spec.full_name)
        for (level, problem), those in by_text.items():
            advice = f"run {again}, which sends what is declared and set here; or set here what is meant"
            yield Diagnosis(level, "deployment", f"{', '.join(those)}: {problem}", advice)

    def _problems(self, spec: FunctionSpec) -> list[str]:
        there = self.functions.get(spec.full_name)
        if there is None:
            return []
        # The functions read their variables without blanks at the ends.
        values = {name: value.strip() for name, value in self.tree.values.items()}
        has = {name: value.strip() for name, value in there.environment}
        for name in names(spec, values).missing:
            values[name] = str(there.secure) if name == spec.secret_variable else has.get(name, "")
        stands = replace(there, environment=tuple(has.items()))
        problems = function_problems(spec, stands, values, meant_by="is declared", unlike="other there than set here")
        found = [text.removeprefix(f"{spec.full_name}: ") for text in problems]
        if beside := sorted(name for name in has if name not in spec.environment):
            found.append(f"set there and not here: {', '.join(beside)}")
        return found

    def _not_read(self) -> Iterator[Diagnosis]:
        for name, why in self.unread.items():
            yield Diagnosis(
                "warning", "deployment", f"{name}: settings not compared: {why}", "run `./raceday doctor` again"
            )


def read(settings: Settings, tree: Tree, transport: httpx.BaseTransport | None = None) -> There:
    """Read a namespace's list of functions and each of ours; raises DeployError where the list is not to be had."""
    host, namespace = settings.platform_host, settings.platform_namespace
    if not (host and namespace and settings.platform_key):
        raise DeployError("RACEDAY_API_HOST, RACEDAY_NAMESPACE or RACEDAY_NAMESPACE_KEY is unset")
    user, _, secret = settings.platform_key.partition(":")
    base = f"{host}/api/v1/namespaces/{namespace}/actions"
    with httpx.Client(transport=transport, timeout=10.0, auth=(user, secret)) as http:
        libraries = _answered(lambda: _libraries(http, base), "list of functions")
        functions, unread = {}, {}
        for name in sorted(n for n in tree.functions if n in libraries):
            try:
                functions[name] = _answered(partial(_function, http, f"{base}/{name}", name), "function")
            except DeployError as error:
                unread[name] = str(error)
    return There(namespace, tree, libraries, functions, unread)


def _libraries(http: httpx.Client, url: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    while len(rows) % _PAGE == 0:
        found = _json(http, url, {"limit": str(_PAGE), "skip": str(len(rows))})
        rows += found
        if not found:
            break
    return {
        f"{str(row['namespace']).partition('/')[2]}/{row['name']}": annotations_of(row).get(LIBRARY) for row in rows
    }


def _function(http: httpx.Client, url: str, name: str) -> FunctionThere:
    row = _json(http, url, {"code": "false"})
    if not isinstance(row.get("parameters"), list) or not isinstance(row.get("limits"), dict):
        raise TypeError
    return function_there(name, row)


def _json(http: httpx.Client, url: str, params: dict[str, str]) -> Any:
    answer = http.get(url, params=params)
    if answer.status_code >= 400:
        raise DeployError(f"it answered {answer.status_code}")
    return answer.json()


def _answered(ask: Callable[[], T], what: str) -> T:
    try:
        return ask()
    except httpx.HTTPError as error:
        raise DeployError(f"no answer ({type(error).__name__})") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DeployError(f"it gave no {what}") from None
