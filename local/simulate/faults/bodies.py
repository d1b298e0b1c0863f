"""Event bodies changed as a feed in trouble might change them, and what a right reading of each then shows."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from local.feedsim import MarketState

Body = dict[str, Any]
FALL = 7  # pools fall by one part in so many


def changed(content: bytes, change: str) -> bytes | None:
    """Return an event's body with a change made, None where the body has nothing to change."""
    body = json.loads(content)
    if not isinstance(body.get("data"), dict) or "race" not in body["data"]:
        return None
    CHANGES[change](body)
    return json.dumps(body).encode()


def _error_in_200(body: Body) -> None:
    body["data"] = {**body["data"], "error": "upstream timed out"}


def _status_gone(body: Body) -> None:
    body["data"]["race"].pop("status")


def _start_gone(body: Body) -> None:
    for name in ("advertised_start", "advertised_start_string"):
        body["data"]["race"][name] = None


def _other_types(body: Body) -> None:
    race = body["data"]["race"]
    race |= {"weather": {"now": "fine"}, "distance": "far", "prize_monies": [1], "track_condition": 7, "tips": 3}
    for runner in body["data"]["runners"]:
        runner |= {"barrier": [], "flucs": "none", "jockey": {"name": "x"}, "favourite": "maybe"}


def _no_pools(body: Body) -> None:
    body["data"]["tote_pools"] = None


def _unknown_runner(body: Body) -> None:
    tracker = body["data"].get("money_tracker")
    if tracker:
        piece = {"entrant_id": "00000000-dead-4000-8000-00000000beef", "hold_percentage": 31, "bet_percentage": 17}
        tracker["entrants"].insert(0, piece)


def _falling_pools(body: Body) -> None:
    for pool in body["data"]["tote_pools"] or ():
        cents = round(pool["total"] * 100)
        pool["total"] = (cents - cents // FALL) / 100


def _no_clock(body: Body) -> None:
    body["header"].pop("generated_time")


def _older_status(body: Body) -> None:
    """Show a race that is Final as one that is not yet, in an answer that calls itself new."""
    race = body["data"]["race"]
    race["status"] = "Interim" if race.get("status") == "Final" else race.get("status")


def _no_places(body: Body) -> None:
    body["data"]["race"].pop("positions_paid")


def _shut_early(body: Body) -> None:
    """Show a race as shut that is still open for betting."""
    race = body["data"]["race"]
    race["status"] = "Closed" if race.get("status") == "Open" else race.get("status")


def _other_dividends(body: Body) -> None:
    """Have dividends paid from pools of $50 more than the totals beside them."""
    for dividend in body["data"].get("dividends") or ():
        dividend["pool_size"] = round(dividend["pool_size"] + 50, 2)


def _protest_open(body: Body) -> None:
    """Have a protest that nobody has decided against a race that is run."""
    race = body["data"]["race"]
    if race.get("status") in ("Interim", "Final"):
        race |= {"protest": True, "protest_reason": "Protest 2nd vs 1st"}


def _jump_guessed(body: Body) -> None:
    """Name an actual start of a race while it runs that is put right once it is run."""
    race = body["data"]["race"]
    if race.get("status") == "Closed":
        race["actual_start"] -= 45


def _unplaced(body: Body) -> None:
    """Show the last of the results as a runner that has no place."""
    for placing in (body["data"].get("results") or ())[-1:]:
        placing["position"] = 0


def _pool_words(body: Body) -> None:
    """Spell products otherwise, add one that nobody knows, and give an exotic pool a status that nobody knows."""
    listed = body["data"]["tote_pools"] or []
    for pool in listed:
        word = pool["product_type"]
        pool["product_type"] = f" pool_{word.upper()} "
        if word == "Trifecta":
            pool["status"] = "Suspended?"
    listed.insert(0, {"product_type": "Jackpot Six", "total": 98_765.4, "status": "OPEN"})


def _odd_dividends(body: Body) -> None:
    """Make a dividend of Quinella unreadable, and all that are Interim of Trifecta."""
    dividends = body["data"].get("dividends") or []
    exact = [d for d in dividends if d["product_name"] == "Pool Quinella"]
    for dividend in [*exact[:1], *(d for d in dividends if _is_interim_trifecta(d))]:
        dividend["dividend"] = "n/a"


def _is_interim_trifecta(dividend: Any) -> bool:
    return bool(dividend["product_name"] == "Pool Trifecta" and dividend["status"].lower() == "interim")


CHANGES: dict[str, Callable[[Body], None]] = {
    "feed.error_in_200": _error_in_200,
    "payload.status_gone": _status_gone,
    "payload.start_gone": _start_gone,
    "payload.other_types": _other_types,
    "payload.no_pools": _no_pools,
    "payload.unknown_runner": _unknown_runner,
    "payload.falling_pools": _falling_pools,
    "payload.no_clock": _no_clock,
    "payload.older_status": _older_status,
    "payload.no_places": _no_places,
    "payload.other_dividends": _other_dividends,
    "payload.shut_early": _shut_early,
    "payload.protest_open": _protest_open,
    "payload.unplaced": _unplaced,
    "payload.jump_guessed": _jump_guessed,
    "payload.pool_words": _pool_words,
    "payload.odd_dividends": _odd_dividends,
}


# A start that is gone stands in from what was known of the race; only an import, which knows nothing yet, needs it.
UNREADABLE = ("feed.error_in_200",)


def as_read(state: MarketState, change: str, before: MarketState | None) -> MarketState:
    """Return what a right reading of a changed body shows; `before` is what the race's last row showed.

    Pools that are not listed stand as they did, with the money on each runner as it was; so does a missing status.
    """
    if change == "payload.status_gone":
        return replace(state, status=before.status if before else "Open")
    if change == "payload.older_status" and state.status == "Final":
        return state if before and before.status == "Final" else replace(state, status="Interim")
    if change == "payload.shut_early" and state.status == "Open":
        return replace(state, status="Closed")
    if change == "payload.falling_pools":
        return replace(state, pools=_fallen(state.pools), multi_leg=_fallen(state.multi_leg))
    if change == "payload.no_pools":
        if before is None:
            return replace(state, pools={}, multi_leg={})
        return replace(state, pools=before.pools, multi_leg=before.multi_leg, runners=before.runners)
    return state


def _fallen(pools: dict[str, int]) -> dict[str, int]:
    return {product: cents - cents // FALL for product, cents in pools.items()}
