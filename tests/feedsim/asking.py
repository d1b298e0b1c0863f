"""Asking the simulated feed as a client would."""

import json
from datetime import datetime, timedelta
from typing import Any

from local.feedsim.model import MarketState
from local.feedsim.serve import PREFIX, AnyFeed

HEADERS = {"From": "someone@example.invalid", "X-Partner": "Someone", "X-Partner-ID": "partner"}
MARK = timedelta(seconds=15)


def ask(feed: AnyFeed, path: str, at: datetime, query: str = "") -> tuple[int, dict[str, Any]]:
    """Status and payload of a GET below the feed's prefix, uncompressed."""
    status, _, body = feed.respond(f"{PREFIX}/{path}", query, HEADERS, at)
    return status, json.loads(body)


def event(feed: AnyFeed, race_id: str, at: datetime, query: str = "with_money_tracker=true") -> dict[str, Any]:
    """The data of an event that must be there."""
    status, payload = ask(feed, f"events/{race_id}", at, query)
    assert status == 200, payload
    data: dict[str, Any] = payload["data"]
    return data


def money_of(state: MarketState) -> list[tuple[int, int]]:
    """True win and place cents of every runner."""
    return [(runner.win_cents, runner.place_cents) for runner in state.runners]
