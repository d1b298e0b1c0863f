"""The feed's HTTP surface, in process and through httpx."""

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from local.feedsim import FeedDay, FeedSim, FeedTransport, generate_day
from local.feedsim.http import asgi_app, running_clock
from local.feedsim.serve import PREFIX
from tests.feedsim.asking import HEADERS, ask
from tests.feedsim.conftest import DATE

AT = datetime(2026, 3, 1, 1, 0, 20, tzinfo=UTC)
URL = "https://feed.invalid"


@pytest.mark.parametrize("missing", ["From", "X-Partner", "X-Partner-ID"])
def test_identification_is_needed(feedsim: FeedSim, missing: str) -> None:
    """A request without one of the identification headers is refused with 403 and a header that says why."""
    headers = {name: value for name, value in HEADERS.items() if name != missing}
    status, _, body = feedsim.respond(f"{PREFIX}/meetings", "", headers, AT)
    assert status == 403
    payload = json.loads(body)
    assert set(payload) == {"header"}
    assert missing.lower() in payload["header"]["error"]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("meetings", "", 200),
        ("meetings/", "", 200),
        ("list", "", 200),
        ("meetings/none", "", 404),
        ("events/none", "", 404),
        ("events/", "", 404),
        ("nothing", "", 404),
        ("meetings", "date_from=tomorrow", 400),
        ("meetings", "limit=0", 400),
        ("meetings", "limit=201", 400),
        ("meetings", "offset=-1", 400),
        ("list", "date_from=2026-13-01", 400),
        ("list", "date_from=all&date_to=all", 200),
        ("list", "date_from=9999-12-31", 400),
        ("meetings", "date_from=all&offset=%C2%B2", 400),
        ("list", "page_token=page-x", 200),
        ("meetings", "unknown=1", 200),
    ],
)
def test_paths_and_their_errors(feedsim: FeedSim, path: str, query: str, status: int) -> None:
    """Known paths answer, unknown ids and pages are 404, bad parameters 400, unknown ones are ignored."""
    answered, payload = ask(feedsim, path, AT, query)
    assert answered == status
    assert set(payload) == ({"header", "params", "data"} if status == 200 else {"header"})


def test_meetings_come_in_pages(feedsim_day: FeedDay, feedsim: FeedSim) -> None:
    """Pages by limit and offset together hold every meeting once, by first start, and the last page is short."""
    ids: list[str] = []
    sizes = []
    for offset in range(0, 100, 3):
        _, payload = ask(feedsim, "meetings", AT, f"date_from={DATE}&limit=3&offset={offset}")
        page = [row["meeting"] for row in payload["data"]["meetings"]]
        sizes.append(len(page))
        ids += page
        if len(page) < 3:
            break
    starts = {meeting.meeting_id: meeting.races[0].advertised for meeting in feedsim_day.meetings}
    assert sorted(ids) == sorted(starts)
    assert [starts[key] for key in ids] == sorted(starts.values())
    assert sizes[-1] < 3


def test_meetings_are_selected_by_meeting_date(feedsim: FeedSim) -> None:
    """Another date has no meetings; today is the NZ calendar day of the request."""
    assert ask(feedsim, "meetings", AT, "date_from=2026-03-02")[1]["data"]["meetings"] == []
    assert ask(feedsim, "meetings", AT - timedelta(days=1), "")[1]["data"]["meetings"] == []
    assert ask(feedsim, "meetings", AT, "")[1]["data"]["meetings"] != []
    assert ask(feedsim, "meetings", AT, "date_from=2026-02-01&date_to=2026-04-01")[1]["data"]["meetings"] != []


def test_meetings_filter_by_country_and_category(feedsim: FeedSim) -> None:
    """Country and category select, and the list holds others than the two countries that matter."""
    _, payload = ask(feedsim, "meetings", AT)
    assert len({row["country"] for row in payload["data"]["meetings"]}) > 2
    for query, member, value in (("country=NZ", "country", "NZ"), ("category=H", "category", "H")):
        rows = ask(feedsim, "meetings", AT, query)[1]["data"]["meetings"]
        assert rows
        assert {row[member] for row in rows} == {value}


def test_list_pages_by_token_and_has_a_row_that_is_no_race(feedsim_big_day: FeedDay) -> None:
    """The race list selects by UTC day, pages by token, and holds a row without a number."""
    feed = FeedSim(feedsim_big_day)
    rows, token = [], ""
    while True:
        query = "limit=50" + (f"&page_token={token}" if token else "")
        data = ask(feed, "list", AT, query)[1]["data"]
        rows += data["races"]
        token = data.get("next_page_token", "")
        if not token:
            break
    assert len(rows) == len({row["id"] for row in rows}) > 50
    assert {row["advertised_start"][:10] for row in rows} == {"2026-03-01"}
    assert any("number" not in row for row in rows)


def test_several_days_are_served_by_one_feed() -> None:
    """A feed of two days answers for the meetings and events of both."""
    days = [generate_day(seed=9, date=DATE + timedelta(days=k), races=3) for k in range(2)]
    feed = FeedSim(days)
    for day in days:
        rows = ask(feed, "meetings", AT, f"date_from={day.date}&date_to={day.date}")[1]["data"]["meetings"]
        assert {row["meeting"] for row in rows} == {meeting.meeting_id for meeting in day.meetings}
        assert ask(feed, f"events/{day.core_races[0].race_id}", AT)[0] == 200


def test_gzip_when_asked(feedsim: FeedSim) -> None:
    """Bodies are compressed for a client that accepts gzip, unless the feed was told not to."""
    plain = feedsim.respond(f"{PREFIX}/meetings", "", HEADERS, AT)
    packed = feedsim.respond(f"{PREFIX}/meetings", "", {**HEADERS, "Accept-Encoding": "gzip, br"}, AT)
    assert "content-encoding" not in plain[1]
    assert packed[1]["content-encoding"] == "gzip"
    assert gzip.decompress(packed[2]) == plain[2]
    raw = FeedSim(feedsim.days, compress=False).respond(
        f"{PREFIX}/meetings", "", {**HEADERS, "Accept-Encoding": "gzip"}, AT
    )
    assert raw[2] == plain[2]


class _Hook:
    """Answers some paths itself, counts the others, and serves one stale."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def before(self, request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("busy"):
            return httpx.Response(429, headers={"retry-after": "2"})
        if "stale" in request.url.params:
            request.extensions["feed_at"] = AT - timedelta(minutes=5)
        return None

    async def after(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        self.seen.append(f"{request.url.path} {response.status_code}")
        return response


def test_transport_asks_the_clock_and_the_hook(feedsim: FeedSim) -> None:
    """Through httpx the feed answers for the injected instant, and a hook can answer, delay and date back."""
    hook = _Hook()

    async def talk() -> list[httpx.Response]:
        transport = FeedTransport(feedsim, now=lambda: AT, hook=hook)
        async with httpx.AsyncClient(transport=transport, base_url=URL, headers=HEADERS) as client:
            return [await client.get(f"{PREFIX}/{path}") for path in ("meetings", "events/busy", "meetings?stale=1")]

    fresh, busy, stale = asyncio.run(talk())
    assert fresh.json()["header"]["generated_time"].startswith("2026-03-01T01:00:20")
    assert fresh.headers["content-encoding"] == "gzip"
    assert (busy.status_code, busy.headers["retry-after"]) == (429, "2")
    assert stale.json()["header"]["generated_time"].startswith("2026-03-01T00:55:20")
    assert [line.split()[1] for line in hook.seen] == ["200", "429", "200"]


def test_asgi_application_serves_the_same_bytes(feedsim: FeedSim) -> None:
    """Over HTTP the feed gives the bytes that it gives in process, and refuses anything but GET."""

    async def talk() -> tuple[httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(app=asgi_app(feedsim, lambda: AT))
        headers = {**HEADERS, "Accept-Encoding": "identity"}
        async with httpx.AsyncClient(transport=transport, base_url=URL, headers=headers) as client:
            return await client.get(f"{PREFIX}/meetings?limit=2"), await client.post(f"{PREFIX}/meetings")

    got, refused = asyncio.run(talk())
    assert got.content == feedsim.respond(f"{PREFIX}/meetings", "limit=2", HEADERS, AT)[2]
    assert refused.status_code == 405


def test_clock_runs_from_a_given_instant() -> None:
    """The server's clock starts where it is told to and never runs backwards; a speed of zero is refused."""
    now = running_clock(AT, speed=60.0)
    first = now()
    assert AT <= first <= now()
    with pytest.raises(ValueError, match="speed"):
        running_clock(AT, speed=0)
