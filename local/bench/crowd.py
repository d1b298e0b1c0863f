"""Some of the densest minutes of a day of so many races, as JSON.

    PYTHONPATH=shared:. .raceday/venv/bin/python -m local.bench.crowd RACES SIZES

No processor here simulates a day of a thousand races in reasonable time. So only the races are kept that are polled
around those minutes: from those just run to those that start over an hour later. What is left out are the polls of
races that are further away, one in half an hour each. The day begins ten minutes before, with the three imports.
Rows and calls are not told: projections that begin in the middle of a day first read, and write, what was before.
"""

import argparse
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from local.bench.kit import DATE
from local.feedsim import FeedDay, FeedSim, generate_day
from local.simulate.day import run_day
from local.simulate.loop import VirtualLoop
from local.simulate.platform import limits_of
from local.simulate.port_store import PortBackend
from local.simulate.report import POLLER, expectations
from local.simulate.report import polls as compared
from local.simulate.run import on_virtual_time
from local.simulate.shrink import keep_races
from local.simulate.tables import read_tables, when
from local.simulate.users import seed_users
from local.simulate.world import SimWorld
from raceday.catalogue.functions import IMPORTS, SIZES

MOST_RACES = 5000
WINDOW, LEAD = timedelta(minutes=5), timedelta(minutes=10)
BEFORE, AFTER = timedelta(minutes=12), timedelta(minutes=66)


def densest(day: FeedDay) -> datetime:
    """Return the beginning of the hour in which most races start."""
    starts = sorted(race.advertised for race in day.core_races)
    return max(starts, key=lambda at: sum(at <= other < at + timedelta(hours=1) for other in starts))


def main(races: int, sizes: str) -> dict[str, Any]:
    """Simulate up to the end of the window, and tell what its minutes were like."""
    day = generate_day(1, DATE, races)
    begin = densest(day)
    kept = [r.race_id for r in day.core_races if begin - BEFORE <= r.advertised <= begin + WINDOW + AFTER]
    keep_races(day, kept)
    told = on_virtual_time(begin - LEAD, lambda loop: _run(loop, day, begin, sizes))
    return {"races": races, "sizes": sizes, "kept": len(kept), "begin": begin.isoformat(), **told}


@dataclass(slots=True)
class Watched:
    """What the platform ran: each activation's function, when it began, and how many seconds it lasted."""

    runs: list[tuple[str, datetime, float]] = field(default_factory=list)

    def done(self, name: str, activation: str, at: datetime, ms: float, answer: dict[str, Any], cold: bool) -> None:
        """Be told of an activation that has ended."""
        self.runs.append((name, at, ms / 1000))

    def at_once(self, begin: datetime, end: datetime, name: str = "") -> int:
        """Return the most activations that ran at one instant, of one function or of all."""
        turns: list[tuple[datetime, int]] = []
        for function, at, secs in self.runs:
            if name in ("", function) and begin <= at < end:
                turns += [(at, 1), (at + timedelta(seconds=secs), -1)]
        return max(accumulate(step for _, step in sorted(turns)), default=0)

    def a_minute(self, begin: datetime, end: datetime) -> list[int]:
        """Return the activations that began in each minute."""
        counts = Counter(at.replace(second=0, microsecond=0) for _, at, _ in self.runs if begin <= at < end)
        return list(counts.values())


async def _run(loop: VirtualLoop, day: FeedDay, begin: datetime, sizes: str) -> dict[str, Any]:
    world = SimWorld(loop, FeedSim(day, compress=False), PortBackend(), limits_of(sizes), seed=1, sizes=sizes)
    end, watched, before = begin + WINDOW, Watched(), list[float]()
    world.platform.on_done = watched.done

    def minute_begins(minute: datetime) -> None:
        if minute >= begin and not before:
            before.append(_gib_secs(world))

    reader = world.backend.reader(world)
    await seed_users(reader)
    for name in IMPORTS:
        await world.platform.activate(name, {})
    await run_day(world, end, minute_begins)
    used = _gib_secs(world) - before[0]
    tables = await read_tables(reader)
    ledger = tables.ledger
    rows = [row for row in ledger if begin <= when(row["slot"]) < end]
    expected = expectations(day, world, tables, end)
    found = compared(expected, rows, world)
    slots = {(race, at) for race, each in expected.items() for at in each.sure if begin <= at < end}
    a_minute = watched.a_minute(begin, end)
    return {
        "polls": len(rows),
        "missing": len(slots - {(row["raceId"], when(row["slot"])) for row in rows}),
        **{key: found[key] for key in ("late_p99_critical_secs", "late_p99_elsewhere_secs", "late_max_secs")},
        "invocations_a_minute": {"most": max(a_minute), "mean": round(sum(a_minute) / len(a_minute), 1)},
        "at_once": watched.at_once(begin, end),
        "pollers_at_once": watched.at_once(begin, end, POLLER),
        "refused": world.platform.refused,
        "gib_secs_a_poll": round(used / max(1, len(rows)), 3),
    }


def _gib_secs(world: SimWorld) -> float:
    return sum(use.gib_secs for use in world.platform.uses.values())


def race_count(text: str) -> int:
    """Read how many races a day is to have; raises ArgumentTypeError."""
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not 1 <= int(text) <= MOST_RACES:
        raise argparse.ArgumentTypeError(f"expected 1 to {MOST_RACES} races, got {text[:20]!r}")
    return int(text)


def arguments() -> argparse.ArgumentParser:
    """Return the reader of the two arguments."""
    reader = argparse.ArgumentParser(prog="python -m local.bench.crowd", description=__doc__.splitlines()[0])
    reader.add_argument("races", type=race_count, metavar="RACES", help=f"races of the day, 1 to {MOST_RACES}")
    reader.add_argument("sizes", choices=SIZES, help="memory of the functions")
    return reader


if __name__ == "__main__":
    given = arguments().parse_args()
    print(json.dumps(main(given.races, given.sizes)))
