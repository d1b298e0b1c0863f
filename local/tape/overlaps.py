"""Imports that met a race's first poll: which of the two the store took first, as the tape was told."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from local.tape.keeping import ENTRANTS_IMPORT
from local.tape.steps import ReplayStep


def arranged(steps: Sequence[ReplayStep], marks: Iterable[Mapping[str, Any]]) -> list[ReplayStep]:
    """Return steps in their order, with an import's answer about a race moved to its side of the race's first poll.

    An import that made entrants came before the poll's commit, and before its reading where the poll found them; one
    that made none came after. A poll that found none, though an import made them before its commit, is `unseen`.
    """
    read, stored = _heard(marks)
    firsts = {step.row["raceId"]: step for step in steps if step.row is not None and int(step.row["n"]) == 1}
    moved: dict[str, ReplayStep] = {}
    kept: list[ReplayStep] = []
    for step in steps:
        out = set()
        if step.mark is not None and step.mark["function"] == ENTRANTS_IMPORT:
            for race_id in {entry.race_id for entry in step.entries} & firsts.keys() & read.keys() & stored.keys():
                first = firsts[race_id]
                before = read[race_id] > 0 or stored[race_id] > 0
                if before != (step.order < first.order):
                    entries = tuple(entry for entry in step.entries if entry.race_id == race_id)
                    order = (*first.order[:2], 0 if before else 1.5)
                    moved[race_id] = step._replace(order=order, entries=entries, alone=True)
                    out.add(race_id)
        kept.append(step._replace(entries=tuple(e for e in step.entries if e.race_id not in out)) if out else step)
    blind = {race_id for race_id, found in read.items() if not found and stored.get(race_id)}
    kept = [_blind(step, blind) for step in kept if step.entries or step.race_id]
    return sorted([*kept, *moved.values()], key=lambda step: step.order)


def _heard(marks: Iterable[Mapping[str, Any]]) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many entrants each race's first poll found, and how many its import made."""
    read: dict[str, int] = {}
    stored: dict[str, int] = {}
    for mark in marks:
        if mark["what"] == "read" and (not mark["entrants"] or stored.get(mark["race"])):
            # The last reading is that of the poll that was committed: from then on the ledger is read. Entrants that no
            # import had made are of that poll itself, which asked again where its commit was not answered.
            read[mark["race"]] = mark["entrants"]
        elif mark["what"] == "stored":
            stored[mark["race"]] = stored.get(mark["race"], 0) + mark["entrants"]
    return read, stored


def _blind(step: ReplayStep, races: set[str]) -> ReplayStep:
    first = step.row is not None and int(step.row["n"]) == 1 and step.row["raceId"] in races
    return step._replace(unseen=True) if first else step
