"""Which answer on a tape a ledger row was made of: the one that the feed made when the row says."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from local.tape.keeping import IMPORTS
from local.tape.reader import Tape
from local.tape.scanning import TapeEntry
from raceday.clock import instant
from raceday.errors import FeedError
from raceday.feed.client import read_event

# Instants of a ledger row are whole milliseconds, those of a tape microseconds.
_STEP = timedelta(milliseconds=1)


def answers_for(tape: Tape, row: Mapping[str, Any]) -> list[TapeEntry]:
    """Return the answers that came from a row's slot until it was fetched and that the feed made when the row says.

    Nothing bounds how long their reading took: at many times the pace it may be minutes of the suite's clock.
    """
    there = tape.race(row["raceId"])
    first = bisect_left(there, instant(row["slot"]), key=lambda e: e.received)
    last = bisect_right(there, instant(row["fetchedAt"]) + _STEP, key=lambda e: e.received)
    asked = (e for e in there[first:last] if e.status == 200 and e.function not in IMPORTS)
    return [e for e in asked if _made_then(tape, e, row)]


def _made_then(tape: Tape, entry: TapeEntry, row: Mapping[str, Any]) -> bool:
    """Tell whether the feed made an answer at a row's instant; one that names no time was made when it was read."""
    told, made = instant(row["generatedAt"]), tape.generated(entry)
    if made is None:
        return False
    if made == entry.received:
        return made - _STEP < told <= instant(row["fetchedAt"])
    return abs(made - told) < _STEP


def answer_of(tape: Tape, row: Mapping[str, Any]) -> TapeEntry | None:
    """Return the answer that a ledger row was made of, None where the tape has none.

    Of some that the feed made in one millisecond it is that of the row's own age, to a tenth; of equals the last to
    come, as a poll that asks again takes the later.
    """
    found = answers_for(tape, row)
    if len(found) > 1:
        # No row was made of what cannot be read.
        found = [entry for entry in found if _readable(tape, entry)] or found
    if len(found) < 2:
        return found[0] if found else None
    told = instant(row["fetchedAt"]) - timedelta(seconds=_age_secs(row))
    made = [(abs((tape.generated(entry) or told) - told), -i, entry) for i, entry in enumerate(found)]
    return min(made)[2]


def _age_secs(row: Mapping[str, Any]) -> float:
    """Return how old a row's answer was when it came: its check has it finer than its instants, which are whole ms."""
    checks = {check["name"]: check for check in json.loads(row.get("checks") or "[]")}
    found = checks.get("freshness", {}).get("value")
    whole = (instant(row["fetchedAt"]) - instant(row["generatedAt"])).total_seconds()
    return found if isinstance(found, int | float) and abs(found - whole) < 0.002 else whole


def _readable(tape: Tape, entry: TapeEntry) -> bool:
    try:
        read_event(tape.body(entry))
    except (ValueError, FeedError):
        return False
    return True
