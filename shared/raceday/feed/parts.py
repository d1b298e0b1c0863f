"""Members of an event that are read one by one: what cannot be read is left out by name, the rest stays."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from raceday.feed import values
from raceday.feed.models import PieceIn, TrackerIn
from raceday.racing.snapshot import LeftOut, Status, Tracker

T = TypeVar("T")
Sums = dict[str, tuple[Decimal, Decimal]]


def odd(field: str, value: Any, expected: str, weight: float = 0.1) -> LeftOut:
    """Name one member that cannot be read; `weight` is how much of the answer's worth it takes along."""
    return LeftOut(field, str(value)[:100], expected, weight)


def read_each(field: str, raw: Any, read: Callable[[Any], T | None], left_out: list[LeftOut]) -> tuple[T, ...]:
    """Read each member of a list that can be read, and name the others."""
    if raw is not None and not isinstance(raw, list):
        left_out.append(odd(field, raw, "a list", 0.3))
    found = []
    for place, each in enumerate(raw if isinstance(raw, list) else ()):
        one = read(each)
        if one is None:
            left_out.append(odd(f"{field}[{place}]", each, "a readable member"))
        else:
            found.append(one)
    return tuple(found)


def unread_of(
    status: Status, members: Mapping[str, tuple[Any, Sequence[Any]]], left_out: list[LeftOut]
) -> frozenset[str]:
    """Return which members of a race's result say nothing, each given raw and as read; null ones are named here.

    Before the end there are none to read, and provisional placings may come before provisional dividends.
    """
    if status not in (Status.INTERIM, Status.FINAL):
        return frozenset()
    for field, (raw, _) in members.items():
        if raw is None and (status is Status.FINAL or field != "dividends"):
            left_out.append(odd(field, raw, "a list", 0.3))
    return frozenset(field for field, (raw, found) in members.items() if raw != [] and not found)


def pieces_of(raw: Any, left_out: list[LeftOut]) -> list[PieceIn] | None:
    """Return the tracker's pieces that can be read, None where the answer has no tracker."""
    if raw is None:
        return None
    entrants = raw.entrants if isinstance(raw, TrackerIn) else raw
    if entrants is None:
        return None
    if not isinstance(entrants, list):
        left_out.append(odd("money_tracker", entrants, "a list of entrants"))
        return None
    pieces = [piece for piece in entrants if isinstance(piece, PieceIn)]
    if len(pieces) != len(entrants):
        left_out.append(odd("money_tracker.entrants", f"{len(entrants) - len(pieces)} pieces", "readable pieces"))
    return pieces


def piece_sums(pieces: Sequence[PieceIn]) -> Sums:
    """Sum the tracker's pieces per entrant: each entrant has many, and no single one means anything."""
    hold: dict[str, Decimal] = defaultdict(Decimal)
    bet: dict[str, Decimal] = defaultdict(Decimal)
    for piece in pieces:
        key = values.ident(piece.entrant_id)
        hold[key] += values.number(piece.hold_percentage) or 0
        bet[key] += values.number(piece.bet_percentage) or 0
    return {key: (hold[key], bet[key]) for key in hold}


def tracker_of(pieces: Sequence[PieceIn] | None, sums: Sums | None, known: set[str]) -> Tracker | None:
    """Return what the pieces say together by their `sums`; `known` are the race's runners."""
    if not pieces or sums is None:
        return None
    unknown = [pair for key, pair in sums.items() if key not in known]
    return Tracker(
        hold_sum=sum((h for h, _ in sums.values()), Decimal(0)),
        bet_sum=sum((b for _, b in sums.values()), Decimal(0)),
        unknown_hold=sum((h for h, _ in unknown), Decimal(0)),
        unknown_bet=sum((b for _, b in unknown), Decimal(0)),
        pieces=len(pieces),
    )
