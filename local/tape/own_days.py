"""Which rows of a store are of a tape's own race days: those of other days are nobody's to find on it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from local.tape.keeping import IMPORTS
from local.tape.pairing import answers_for
from local.tape.reader import Tape
from raceday.clock import instant
from raceday.racing.nzday import race_day
from raceday.store.port import Row
from raceday.tables import MEETINGS, RACE_POLLS, RACES

Rows = Mapping[str, Mapping[str, Row]]


class OwnDays:
    """A store's races by whether they are a tape's own: of its days, or polled with answers that it has."""

    def __init__(self, tape: Tape, recorded: Rows) -> None:
        polls: dict[str, list[Row]] = defaultdict(list)
        for row in recorded.get(RACE_POLLS, {}).values():
            polls[row["raceId"]].append(row)
        days = {race_id: _day(recorded, race_id, polls[race_id]) for race_id in {*recorded.get(RACES, {}), *polls}}
        told = {str(header["day"]) for header in tape.headers if header.get("day")}
        polled = {race_id for race_id in days if days[race_id] not in told and _is_polled(tape, race_id, polls)}
        if len(told) == 0 or not all(header.get("day") for header in tape.headers):
            # Its own days are those of the races that it has polls of; of these it may have lost others.
            told |= {days[race_id] for race_id in polled}
        self.own = {race_id for race_id, day in days.items() if day in told or race_id in polled}
        self.others = days.keys() - self.own
        self._other_meetings = _meetings(recorded, self.others) - _meetings(recorded, self.own)

    def of(self, rows: Rows) -> dict[str, dict[str, Row]]:
        """Return tables without the rows of other days' races and meetings."""
        if not self.others:
            return {table: dict(each) for table, each in rows.items()}
        return {
            table: {key: row for key, row in each.items() if not self._is_others(table, key, row)}
            for table, each in rows.items()
        }

    def _is_others(self, table: str, key: str, row: Mapping[str, Any]) -> bool:
        if table == MEETINGS:
            return key in self._other_meetings
        return (key if table == RACES else row.get("raceId")) in self.others


def _day(recorded: Rows, race_id: str, polls: Iterable[Row]) -> str:
    """Return a race's NZ race day, that of its start where only its polls are there."""
    day = recorded.get(RACES, {}).get(race_id, {}).get("raceDateNz")
    return str(day or next((race_day(instant(row["startTime"])).isoformat() for row in polls), ""))


def _is_polled(tape: Tape, race_id: str, polls: Mapping[str, Iterable[Row]]) -> bool:
    """Tell whether a tape has the answer of one of a race's polls; imports and late looks are of other days too."""
    if all(entry.function in IMPORTS for entry in tape.race(race_id)):
        return False
    return any(answers_for(tape, row) for row in polls.get(race_id, ()) if row["kind"] != "closing")


def _meetings(recorded: Rows, races: Iterable[str]) -> set[str]:
    there = recorded.get(RACES, {})
    links = [there[race_id].get("meeting") for race_id in races if race_id in there]
    return {str(link["$id"] if isinstance(link, Mapping) else link) for link in links if link}
