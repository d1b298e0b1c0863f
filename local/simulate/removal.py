"""What the judge says of committed slots that are taken away again: how many of them it flags as lost."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from local.feedsim import FeedDay
from local.simulate.absent import Shown, judge_absent
from local.simulate.checker import races_found
from local.simulate.faults.base import Chooser
from local.simulate.faults.script import ActivationRun, Deed
from local.simulate.oracle.slots import Every
from local.simulate.replay import POLLER
from local.simulate.tables import Tables, when

# How a slot may have come to lack its row: it was written and is gone; nobody asked; nobody was started for it.
WAYS = ("gone", "not_asked", "not_started")
OPENING = "POST transactions"
AROUND = timedelta(seconds=2), timedelta(seconds=28)
Slot = tuple[str, datetime]


@dataclass(slots=True)
class Flagged:
    """Slots taken away, how many of them were flagged as lost, and the excuses that the others were given."""

    removed: int = 0
    lost: int = 0
    excuses: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        """Return the share that was flagged; one where nothing was taken away."""
        return self.lost / self.removed if self.removed else 1.0


def flagged(
    day: FeedDay, faults: Chooser, tables: Tables, end: datetime, way: str, *, one_in: int = 12, seed: int = 1
) -> Flagged:
    """Take one committed slot in so many away in one of the `WAYS`, and count what the judge says of them."""
    chance, shown, gone = random.Random(f"{seed}/{way}"), {}, set()
    for race_id, found in races_found(day, tables, faults.script, Every.of(faults.world.settings)).items():
        kept: list[Shown] = []
        for i, (row, answer) in enumerate(found.rows):
            if 0 < i < len(found.rows) - 1 and row["kind"] == "slot" and chance.random() < 1 / one_in:
                gone.add((race_id, when(row["slot"])))
            else:
                kept.append((row, answer))
        shown[race_id] = kept
    created = {row["$id"]: when(row["$createdAt"]) for row in tables.races}
    with _untraced(faults, gone if way != "gone" else set(), handed=way != "not_started"):
        absent = judge_absent(day, faults, shown, created, end)
    counted = Flagged()
    for race_id, at in sorted(gone):
        counted.lost += at in absent[race_id].lost
        if at in absent[race_id].excused:
            counted.excuses[absent[race_id].excused[at]] += 1
        counted.removed += at in absent[race_id].lost or at in absent[race_id].excused
    return counted


@contextmanager
def _untraced(faults: Chooser, slots: set[Slot], *, handed: bool) -> Iterator[None]:
    """Take from the script, for a while, what was tried for some slots, and the handing of them unless `handed`."""
    runs = [run for run in faults.script.runs if run.function == POLLER]
    kept = [run.deeds for run in runs]
    events = [handing.event for handing in faults.script.handings]
    for run in runs:
        run.deeds = _without(run, slots)
    if not handed:
        for handing in faults.script.handings:
            asked = handing.event.get("slots", ())
            left = [s for s in asked if (s["raceId"], when(s["slot"])) not in slots]
            handing.event = {**handing.event, "slots": left}
    try:
        yield
    finally:
        for run, deeds in zip(runs, kept, strict=True):
            run.deeds = deeds
        for handing, event in zip(faults.script.handings, events, strict=True):
            handing.event = event


def _without(run: ActivationRun, slots: set[Slot]) -> list[Deed]:
    mine = [(race, at) for s in run.event.get("slots", ()) if (race := s["raceId"], at := when(s["slot"])) in slots]
    if not mine:
        return run.deeds
    # Whoever asks for one race alone opens its transactions.
    alone = len({s["raceId"] for s in run.event["slots"]}) == 1
    return [
        d
        for d in run.deeds
        if not any((d.about == race or (alone and d.what == OPENING)) and _near(d.at, at) for race, at in mine)
    ]


def _near(tried: datetime, at: datetime) -> bool:
    # The next slot of a race is half a minute later at the soonest.
    return at - AROUND[0] <= tried < at + AROUND[1]


def summed(each: Sequence[Flagged]) -> Flagged:
    """Return the sums of several days."""
    total = Flagged()
    for one in each:
        total.removed += one.removed
        total.lost += one.lost
        total.excuses += one.excuses
    return total
