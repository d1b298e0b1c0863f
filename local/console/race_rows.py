"""One race's rows for its page: as they stand, or as they stood at an instant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from local.console.source import Source
from local.console.words import at
from local.nz_times import on_the_clock
from local.tape.shown import race_rows, stood
from raceday.racing.nzday import nz_zone
from raceday.store.port import Row


@dataclass(frozen=True, slots=True)
class RaceRows:
    """The rows that a race's page is made of; `polls` is its ledger in order, `asof` the instant that they are of."""

    race: Row
    meeting: Row | None
    entrants: Sequence[Row]
    flow: Sequence[Row]
    polls: Sequence[Row]
    pools: Row | None
    results: Row | None
    bands: Sequence[Row]
    alerts: Sequence[Row]
    asof: datetime | None = None

    @property
    def ends(self) -> tuple[datetime, datetime] | None:
        """Return when its first and its newest poll had their answers, None before the first."""
        found = [instant for row in (self.polls[:1], self.polls[-1:]) for r in row if (instant := at(r["fetchedAt"]))]
        return (found[0], found[1]) if len(found) == 2 else None


async def rows_now(source: Source, race_id: str) -> RaceRows | None:
    """Read a race as it stands; None where the store has no such race."""
    race = await source.race(race_id)
    if race is None:
        return None
    meeting_id = race.get("meetingId")
    return RaceRows(
        race=race,
        meeting=await source.meeting(meeting_id) if meeting_id else None,
        entrants=await source.entrants(race_id),
        flow=await source.flow(race_id),
        polls=await source.polls(race_id),
        pools=await source.pools(race_id),
        results=await source.results(race_id),
        bands=await source.bands(),
        alerts=await source.alerts(race_id),
    )


async def rows_at(source: Source, found: RaceRows, instant: datetime) -> RaceRows:
    """Return a race's rows as its ledger tells that they stood; what no poll tells of stays as it is."""
    race_id = found.race["$id"]
    view = stood(await race_rows(source.store, race_id), race_id, instant)
    polls = [row for row in found.polls if (came := at(row["fetchedAt"])) and came <= instant]
    entrants = {row["$id"]: row for row in view["entrants"]}
    unfinished = {"status": "Open", "finalizedAt": None, "abandonedAt": None}
    seen = at((found.results or {}).get("resultTime"))
    return replace(
        found,
        race={**found.race, **unfinished, **_known(view["race"])},
        entrants=[{**row, **_known(entrants.get(row["$id"], {}))} for row in found.entrants],
        flow=view["moneyFlow"],
        polls=polls,
        pools={**view["pools"], "$updatedAt": polls[-1]["fetchedAt"]} if view["pools"] and polls else None,
        results=found.results if seen is not None and seen <= instant else None,
        alerts=view["notifications"],
        asof=instant,
    )


def _known(row: Mapping[str, object]) -> Row:
    return {key: value for key, value in row.items() if not key.startswith("$")}


def asked_instant(text: str, race: Row) -> datetime | None:
    """Read an instant: milliseconds since 1970, ISO 8601 with its offset, or HH:MM[:SS] of the NZ race day.

    None for what is none of these.
    """
    try:
        if text.isascii() and text.isdigit():
            return datetime.fromtimestamp(int(text) / 1000, nz_zone())
        if "T" in text:
            found = datetime.fromisoformat(text.replace(" ", "+"))
            return found if found.tzinfo else None
        day = date.fromisoformat(str(race["raceDateNz"]))
        return on_the_clock(day, time.fromisoformat(text))
    except (ValueError, OverflowError, OSError):
        return None
