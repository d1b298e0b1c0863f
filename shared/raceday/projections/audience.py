"""Who wants alerts: users' bands and filters, read in pages and kept for a minute."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from appwrite.query import Query

from raceday.catalogue.alert_kinds import BAND_KIND, FILTER_KINDS
from raceday.container import Container, Kept
from raceday.racing.bands import Band
from raceday.racing.records import LedgerRow
from raceday.tables import ALERT_CONFIGS, ALERT_FILTERS

KEPT_FOR = timedelta(seconds=60)
CONFIG_COLUMNS = ("userId", "percentageRangeMin", "percentageRangeMax", "color", "enabled", "displayOrder",
                  "audibleAlertsEnabled", "indicatorType")  # fmt: skip


@dataclass(frozen=True, slots=True)
class User:
    """One user's enabled bands and filters; a kind of filter that is absent lets everything through."""

    user_id: str
    bands: tuple[Band, ...]
    audible: bool
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def color_of(self, value: float) -> str | None:
        """Return the colour of the enabled band that holds a value, None where none does."""
        return next((band.color for band in self.bands if band.holds(value)), None)

    def wants(self, state: LedgerRow) -> bool:
        """Tell whether the user's filters let a race through."""
        facts = {
            "country": state.race.country,
            "code": state.race.code,
            "meeting": state.meeting_id,
            "race": state.race_id,
        }
        return all(facts[kind] in values for kind, values in self.filters.items())


@dataclass(frozen=True, slots=True)
class Audience:
    """Every user with a band, as of `read_at`."""

    users: tuple[User, ...]
    read_at: datetime

    def of(self, state: LedgerRow) -> list[User]:
        """Return the users whose filters let a race through."""
        return [user for user in self.users if user.wants(state)]


_AUDIENCE: Kept[Audience | None] = Kept(lambda: None)


async def read_audience(container: Container) -> Audience:
    """Return the audience, at most a minute old."""
    kept = container.cache.of(_AUDIENCE)
    now = container.clock.now()
    if kept is not None and now - kept.read_at < KEPT_FOR:
        return kept
    configs = await container.store.find(
        ALERT_CONFIGS, [Query.equal("indicatorType", [BAND_KIND])], select=CONFIG_COLUMNS
    )
    filters = await container.store.find(ALERT_FILTERS, select=("userId", "kind", "value"))
    strange = [row for row in filters if row["kind"] not in FILTER_KINDS]
    if strange:
        told = sorted({str(row["kind"])[:20] for row in strange})
        container.log.warning("alerts.unknown_filters", filters=told, users=len({row["userId"] for row in strange}))
    audience = Audience(users_of(configs, filters), now)
    container.cache.keep(_AUDIENCE, audience)
    return audience


def users_of(configs: Sequence[Mapping[str, Any]], filters: Sequence[Mapping[str, Any]]) -> tuple[User, ...]:
    """Build users from their rows.

    Two first loads of a page can leave a user twelve rows for six bands: the first row of a band by id counts. A filter
    of a kind that the catalogue does not have is left out: nobody knows what it would let through.
    """
    by_user: dict[str, dict[int, Mapping[str, Any]]] = defaultdict(dict)
    for row in sorted(configs, key=lambda row: str(row["$id"])):
        by_user[row["userId"]].setdefault(int(row["displayOrder"]), row)
    wanted: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in (row for row in filters if row["kind"] in FILTER_KINDS):
        wanted[row["userId"]][row["kind"]].add(row["value"])
    return tuple(_user(user_id, by_user[user_id], wanted.get(user_id, {})) for user_id in sorted(by_user))


def _user(user_id: str, rows: Mapping[int, Mapping[str, Any]], filters: Mapping[str, set[str]]) -> User:
    ordered = [rows[order] for order in sorted(rows)]
    bands = tuple(
        Band(
            float(row["percentageRangeMin"]),
            None if row["percentageRangeMax"] is None else float(row["percentageRangeMax"]),
            row["color"],
        )
        for row in ordered
        if row["enabled"]
    )
    audible = any(row["audibleAlertsEnabled"] is not False for row in ordered)
    return User(user_id, bands, audible, {kind: frozenset(values) for kind, values in filters.items()})
