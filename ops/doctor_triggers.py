"""The doctor's lines of triggers: each that the deployed plan declares, against what the platform has."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ops.doctor import Diagnosis
from ops.packaging.project import ProjectFile, parse_project
from ops.packaging.render import NATIVE, SINGLE, render
from ops.packaging.standing import SCHEDULER, TriggerThere, as_there

Meant = Mapping[str, TriggerThere]


def declared(project: ProjectFile, *, legacy: bool = False) -> dict[str, Meant]:
    """Return the triggers that each kind of deployment would make of a project, by their names."""
    found: dict[str, Meant] = {}
    for kind in (SINGLE, NATIVE):
        specs = parse_project(render(project, triggers=kind, legacy=legacy)).functions
        found[kind] = {each.name: as_there(spec, each) for spec in specs for each in spec.triggers}
    return found


def check(
    kinds: Mapping[str, Meant], record: Mapping[str, Any], functions: Collection[str], there: Collection[TriggerThere]
) -> Iterator[Diagnosis]:
    """Compare each trigger of ours with what the deployment that was made last declares."""
    kind = _kind(kinds, record, there)
    meant, found = kinds[kind], {each.name: each for each in there}
    command = f"`./raceday deploy{' --triggers native' if kind == NATIVE else ''}`"
    wrong = [line for each in meant.values() for line in _compared(each, found.get(each.name), functions, command)]
    wrong += [
        Diagnosis(
            "failing", "trigger", f"{each.name} {each}, which project.yml does not declare",
            f"run {command}: it removes it; or `doctl serverless undeploy --triggers {each.name}`",
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
    meant: TriggerThere, there: TriggerThere | None, functions: Collection[str], command: str
) -> Iterator[Diagnosis]:
    """Say what of one declared trigger is not so, and the command that mends it."""
    if there is None:
        told = f"{meant.name} is missing; declared is that it {meant}"
        yield Diagnosis("failing", "trigger", told, f"run {command}: it makes it")
    elif there != meant:
        advice = f"run {command}: it mends it"
        if there.function not in functions:
            advice = f"run `doctl serverless undeploy --triggers {meant.name}`, then {command}: it is not ours"
        yield Diagnosis("failing", "trigger", f"{meant.name} {there}; declared is that it {meant}", advice)
