"""Looks at a finished race's results that found them amended: which answer each saw, and what it kept."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from local.tape.keeping import IMPORTS
from local.tape.reader import Tape
from local.tape.scanning import TapeEntry
from raceday.clock import instant
from raceday.store.port import Row
from raceday.tables import RACE_RESULT_VERSIONS

WATCH = "watch"
# Instants of a version are whole milliseconds, those of a tape microseconds.
_STEP = timedelta(milliseconds=1)
# A look ends with its answer; reading that takes so long at the most, at many times the pace of a day.
LONGEST_READING = timedelta(minutes=10)
# Columns that a version of results shares with the row that is its race's newest.
_SAME = ("resultStatus", "protestLodged", "protestReason", "resultsData", "dividendsData")


def looks_of(recorded: Mapping[str, Mapping[str, Row]], race_id: str = "") -> list[Row]:
    """Return the versions of results that looks kept, those of one race or of all, in order of time."""
    rows = recorded.get(RACE_RESULT_VERSIONS, {}).values()
    found = [row for row in rows if row["seenBy"] == WATCH and race_id in ("", row["raceId"])]
    return sorted(found, key=lambda row: (instant(row["seenAt"]), row["raceId"], row["version"]))


def answer_of_look(tape: Tape, version: Mapping[str, Any]) -> TapeEntry | None:
    """Return the answer that a look kept a version of: the newest that had come by then."""
    seen = instant(version["seenAt"])
    since = seen - LONGEST_READING
    asked = [e for e in tape.race(version["raceId"]) if e.status == 200 and e.function not in IMPORTS]
    return next((e for e in reversed(asked) if since <= e.received < seen + _STEP), None)


def as_kept(version: Row) -> tuple[Row, Row]:
    """Return a version's own columns, and those of its race's newest results that it tells."""
    own = {column: value for column, value in version.items() if not column.startswith("$")}
    told = {column: version[column] for column in _SAME if column in version}
    return own, {**told, "resultTime": version["seenAt"], "versions": version["version"]}
