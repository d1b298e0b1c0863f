"""Feed answers with one thing wrong in each, through whole polls and imports.

The suite takes a sample; `RACEDAY_MUTATIONS=all` takes every one.
"""

import asyncio
import json
import os
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from local.feedsim import FeedSim, FeedTransport, generate_day
from local.functions import function
from raceday.catalogue.functions import EVENT_FUNCTIONS
from raceday.clock import iso
from raceday.feed.client import make_feed
from raceday.runtime.function import handle
from raceday.tables import MEETINGS, QUARANTINE
from tests.hostile.mutations import Mutation, bodies, mutations, sample
from tests.poll_kit import Kit
from tests.polling.test_poll_recorded import kit_for, store_row

DATE = date(2026, 3, 1)
DAY = generate_day(11, DATE, races=4)
RACE = DAY.core_races[0]
SLOT = RACE.advertised - timedelta(minutes=5)
SHARE = 1.0 if os.environ.get("RACEDAY_MUTATIONS") == "all" else 0.03
PARTS = 8


class Answers(httpx.AsyncBaseTransport):
    """Return one body while there is one, else what the feed says."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner, self.body = inner, b""
        self.given = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        if not self.given:
            return await self.inner.handle_async_request(request)
        return httpx.Response(200, headers={"content-type": "application/json"}, content=self.body, request=request)


class Site:
    """A race five minutes before its start, and the answer that the feed gives next."""

    def __init__(self) -> None:
        self.kit: Kit = kit_for(FeedSim(DAY), SLOT)
        parts = self.kit.container
        self.answers = Answers(FeedTransport(FeedSim(DAY), self.kit.clock.now))
        parts.feed = make_feed(parts.settings, parts.clock, parts.chance, parts.log, self.answers)

    def run(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """Run one activation."""
        context = SimpleNamespace(activation_id="a1", deadline=(self.kit.clock.now().timestamp() + 60) * 1000)
        return asyncio.run(handle(self.kit.container, function(name), event, context))

    def poll(self, later_secs: int = 0) -> dict[str, Any]:
        """Poll the race at its slot, or one after it."""
        slot = SLOT + timedelta(seconds=later_secs)
        self.kit.clock.advance(max(0.0, (slot - self.kit.clock.now()).total_seconds()))
        handed = {"raceId": RACE.race_id, "slot": iso(slot), "start": iso(RACE.advertised), "kind": "slot"}
        return self.run("enhanced-race-poller", {"slots": [handed], "tick": iso(slot)})

    def rows(self) -> int:
        """Count the rows of every table but the quarantine."""
        return sum(len(rows) for table, rows in self.kit.store.tables.items() if table != QUARANTINE)


def _payload(path: str, query: str) -> Any:
    headers = httpx.Headers({"from": "a@b.test", "x-partner": "p", "x-partner-id": "i"})
    status, _, body = FeedSim(DAY, compress=False).respond(f"/affiliates/v1/racing/{path}", query, headers, SLOT)
    assert status == 200
    return json.loads(body)


def _event() -> Any:
    return _payload(f"events/{RACE.race_id}", "with_money_tracker=true")


def _list() -> Any:
    return _payload("meetings", f"date_from={DATE}&date_to={DATE}&limit=100&offset=0")


EVENTS = [*sample(list(mutations(_event())), SHARE, 1), *bodies(_event())]
LISTS = [*sample(list(mutations(_list())), SHARE, 2), *bodies(_list())]


@pytest.mark.parametrize("part", range(PARTS))
def test_a_wrong_event_is_committed_or_refused_by_name(part: int) -> None:
    """A poll of an event with anything wrong is committed or fails with a cause, and the next sound one is committed.

    What is refused writes nothing but its quarantine row; what is committed can be projected.
    """
    for mutation in EVENTS[part::PARTS]:
        site = Site()
        store_row(site.kit, RACE.race_id)
        before = site.rows()
        site.answers.given, site.answers.body = True, mutation.body
        answer = site.poll()
        assert answer.get("ok"), (mutation, answer)
        result = answer["results"][0]
        assert result["result"] in ("committed", "failed", "refused"), (mutation, answer)
        if result["result"] == "failed":
            assert result["cause"] in ("payload", "feed_error"), (mutation, answer)
        if result["result"] != "committed":
            assert site.rows() == before, mutation
        if result["result"] == "refused":
            # Another country or code is no error: the filter's rule says which.
            assert mutation.where in ("data.race.country", "data.race.type")
        for name in EVENT_FUNCTIONS:
            projected = site.run(name, {"raceId": RACE.race_id})
            assert projected.get("ok"), (mutation, name, projected)
        site.answers.given = False
        following = site.poll(later_secs=60)
        assert following["results"][0]["result"] == "committed", (mutation, following)


@pytest.mark.parametrize("part", range(2))
def test_a_wrong_list_costs_its_own_meeting_alone(part: int) -> None:
    """An import of a list with anything wrong answers for itself, and the next sound one stores every meeting."""
    for mutation in LISTS[part::2]:
        site = Site()
        site.answers.given, site.answers.body = True, mutation.body
        answer = site.run("daily-meetings", {"date": DATE.isoformat()})
        error = answer.get("error") or {}
        assert error.get("kind") != "internal", (mutation, answer)
        site.answers.given = False
        sound = site.run("daily-meetings", {"date": DATE.isoformat()})
        assert sound.get("ok"), (mutation, sound)
        wanted = {race.meeting_id for race in DAY.core_races}
        assert wanted <= site.kit.store.tables[MEETINGS].keys(), mutation


def test_there_is_much_to_try() -> None:
    """Every member of an event and of a list is tried in every way."""
    assert len(list(mutations(_event()))) > 3000
    assert len(list(mutations(_list()))) > 1000
    assert len({m.where for m in mutations(_event())}) > 100
    assert all(isinstance(m, Mutation) for m in EVENTS + LISTS)
