"""A day whose feed is a tape: the whole suite on the virtual clock, judged by nobody, for no truth is known."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from local.simulate.day import day_start, run_day
from local.simulate.full_store import FullBackend
from local.simulate.loop import VirtualLoop
from local.simulate.platform import limits_of
from local.simulate.port_store import PortBackend
from local.simulate.report import stored
from local.simulate.run import on_virtual_time
from local.simulate.served import Record
from local.simulate.tables import read_tables
from local.simulate.users import seed_users
from local.simulate.world import SETTINGS, Backend, SimWorld
from local.tape.feed import TapeFeed
from local.tape.joining import NIGHT
from local.tape.keeping import Keeper
from local.tape.made_lists import MadeLists
from local.tape.reader import Tape
from local.tape.writer import TapeWriter
from raceday.ledger.codec import from_row
from raceday.racing.nzday import day_limits
from raceday.settings import Settings
from raceday.tables import NOTIFICATIONS

# Imports begin a little before the first minute that the tape tells of.
BEFORE = timedelta(minutes=2)
# A longer tape is asked for one of its days: most of such a span nobody recorded.
LONGEST = timedelta(days=3)


def simulate_tape(
    tape: Tape,
    store: Path | None,
    *,
    settings: Settings = SETTINGS,
    seed: int = 1,
    into: Backend | None = None,
    users: bool = True,
    day: date | None = None,
    keep: Path | None = None,
    on_minute: Callable[[datetime], None] | None = None,
) -> dict[str, Any]:
    """Let the day of a tape pass, from its first request to its last answer, and give what was stored.

    Without a path nothing is kept, without `users` nobody has bands; of a tape of many days one race `day` passes.
    `keep` is a new tape of what was asked for now.
    Raises FileExistsError where that is there, and ValueError for a tape without answers, or of many days where none is
    chosen.
    """
    began = time.perf_counter()
    feed = TapeFeed(tape, compress=store is not None)
    start, end = _span(tape, feed, day)

    async def work(loop: VirtualLoop) -> dict[str, Any]:
        backend = into or (FullBackend(store) if store is not None else PortBackend())
        world = SimWorld(loop, feed, backend, limits_of(), seed=seed, settings=settings)
        world.record = Unjudged()
        writer = TapeWriter.create(keep, source="from a tape") if keep else None
        world.platform.keeper = Keeper(writer) if writer else None
        try:
            reader = world.backend.reader(world)
            if users:
                await seed_users(reader)
            await run_day(world, end, on_minute)
            tables = await read_tables(reader)
            causes = Counter(gap.cause for row in tables.ledger for gap in from_row(row).gaps)
            counted = stored(tables) | {"polls": len(tables.ledger), "notifications": len(tables[NOTIFICATIONS])}
            return {"begin": start.isoformat(), "end": end.isoformat(), "stored": counted, "gaps": dict(causes)}
        finally:
            await world.backend.aclose()
            if writer is not None:
                writer.close()

    report = on_virtual_time(start, work)
    return report | {"wall_secs": round(time.perf_counter() - began, 2)}


class Unjudged(Record):
    """Keeps no answer: the tape has them, and nobody judges the day."""

    def keep(self, path: str, function: str, at: datetime, body: bytes, *, tracked: bool = True) -> None:
        """Let an answer go."""


def _span(tape: Tape, feed: TapeFeed, day: date | None) -> tuple[datetime, datetime]:
    start, end = feed.begin.replace(second=0, microsecond=0) - BEFORE, feed.end
    if day is not None:
        start, end = max(start, day_start(day)), min(end, day_limits(day)[1] + NIGHT)
    if end <= start or is_long(start, end):
        days = ", ".join(each.isoformat() for each in MadeLists(tape).days())
        raise ValueError(f"the tape has no one day to pass: choose with --date one of {days or 'none'}")
    return start, end


def is_long(start: datetime, end: datetime) -> bool:
    """Tell whether a span is that of a tape of many days."""
    return end - start > LONGEST
