"""What a replay takes of a store for want of an import on its tape: all of a joined one's, of others what is lost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from local.tape.keeping import ENTRANTS_IMPORT
from local.tape.reader import Tape
from local.tape.scanning import TapeEntry
from local.tape.script import row_data
from raceday.clock import instant
from raceday.polling.changes import ODDS_COLUMNS
from raceday.store.port import Row, Store
from raceday.tables import ENTRANTS, MEETINGS, ODDS_HISTORY, RACES

Rows = Mapping[str, Mapping[str, Row]]


async def give_races(store: Store, recorded: Rows, only: Iterable[str] | None = None) -> None:
    """Put races and their meetings there as imports had stored them, before any poll: all, or `only` these."""
    races = {key: row for key, row in recorded.get(RACES, {}).items() if only is None or key in set(only)}
    meetings = {_meeting(row) for row in races.values()}
    for row_id, row in recorded.get(MEETINGS, {}).items():
        if only is None or row_id in meetings:
            await store.upsert(MEETINGS, row_id, row_data(row))
    for row_id, row in races.items():
        await store.upsert(RACES, row_id, {**row_data(row), "status": "Open", "meeting": _meeting(row)})


async def give_entrants(store: Store, recorded: Rows, race_id: str = "") -> int:
    """Put entrants there, of one race or of all, with the first odds that imports wrote; returns how many of those."""
    first_odds: dict[str, dict[str, float]] = defaultdict(dict)
    # What an import wrote down of its first odds was on no answer that such a tape has.
    first = [row for row in recorded.get(ODDS_HISTORY, {}).values() if row.get("n") == 0]
    first = [row for row in first if race_id in ("", row["raceId"])]
    for row in first:
        await store.upsert(ODDS_HISTORY, row["$id"], row_data(row))
        first_odds[row["entrantId"]][ODDS_COLUMNS[row["type"]]] = row["odds"]
    for row_id, row in recorded.get(ENTRANTS, {}).items():
        if race_id in ("", row["raceId"]):
            odds = {column: first_odds[row_id].get(column) for column in ODDS_COLUMNS.values()}
            await store.upsert(ENTRANTS, row_id, {**row_data(row), **odds})
    return len(first)


def _meeting(row: Row) -> str | None:
    link = row.get("meeting")
    return link.get("$id") if isinstance(link, Mapping) else link


class TapedImports:
    """What the imports that a tape can start again were answered: whether one of them tells of a race."""

    def __init__(self, tape: Tape, entries: Sequence[TapeEntry]) -> None:
        self._tape = tape
        self._entries = [entry for entry in entries if entry.status == 200 and tape.is_whole(entry)]

    def lack_race(self, recorded: Rows, poll: Row) -> bool:
        """Tell whether a race was stored before a poll, and no list on the tape that came by then names it."""
        row = recorded.get(RACES, {}).get(poll["raceId"])
        if row is None or (row.get("$createdAt") and instant(row["$createdAt"]) > instant(poll["fetchedAt"])):
            return False
        name = str(poll["raceId"]).encode()
        lists = (entry for entry in self._by(poll) if not entry.race_id)
        return not any(name in self._tape.body(entry) for entry in lists)

    def lack_entrants(self, poll: Row) -> bool:
        """Tell whether no import had an answer with a poll's runners by then."""
        theirs = (entry for entry in self._by(poll) if entry.function == ENTRANTS_IMPORT)
        return not any(entry.race_id == poll["raceId"] for entry in theirs)

    def _by(self, poll: Row) -> list[TapeEntry]:
        at = instant(poll["fetchedAt"])
        return [entry for entry in self._entries if entry.received <= at]
