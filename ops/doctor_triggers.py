"""The doctor's lines of triggers: each that the deployed plan declares, against what the platform has."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ops.doctor import Diagnosis
from ops.packaging.project import ProjectFile, parse_project
from ops.packaging.renamed import twins
from ops.packaging.render import NATIVE, SINGLE, render
from ops.packaging.standing import SCHEDULER, TriggerThere, as_there
from raceday.catalogue.functions import BY_NAME
from raceday.catalogue.platform import MAX_TRIGGERS

Meant = Mapping[str, TriggerThere]
_LEAN, _SEED = "lean", "seed"
_MEMORY = 1


def declared(project: ProjectFile, *, legacy: bool = False) -> dict[str, Meant]:
    """Return the triggers that each kind of deployment would make of a project, by their names."""
    found: dict[str, Meant] = {}
    for kind in (SINGLE, NATIVE):
        specs = parse_project(render(project, triggers=kind, legacy=legacy)).functions
        found[kind] = {each.name: as_there(spec, each) for spec in specs for each in spec.triggers}
    return found


def command(
    kinds: Mapping[str, Meant], record: Mapping[str, Any], there: Collection[TriggerThere], sizes: str = ""
) -> str:
    """Return the command that deploys again as the last deployment was made: without its options it would undo them."""
    words = ["./raceday deploy"]
    if (kind := _kind(kinds, record, there)) == NATIVE:
        words.append("--triggers native")
        # The plan refuses more than the platform documents unless the account has them.
        words += [f"--triggers-limit {len(kinds[kind])}"] if len(kinds[kind]) > MAX_TRIGGERS else []
    if (sizes or remembered_sizes(record)) == _LEAN:
        words.append(f"--sizes {_LEAN}")
    return f"`{' '.join(words)}`"


def remembered_sizes(record: Mapping[str, Any]) -> str:
    """Return the sizes of the last deployment that is remembered, empty where none is."""
    facts = {name: each for name, each in record.get("functions", {}).items() if name in BY_NAME and "limits" in each}
    lean = all(each["limits"][_MEMORY] == BY_NAME[name].memory(_LEAN) for name, each in facts.items())
    return "" if not facts else _LEAN if lean else _SEED


def check(
    kinds: Mapping[str, Meant],
    record: Mapping[str, Any],
    functions: Collection[str],
    there: Collection[TriggerThere],
    standing: Collection[str],
    sizes: str = "",
) -> Iterator[Diagnosis]:
    """Compare each trigger of ours with what the deployment that was made last declares.

    `functions` are those that are declared, `standing` those that the namespace has, whosever they are.
    """
    meant, found = kinds[_kind(kinds, record, there)], {each.name: each for each in there}
    again = command(kinds, record, there, sizes)
    wrong = [
        line for each in meant.values() for line in _compared(each, found.get(each.name), functions, standing, again)
    ]
    wrong += [
        Diagnosis(
            "failing", "trigger", f"{each.name} {each}, which project.yml does not declare",
            f"run {again}: it removes it; or `doctl serverless undeploy --triggers {each.name}`",
        )
        for each in there
        if each.name not in meant and each.enabled and each.function in functions
    ]  # fmt: skip
    yield from wrong
    if not wrong:
        mine = ", ".join(n for n, each in meant.items() if each.function.partition("/")[2] == SCHEDULER) or "nothing"
        beside = [name for name in meant if name not in mine.split(", ")]
        told = f"; as declared, too: {', '.join(beside)}" if beside else ""
        yield Diagnosis("ok", "trigger", f"{mine} alone starts {SCHEDULER}{told}")


def _kind(kinds: Mapping[str, Meant], record: Mapping[str, Any], there: Collection[TriggerThere]) -> str:
    """Return the kind of the last deployment as it is remembered here; where nothing is, as its triggers tell."""
    remembered = [row[0] for facts in record.get("functions", {}).values() for row in facts.get("triggers", [])]
    names = remembered or [each.name for each in there]
    native = {*kinds.get(NATIVE, {})} - {*kinds[SINGLE]}
    return NATIVE if native & {*names} else SINGLE


def _compared(
    meant: TriggerThere, there: TriggerThere | None, functions: Collection[str], standing: Collection[str], again: str
) -> Iterator[Diagnosis]:
    """Say what of one declared trigger is not so, and the command that mends it."""
    if there is None:
        told = f"{meant.name} is missing; declared is that it {meant}"
        yield Diagnosis("failing", "trigger", told, f"run {again}: it makes it")
    elif there != meant:
        yield Diagnosis(
            "failing", "trigger", f"{meant.name} {there}; declared is that it {meant}",
            _mends(meant.name, there.function, functions, standing, again),
        )  # fmt: skip


def _mends(name: str, function: str, functions: Collection[str], standing: Collection[str], again: str) -> str:
    if function in functions:
        return f"run {again}: it mends it"
    removed = f"run `doctl serverless undeploy --triggers {name}`, then {again}"
    if function not in standing:
        return f"{removed}: the function that it starts is gone"
    if twins([function], functions):
        package = function.partition("/")[0]
        moving = f"{again[:-1]} --renamed-from {package}`"
        return f"where {package} is the package's former name, run {moving}; else name the trigger otherwise"
    return f"{removed}: it is not ours"
