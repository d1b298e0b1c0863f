"""Closing prices: what each runner's price was at the moments that count, each with its time, or why there is none.

Prices are those of the committed polls alone. A moment is judged by the start as it was advertised last; the jump is
the feed's actual start, and where it never told one, the end of betting. Nothing is 0 for unknown.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from raceday.racing.records import ODDS_TYPES, LedgerRow, RunnerLine
from raceday.racing.snapshot import Status

# Minutes before the advertised start, by the moment's name.
BEFORE_START = {"t60": 60, "t5": 5, "t1": 1}
MOMENTS = ("opening", *BEFORE_START, "last")


class Price(NamedTuple):
    """One price: the feed's own time of it, the poll it was seen in, and how many seconds before the moment that was.

    Without a price `reason` says why; `stale_secs` is None where the moment itself is not known.
    """

    price: Decimal | None = None
    at: datetime | None = None
    source: str = ""
    stale_secs: int | None = None
    reason: str = ""


Prices = Mapping[str, Mapping[str, Price]]


def is_closed(history: Sequence[LedgerRow]) -> bool:
    """Tell whether a race's history has come to its end: finished, called off, or given up."""
    return bool(history) and (history[-1].status.over or history[-1].kind == "closing")


def jump_of(history: Sequence[LedgerRow]) -> datetime | None:
    """Return when the race began by the feed's newest word, None where it never told."""
    return next((row.race.actual_start for row in reversed(history) if row.race.actual_start), None)


def runners_of(history: Sequence[LedgerRow]) -> dict[str, RunnerLine]:
    """Return every runner that the race ever had, each as it was seen last."""
    return {line.entrant_id: line for row in history for line in row.runners}


def prices_of(history: Sequence[LedgerRow], entrant_id: str) -> dict[str, dict[str, Price]]:
    """Return one runner's prices by kind of odds and moment."""
    jump = jump_of(history)
    # A held row repeats the prices before it, at a time that is not theirs.
    own = [row for row in history if row.kind not in ("closing", "backfill") and not row.held]
    polls = [row for row in own if _before(row, jump)]
    late = next((row for row in reversed(history) if row.kind == "backfill"), None)
    start = history[-1].start
    return {
        kind: {
            "opening": _opening(polls, entrant_id, kind),
            **{name: _at(polls, entrant_id, kind, start - timedelta(minutes=m)) for name, m in BEFORE_START.items()},
            "last": _last(polls, late, entrant_id, kind, jump, abandoned=history[-1].status is Status.ABANDONED),
        }
        for kind in ODDS_TYPES
    }


def _before(row: LedgerRow, jump: datetime | None) -> bool:
    return row.slot <= jump if jump is not None else row.status is Status.OPEN


def _opening(polls: Sequence[LedgerRow], entrant_id: str, kind: str) -> Price:
    for row in polls:
        line = row.runner(entrant_id)
        if line is not None and (odds := line.odds(kind)) is not None:
            return Price(odds, row.generated_at, _poll(row))
    return Price(reason="no poll showed one")


def _at(polls: Sequence[LedgerRow], entrant_id: str, kind: str, moment: datetime) -> Price:
    """Return the price that the newest poll up to a moment showed."""
    row = next((row for row in reversed(polls) if row.slot <= moment), None)
    return Price(reason="no poll before it") if row is None else _shown(row, entrant_id, kind, moment)


def _last(
    polls: Sequence[LedgerRow],
    late: LedgerRow | None,
    entrant_id: str,
    kind: str,
    jump: datetime | None,
    *,
    abandoned: bool,
) -> Price:
    """Return the last price shown before the jump: a market that is suspended at the end has one from before.

    Of a race that nobody polled it is what a `late` answer still shows, whose own time says nothing.
    """
    if abandoned and jump is None:
        return Price(reason="abandoned, no jump")
    if not polls:
        return Price(reason="no poll before it") if late is None else _left(late, entrant_id, kind)
    found = Price()
    for row in reversed(polls):
        found = _shown(row, entrant_id, kind, jump)
        if found.price is not None or found.reason != _NOT_SHOWN:
            break
    return found


_NOT_SHOWN = "no price shown"


def _left(row: LedgerRow, entrant_id: str, kind: str) -> Price:
    shown = _shown(row, entrant_id, kind, None)
    return shown._replace(source=f"backfill {row.n}") if shown.price is not None else shown


def _shown(row: LedgerRow, entrant_id: str, kind: str, moment: datetime | None) -> Price:
    line = row.runner(entrant_id)
    if line is None:
        return Price(reason="not in the field")
    if line.scratched:
        return Price(reason="scratched")
    odds = line.odds(kind)
    if odds is None:
        return Price(reason=_NOT_SHOWN)
    stale = None if moment is None else max(0, round((moment - row.generated_at).total_seconds()))
    return Price(odds, row.generated_at, _poll(row), stale)


def _poll(row: LedgerRow) -> str:
    return f"poll {row.n}"
