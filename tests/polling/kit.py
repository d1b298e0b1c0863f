"""The sample race polled on a store in memory."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal

from raceday.polling.outcome import Order, Outcome
from raceday.polling.poll import poll
from raceday.racing.snapshot import Snapshot
from raceday.tables import ODDS_HISTORY
from tests.poll_kit import Kit, make_kit, stored_race
from tests.sample_race import RACE_ID, START, open_race

T5 = START - timedelta(minutes=5)
HALF_MINUTE = timedelta(seconds=30)


def ready(race: Snapshot | None = None) -> Kit:
    """Make a kit whose race is stored and served."""
    kit = make_kit()
    kit.feed.races[RACE_ID] = race or open_race()
    stored_race(kit, open_race())
    return kit


def at(kit: Kit, slot: datetime, kind: str = "slot", start: datetime = START, race: Snapshot | None = None) -> Outcome:
    """Poll the sample race at its slot, with an answer made at that instant."""
    kit.clock.advance(max(0.0, (slot - kit.clock.now()).total_seconds()))
    served = race or kit.feed.races[RACE_ID]
    if isinstance(served, Snapshot):
        kit.feed.races[RACE_ID] = served._replace(generated_at=max(slot, served.generated_at))
    return asyncio.run(poll(kit.container, Order(RACE_ID, slot, kind, start, slot), kit.container.log))


def with_odds(race: Snapshot, number: int, **odds: Decimal | None) -> Snapshot:
    """Change odds of one runner."""
    runners = tuple(r._replace(odds=r.odds._replace(**odds)) if r.number == number else r for r in race.runners)
    return race._replace(runners=runners)


def odds_rows(kit: Kit, n: int) -> list[tuple[str, str, float]]:
    """Return (entrant, kind, odds) that poll `n` added to the odds history."""
    rows = kit.store.tables[ODDS_HISTORY].values()
    return sorted((row["entrantId"], row["type"], row["odds"]) for row in rows if row["n"] == n)
