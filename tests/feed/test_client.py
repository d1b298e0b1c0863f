"""The feed's client against a feed that answers as told."""

import asyncio
import gzip
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from local.feedsim import FeedSim, FeedTransport, generate_day
from raceday.errors import FeedError, FeedNotFound, FeedRefused, FeedUnavailable, PayloadError
from raceday.feed.client import FeedClient, make_feed, retry_after
from raceday.ids import SeededRandomSource
from raceday.log import Log
from raceday.patience import within
from raceday.racing.snapshot import FormerRace, Status
from raceday.settings import Settings
from tests.poll_kit import StillClock

BASE = "https://feed.test/affiliates/v1/racing"
NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
DAY = generate_day(3, date(2026, 11, 24), 6)
RACE = DAY.core_races[0].race_id
SETTINGS = Settings(
    feed_url=BASE, feed_from="a@b.test", feed_partner="Private", feed_partner_id="id-1", feed_attempts=3
)


def client(transport: httpx.AsyncBaseTransport | None = None, clock: StillClock | None = None) -> FeedClient:
    """Make a client on a clock that runs only in sleeps."""
    return make_feed(SETTINGS, clock or StillClock(NOW), SeededRandomSource(1), Log(lambda _: None), transport)


def served(race_id: str = RACE) -> bytes:
    """Return an event's bytes as the simulated feed has them."""
    headers = {"From": "x", "X-Partner": "x", "X-Partner-ID": "x"}
    sim = FeedSim(DAY, compress=False)
    path = f"/affiliates/v1/racing/events/{race_id}"
    status, _, body = sim.respond(path, "with_money_tracker=true", headers, NOW)
    assert status == 200
    return body


def answers(*responses: httpx.Response | Exception) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """Make a transport that gives these answers in turn, and the list of what it was asked."""
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        found = responses[min(len(asked), len(responses)) - 1]
        if isinstance(found, Exception):
            raise found
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)

    return httpx.MockTransport(handler), asked


@respx.mock
def test_requests_identify_themselves() -> None:
    """Every request carries From, X-Partner and X-Partner-ID, and asks for JSON and gzip."""
    route = respx.get(f"{BASE}/events/{RACE}").mock(return_value=httpx.Response(200, content=served()))
    asyncio.run(client().event(RACE))
    sent = route.calls[0].request.headers
    assert (sent["from"], sent["x-partner"], sent["x-partner-id"]) == ("a@b.test", "Private", "id-1")
    assert (sent["accept"], sent["accept-encoding"]) == ("application/json", "gzip")


def test_an_event_becomes_a_snapshot() -> None:
    """A race's runners, pools and tracker come out in domain terms, money in cents."""
    found = asyncio.run(client(FeedTransport(FeedSim(DAY), lambda: NOW)).event(RACE))
    truth = DAY.truth(RACE, NOW)
    assert found.race_id == RACE
    assert found.pool_cents("win") == truth.pools["win"]
    assert found.tracker is not None
    assert found.tracker.pieces > len(found.runners)
    assert sum(r.hold_points or 0 for r in found.runners) == found.tracker.hold_sum - found.tracker.unknown_hold


def test_meetings_are_read_page_by_page() -> None:
    """Pages are asked for until a short one comes, with the day as both limits."""
    sim = FeedSim(generate_day(1, date(2026, 11, 28), 400, foreign_meetings=70))
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url.query, "ascii"))
        status, headers, body = sim.respond(
            request.url.path, request.url.query.decode(), request.headers, datetime(2026, 11, 27, 20, 0, tzinfo=UTC)
        )
        return httpx.Response(status, headers=headers, content=body)

    found = asyncio.run(client(httpx.MockTransport(handler)).meetings(date(2026, 11, 28)))
    assert len(found) > 100
    assert len(asked) == 2
    assert all("date_from=2026-11-28&date_to=2026-11-28" in query for query in asked)


@pytest.mark.parametrize(
    ("response", "kind", "cause"),
    [
        (httpx.Response(403), FeedRefused, "feed_refused"),
        (httpx.Response(400), FeedRefused, "feed_refused"),
        (httpx.Response(302, headers={"location": "https://elsewhere.test/"}), FeedRefused, "feed_refused"),
        (httpx.Response(404), FeedNotFound, "feed_not_found"),
        (httpx.Response(429), FeedUnavailable, "feed_429"),
        (httpx.Response(500), FeedUnavailable, "feed_500"),
        (httpx.Response(200, content=b"<html>busy</html>"), FeedUnavailable, "payload"),
        (httpx.Response(200, content=b""), FeedUnavailable, "payload"),
        (httpx.Response(200, content=b'{"header":{},"data":{"race"'), FeedUnavailable, "payload"),
        (httpx.Response(200, json={"data": {"race": {}, "error": "down"}}), FeedUnavailable, "feed_error"),
    ],
)
def test_every_failure_has_its_kind(response: httpx.Response, kind: type[FeedError], cause: str) -> None:
    """What the feed may answer in the place of a race raises an error whose cause is one short word."""
    transport, asked = answers(response)
    with pytest.raises(FeedError) as caught:
        asyncio.run(client(transport).event(RACE))
    assert (type(caught.value), caught.value.cause) == (kind, cause)
    assert len(asked) == (SETTINGS.feed_attempts if kind is FeedUnavailable else 1)


@pytest.mark.parametrize(
    ("error", "cause"),
    [(httpx.ReadTimeout("slow"), "feed_timeout"), (httpx.ConnectError("gone"), "feed_unavailable"),
     (httpx.ReadError("reset"), "feed_unavailable")],
)  # fmt: skip
def test_a_broken_connection_is_tried_again(error: Exception, cause: str) -> None:
    """Time-outs and resets are repeated, and the last of them is told by its cause."""
    transport, asked = answers(error)
    with pytest.raises(FeedUnavailable) as caught:
        asyncio.run(client(transport).event(RACE))
    assert (caught.value.cause, len(asked)) == (cause, 3)


def test_a_broken_gzip_body_is_tried_again() -> None:
    """A body that cannot be unpacked counts as no answer, and a whole one after it is taken."""
    sent: list[int] = []

    class Transport(httpx.AsyncBaseTransport):
        """Answers with a cut-off body first."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            sent.append(1)
            whole = gzip.compress(served())
            content = b"\x1f\x8bnonsense" if len(sent) == 1 else whole
            return httpx.Response(
                200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(content), request=request
            )

    assert asyncio.run(client(Transport()).event(RACE)).race_id == RACE
    assert len(sent) == 2


@pytest.mark.parametrize(
    ("asked_for", "secs"),
    [
        ("7", 7.0),
        ("Tue, 24 Nov 2026 01:00:09 GMT", 9.0),
        ("Mon, 23 Nov 2026 01:00:00 GMT", 0.0),
        ("soon", None),
        ("9" * 5000, 86400.0),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(asked_for: str, secs: float | None) -> None:
    """The wait a feed names is understood in both of HTTP's forms."""
    response = httpx.Response(429, headers={"retry-after": asked_for} if asked_for else {})
    assert retry_after(response, NOW) == secs


def test_retry_after_is_obeyed() -> None:
    """The next try comes after the wait that the feed names, and no sooner."""
    clock = StillClock(NOW)
    transport, _ = answers(httpx.Response(429, headers={"retry-after": "11"}), httpx.Response(200, content=served()))
    asyncio.run(client(transport, clock).event(RACE))
    assert clock.now() - NOW == timedelta(seconds=11)


def spoilt(change: Callable[[dict[str, Any]], None]) -> bytes:
    """Return an event with one thing changed."""
    event = json.loads(served())
    change(event["data"])
    return json.dumps(event).encode()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda d: d["race"].update(advertised_start="soon", advertised_start_string=""), "race.advertised_start"),
        (lambda d: d["race"].update(race_number=None), "race.race_number"),
        (lambda d: d["race"].update(event_id="another"), "race.event_id"),
        (lambda d: d.update(race=[]), "data.race"),
    ],
)
def test_a_payload_that_cannot_be_read_names_race_field_and_value(
    change: Callable[[dict[str, Any]], None], field: str
) -> None:
    """An unreadable payload is told by race and field, and is not asked for again."""
    transport, asked = answers(httpx.Response(200, content=spoilt(change)))
    with pytest.raises(PayloadError) as caught:
        asyncio.run(client(transport).event(RACE))
    assert caught.value.subject == RACE
    assert caught.value.field.startswith(field)
    assert len(asked) == 1


def test_another_races_answer_is_refused_whatever_is_known_of_the_race() -> None:
    """What is known of a race stands in for an id that cannot be read, and never for another race's."""
    other, known = DAY.core_races[1].race_id, FormerRace(Status.OPEN, NOW, 1, "meeting-1", "NZ", "T")
    transport, _ = answers(httpx.Response(200, content=served(other)))
    with pytest.raises(PayloadError) as caught:
        asyncio.run(client(transport).event(RACE, Status.OPEN, known=known))
    assert caught.value.field == "race.event_id"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda d: d["runners"][0].update(entrant_id=""), "runners[0]"),
        (lambda d: d["runners"].append(d["runners"][0]), "runners["),
        (lambda d: d["runners"].append(None), "runners["),
        (lambda d: d["runners"][0].update(odds=[]), "runners[0].odds"),
        (lambda d: d["runners"][0].update(runner_number="1A"), "runners[0].runner_number"),
        (lambda d: d["runners"][0].update(name=""), "runners[0].name"),
        (lambda d: d["tote_pools"][0].update(total="lots"), "tote_pools["),
        (lambda d: d["tote_pools"].append(7), "tote_pools["),
        (lambda d: d.update(runners="none"), "runners"),
        (lambda d: d.update(runners={"1": {}}), "runners[0]"),
        (lambda d: d.update(dividends="none"), "dividends"),
        (lambda d: d.update(money_tracker=[1]), "money_tracker"),
    ],
)
def test_an_odd_member_costs_itself_and_is_named(change: Callable[[dict[str, Any]], None], field: str) -> None:
    """What cannot be read is left out and told by its place; the rest of the answer is read."""
    transport, _ = answers(httpx.Response(200, content=spoilt(change)))
    snapshot = asyncio.run(client(transport).event(RACE))
    assert any(left.field.startswith(field) for left in snapshot.left_out)
    assert snapshot.pool_cents("place") is not None or field == "tote_pools["


def test_an_unknown_status_word_leaves_the_former_status() -> None:
    """A word that nobody knows is told, and the race stays as it was."""
    transport, _ = answers(httpx.Response(200, content=spoilt(lambda d: d["race"].update(status="Delayed"))))
    snapshot = asyncio.run(client(transport).event(RACE, Status.CLOSED))
    assert (snapshot.status, snapshot.unknown_status) == (Status.CLOSED, "Delayed")


def test_a_lone_surrogate_is_replaced() -> None:
    """Half a character in a member costs that character alone."""
    body = spoilt(lambda d: d["race"].update(weather="WEATHER")).replace(b"WEATHER", b"fine \\ud83d")
    transport, _ = answers(httpx.Response(200, content=body))
    assert asyncio.run(client(transport).event(RACE)).weather.startswith("fine")


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(money_tracker=None, dividends=None, results=None, substitutions=None),
        lambda d: d["race"].update(
            weather=None, distance="1600", prize_monies=None, actual_start=0, video_channels=None
        ),
        lambda d: d["runners"][0].update(odds=None, barrier="Fr1", runner_change={"24/11/2026": {"jockey": "x"}}),
        lambda d: d["runners"][0].update(odds={"fixed_win": 0, "fixed_place": -1, "pool_win": "7.5"}),
        lambda d: d["runners"][0].update(is_late_scratched=None, scratch_time=None, silk_colours=None, jockey=None),
        lambda d: d["tote_pools"].append({"product_type": "Mystery", "total": 5}),
        lambda d: d.update(tote_pools=None),
        lambda d: d.update(runners={r["entrant_id"]: r for r in d["runners"]}),
        lambda d: d.update(results=[None, "odd"], dividends=[None, 7]),
        lambda d: d.update(brand_new={"nested": [1, 2, 3]}),
    ],
)
def test_quirks_of_the_feed_are_survived(change: Callable[[dict[str, Any]], None]) -> None:
    """Absent, null and empty members, strings for numbers and unknown ones do not keep a race from being read."""
    transport, _ = answers(httpx.Response(200, content=spoilt(change)))
    found = asyncio.run(client(transport).event(RACE))
    assert found.race_id == RACE
    assert all(odds is None or odds > 0 for r in found.runners for odds in (r.odds.fixed_win, r.odds.fixed_place))


def test_rate_and_concurrency_hold_for_the_whole_process() -> None:
    """At ten a second and eight at once, forty requests take at least three seconds, and urgent ones do not wait."""
    clock = StillClock(NOW)
    transport, asked = answers(httpx.Response(200, content=served()))
    feed = client(transport, clock)

    async def many(urgent: bool, count: int) -> None:
        for _ in range(count):
            await feed.event(RACE, urgent=urgent)

    asyncio.run(many(False, 40))
    calm = clock.now() - NOW
    assert calm >= timedelta(seconds=3)
    clock.advance(60)
    before = clock.now()
    asyncio.run(many(True, 40))
    assert clock.now() == before
    assert len(asked) == 80


@pytest.mark.parametrize(("life_secs", "out_secs", "answered"), [(120, 100, True), (60, 50, True), (15, 30, False)])
def test_a_poll_asks_until_its_slot_is_over(life_secs: float, out_secs: float, answered: bool) -> None:
    """A slot lives for up to a minute and a re-check for two: a feed that is out is asked until then, and no longer."""
    clock = StillClock(NOW)

    def handler(request: httpx.Request) -> httpx.Response:
        out = clock.now() - NOW < timedelta(seconds=out_secs)
        return httpx.Response(503) if out else httpx.Response(200, content=served())

    async def ask() -> bool:
        with within(clock, life_secs):
            try:
                await client(httpx.MockTransport(handler), clock).event(RACE, urgent=True)
            except FeedUnavailable:
                return False
            return True

    assert asyncio.run(ask()) is answered
    assert clock.now() - NOW <= timedelta(seconds=life_secs)
