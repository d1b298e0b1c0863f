"""The money tracker of an event: shares of all money, cut into many small pieces per entrant."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from local.feedsim.book import RaceBook
from local.feedsim.model import MarketState
from local.feedsim.seeded import stream, uuid_of

_PIECE_SHARES = (0.6, 0.28, 0.12)


def tracker_pieces(book: RaceBook, state: MarketState) -> list[dict[str, Any]]:
    """The money tracker: many small pieces per entrant, most of them zero, in no order, some for unknown ids."""
    shape, order = _piece_shape(book.race.race_id, len(state.runners))
    pieces: list[dict[str, Any]] = []
    for runner, zeros in zip(state.runners, shape, strict=True):
        hold, bet = _split(runner.hold_points), _split(runner.bet_points)
        pieces += [
            {"entrant_id": runner.entrant_id, "hold_percentage": h, "bet_percentage": b}
            for h, b in zip(hold, bet, strict=True)
        ]
        pieces += [{"entrant_id": runner.entrant_id, "hold_percentage": 0, "bet_percentage": 0} for _ in range(zeros)]
    for k, (hold_points, bet_points) in enumerate(
        ((state.unknown_hold_points, 0), (0, state.unknown_bet_points), (0, 0))
    ):
        pieces.append(
            {
                "entrant_id": uuid_of(book.race.race_id, "unknown", k),
                "hold_percentage": hold_points,
                "bet_percentage": bet_points,
            }
        )
    return [pieces[i] for i in order]


@lru_cache(maxsize=4096)
def _piece_shape(race_id: str, runners: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How many empty pieces each runner has, and the order in which all pieces of the race come."""
    chance = stream(race_id, "tracker")
    zeros = tuple(chance.randint(1, 3) for _ in range(runners))
    order = list(range(sum(zeros) + runners * len(_PIECE_SHARES) + 3))
    chance.shuffle(order)
    return zeros, tuple(order)


def _split(points: int) -> list[int]:
    """Points of one runner in four pieces, the first the largest, that add up."""
    parts = [int(points * share) for share in _PIECE_SHARES]
    parts[0] += points - sum(parts)
    return parts
