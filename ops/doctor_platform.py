"""The doctor's lines of settings and platform: where settings come from, the namespace's key, doctl."""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx

from ops import doctor_triggers
from ops.doctor import Diagnosis, Level
from ops.environment import Environment, doubts, load, until
from ops.packaging.deploy import key_problem
from ops.packaging.doctl import TESTED_VERSION, Doctl, key_advice
from ops.packaging.environment import value_problems
from ops.packaging.errors import DeployError
from ops.packaging.standing import LIBRARY, TriggerThere, annotations_of, read_triggers
from raceday.catalogue.functions import EVENT_FUNCTIONS
from raceday.errors import SettingsError
from raceday.scheduling.health import KEY_WARNING_DAYS
from raceday.settings import FEED, PLATFORM, STORE, WEBHOOKS, Settings, read_settings

_PAGE = 200
INSTALL = f"install {TESTED_VERSION}; see docs/deploying.md"
ALL = frozenset({FEED, STORE, PLATFORM, WEBHOOKS})


def environment(given: Environment | None = None, needs: frozenset[str] = ALL) -> Iterator[Diagnosis]:
    """Check that every setting is there and can be read; tell where they come from and what nothing reads."""
    known = given or load(os.environ)
    for text in (*known.notes, *doubts(known.values)):
        yield Diagnosis("warning", "environment", text, "correct it, or unset it")
    found = value_problems(known.values)
    try:
        read_settings(known.values, needs)
    except SettingsError as error:
        found += error.problems
    for problem in found:
        yield Diagnosis("failing", "environment", problem, "set it; docs/settings.md says what it means")
    if not found:
        yield Diagnosis("ok", "environment", "every setting is there")
    yield Diagnosis("ok", "settings", str(known))


def platform(settings: Settings, today: date, transport: httpx.BaseTransport | None = None) -> Iterator[Diagnosis]:
    """Check that the namespace takes the key that starts functions, and tell when it expires."""
    if not (settings.platform_host and settings.platform_namespace and settings.platform_key):
        return
    named = (settings.platform_host, settings.platform_namespace, settings.platform_key)
    if problem := key_problem(*named, transport):
        what, _, advice = problem.partition("; ")
        where = "check RACEDAY_API_HOST (it ends in .io) and RACEDAY_NAMESPACE"
        yield Diagnosis("failing", "platform", what, advice or where)
    else:
        yield Diagnosis("ok", "platform", f"{settings.platform_namespace} takes the access key")
    if not settings.platform_key_expires:
        yield Diagnosis("ok", "key expiry", "none told (RACEDAY_NAMESPACE_KEY_EXPIRES is unset)")
        return
    last = date.fromisoformat(settings.platform_key_expires)
    days = (last - today).days
    level: Level = "failing" if days < 0 else "warning" if days <= KEY_WARNING_DAYS else "ok"
    advice = f"{key_advice(settings.platform_namespace)}; set it with its date, and deploy" if level != "ok" else ""
    yield Diagnosis(level, "key expiry", f"{last.isoformat()}: the namespace key {until(last, today)}", advice)


def doctl(client: Doctl) -> Iterator[Diagnosis]:
    """Check doctl's version where it is installed."""
    try:
        yield Diagnosis("ok", "doctl", client.version() or "a version of its own making")
    except DeployError as error:
        level: Level = "warning" if "not installed" in str(error) else "failing"
        yield Diagnosis(level, "doctl", str(error).partition(". ")[0], INSTALL)


@dataclass(frozen=True, slots=True)
class Tree:
    """What this checkout would deploy: functions by full name, the library's hash, and what it last deployed.

    `triggers` are those of each kind of deployment.
    """

    functions: Collection[str]
    library: str
    record: Mapping[str, Any]
    triggers: Mapping[str, Mapping[str, TriggerThere]]

    @property
    def remembered(self) -> str:
        """Say what this checkout remembers of its last deployment, which may not be the platform's last."""
        if not self.record:
            return "nothing was deployed from this checkout"
        same = self.record.get("library") == self.library
        return f"this checkout last deployed {'this' if same else 'another'} library"


def deployment(
    settings: Settings, tree: Tree, client: Doctl, transport: httpx.BaseTransport | None = None
) -> Iterator[Diagnosis]:
    """Compare what the platform has with this tree; where it cannot be asked, say that it was not."""
    try:
        there = _there(settings, transport)
    except DeployError as error:
        yield Diagnosis(
            "warning", "deployment", f"the platform was not asked: {error}; {tree.remembered}",
            "see the lines of environment and platform"
        )  # fmt: skip
        return
    asked = _asked(settings.platform_namespace, client)
    rows = [] if isinstance(asked, Diagnosis) else asked
    again = doctor_triggers.command(tree.triggers, tree.record, rows)
    found = list(_differences(settings.platform_namespace, tree, there, again))
    yield from found or [
        Diagnosis("ok", "deployment", f"{settings.platform_namespace} has all {len(tree.functions)} functions "
                  "with this tree's library")
    ]  # fmt: skip
    if isinstance(asked, Diagnosis):
        yield asked
    else:
        yield from doctor_triggers.check(tree.triggers, tree.record, tree.functions, rows)


def _there(settings: Settings, transport: httpx.BaseTransport | None) -> dict[str, Any]:
    """Return the library's hash of each function in the namespace, None of what carries none; raises DeployError."""
    host, namespace = settings.platform_host, settings.platform_namespace
    if not (host and namespace and settings.platform_key):
        raise DeployError("RACEDAY_API_HOST, RACEDAY_NAMESPACE or RACEDAY_NAMESPACE_KEY is unset")
    user, _, secret = settings.platform_key.partition(":")
    rows: list[dict[str, Any]] = []
    try:
        with httpx.Client(transport=transport, timeout=10.0, auth=(user, secret)) as http:
            while len(rows) % _PAGE == 0:
                params = {"limit": str(_PAGE), "skip": str(len(rows))}
                answer = http.get(f"{host}/api/v1/namespaces/{namespace}/actions", params=params)
                if answer.status_code >= 400:
                    raise DeployError(f"it answered {answer.status_code}")
                found = answer.json()
                rows += found
                if not found:
                    break
        return {
            f"{str(row['namespace']).partition('/')[2]}/{row['name']}": annotations_of(row).get(LIBRARY) for row in rows
        }
    except httpx.HTTPError as error:
        raise DeployError(f"no answer ({type(error).__name__})") from None
    except (ValueError, TypeError, KeyError):
        raise DeployError("it gave no list of functions") from None


def _differences(namespace: str, tree: Tree, there: Mapping[str, Any], again: str) -> Iterator[Diagnosis]:
    gone = sorted(name for name in tree.functions if name not in there)
    # Event functions may have a namespace of their own.
    elsewhere = [name for name in gone if name.partition("/")[2] in EVENT_FUNCTIONS]
    if missing := [name for name in gone if name not in elsewhere]:
        yield Diagnosis("failing", "deployment", f"not in {namespace}: {', '.join(missing)}", f"run {again}")
    if elsewhere:
        advice = f"run {again}, unless they have a namespace of their own"
        yield Diagnosis("warning", "deployment", f"not in {namespace}: {', '.join(elsewhere)}", advice)
    if other := sorted(name for name in tree.functions if name in there and there[name] != tree.library):
        found = f"in {namespace} with another library than this tree's: {', '.join(other)}"
        yield Diagnosis("warning", "deployment", found, f"run {again[:-1]} --plan`")


def _asked(namespace: str, client: Doctl) -> list[TriggerThere] | Diagnosis:
    """Return the triggers as doctl tells of them, or why it did not: the namespace's key alone may not ask for them."""
    try:
        connected, _ = client.connected()
        if connected == namespace:
            return read_triggers(client)
    except DeployError as error:
        found, advice = parted("; ".join(error.problems), namespace)
        return Diagnosis("warning", "trigger", f"not asked: {found}", advice)
    advice = f"connect doctl to {namespace} to see what starts the scheduler; docs/deploying.md says how"
    return Diagnosis("warning", "trigger", f"not asked: doctl is connected to {connected}", advice)


def parted(problem: str, namespace: str) -> tuple[str, str]:
    """Part what doctl failed for from what mends it, for this namespace where that is a key for it."""
    if "not installed. " in problem:
        return problem.partition(". ")[0], INSTALL
    found, told, _ = problem.partition(f": {key_advice()}")
    if told:
        return found, key_advice(namespace)
    return problem, "" if "run `" in problem else "see `doctl serverless triggers list`"
