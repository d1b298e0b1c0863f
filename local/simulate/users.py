"""Who wants alerts on a simulated day: the default user, and others whose bands and filters are not the default."""

from dataclasses import dataclass
from typing import Any

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


async def seed_users(store: Store) -> None:
    """Store every user's bands and filters; one has a band twice, as two first loads of a page leave it."""
    for user in USERS:
        for order, (low, high, color) in enumerate(user.bands, 1):
            row: dict[str, Any] = band_row(order, low, high, color, user.name)
            row |= {"enabled": order not in user.off, "audibleAlertsEnabled": user.audible}
            await store.upsert(ALERT_CONFIGS, row_key("band", user.name, order), row)
            if user.filters:
                twice = {**row, "isDefault": False}
                await store.upsert(ALERT_CONFIGS, row_key("band twice", user.name, order), twice)
        for kind, value in user.filters:
            row = {"userId": user.name, "kind": kind, "value": value}
            await store.upsert(ALERT_FILTERS, row_key("filter", user.name, kind, value), row)
