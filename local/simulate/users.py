"""Who wants alerts on a simulated day: the default user, others whose bands are not, and one who changes his mind."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.feedsim import FeedDay
from local.simulate.served import UserWrite
from local.simulate.world import SimWorld
from ops.schema import BANDS, DEFAULT_USER, band_row
from raceday.ids import row_key
from raceday.store.port import Store
from raceday.tables import ALERT_CONFIGS, ALERT_FILTERS

Band = tuple[float, float | None, str]


@dataclass(frozen=True, slots=True)
class SimulatedUser:
    """One user: bands in order, those that are switched off, whether reminded, and filters as (kind, value)."""

    name: str
    bands: tuple[Band, ...] = BANDS
    off: frozenset[int] = frozenset()
    audible: bool = True
    filters: tuple[tuple[str, str], ...] = ()


USERS = (
    SimulatedUser(DEFAULT_USER),
    SimulatedUser("gaps-between-bands", off=frozenset({2, 4, 6}), audible=False),
    SimulatedUser("new-zealand-gallops", ((12, 40, "#101010"),), filters=(("country", "NZ"), ("code", "T"))),
    SimulatedUser("harness-anywhere", filters=(("code", "H"), ("country", "NZ"), ("country", "AUS"))),
    SimulatedUser("all-switched-off", off=frozenset(range(1, 7))),
)


# What one of them wants from half an hour before the first race on: other bands, one moved and recoloured, and gallops
# alone. Still no reminder: nobody else goes without.
CHANGED = SimulatedUser(
    "gaps-between-bands",
    (*BANDS[:1], (11, 22, "#202020"), *BANDS[2:]),
    off=frozenset({1}),
    audible=False,
    filters=(("code", "T"),),
)
# After a label's minute and before the next one's.
CHANGED_BEFORE = timedelta(minutes=32)
_Row = tuple[str, str, dict[str, Any]]


async def seed_users(store: Store) -> None:
    """Store every user's bands and filters; some have a band twice, as two first loads of a page leave it.

    The second row of a band says something else: only one of them counts.
    """
    for user in USERS:
        for table, row_id, row in _rows(user):
            await store.upsert(table, row_id, row)
            if user.filters and table == ALERT_CONFIGS:
                order = row["displayOrder"]
                twice = {"isDefault": False, "color": "#EFEFEF", "percentageRangeMin": row["percentageRangeMin"] + 1}
                await store.upsert(table, row_key("band twice", user.name, order), {**row, **twice})


async def change_mind(world: SimWorld, store: Store, day: FeedDay) -> None:
    """Let a user change bands and filters shortly before the day's first race, and keep what was written and when."""
    at = min(race.advertised for race in day.core_races) - CHANGED_BEFORE
    await asyncio.sleep(max(0.0, (at - world.loop.now()).total_seconds()))
    for table, row_id, row in _rows(CHANGED):
        begun: datetime = world.loop.now()
        await store.upsert(table, row_id, row)
        world.record.user_writes.append(UserWrite(table, row_id, row, begun, world.loop.now()))


def _rows(user: SimulatedUser) -> Iterator[_Row]:
    for order, (low, high, color) in enumerate(user.bands, 1):
        row: dict[str, Any] = band_row(order, low, high, color, user.name)
        row |= {"enabled": order not in user.off, "audibleAlertsEnabled": user.audible}
        yield ALERT_CONFIGS, row_key("band", user.name, order), row
    for kind, value in user.filters:
        row = {"userId": user.name, "kind": kind, "value": value}
        yield ALERT_FILTERS, row_key("filter", user.name, kind, value), row
