"""Faults between the functions and the feed."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx

from local.simulate.faults import bodies
from local.simulate.faults.base import Chooser, TryMoment
from local.simulate.faults.fates import Fate
from local.simulate.faults.script import CURRENT, Deed, ServedEvent

FOREVER_SECS = 300.0
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
STATUSES = {"feed.403": 403, "feed.404": 404, "feed.429": 429, "feed.429_wait": 429}
CHANGES = tuple(bodies.CHANGES)
# The answer is another race's, under this one's address.
OTHER = "feed.other_race"
# A wait that the feed names is obeyed for so long, and no wait is watched for longer than slots are apart.
LONGEST_WAIT_SECS = 10.0
LISTS = "meetings"
# Waits are waited out on clocks that round.
CLOCK_STEP = timedelta(milliseconds=20)
_MOMENT, _DEED, _AT = "fault_moment", "fault_deed", "feed_at"


class FeedFaults(Chooser):
    """Requests that get no answer or another, and answers that are cut, late or changed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._events: dict[str, bytes] = {}
        self._waits: dict[tuple[int, str], datetime] = {}

    async def before_feed(self, request: httpx.Request) -> httpx.Response | None:
        """Break a request on its way to the feed."""
        about = _asked(request)
        self._hold_to_wait(about)
        deed = self.deed("feed", about)
        moment = self.moment("feed", about)
        request.extensions = {**request.extensions, _MOMENT: moment, _DEED: deed}
        self.script.operations["feed"] += 1
        if self.out("outage.feed"):
            self.struck("outage.feed", deed)
            return httpx.Response(503, request=request)
        fate = self.choose("feed", about, at=moment)
        if not fate.kind:
            return None
        self.struck(fate.kind, deed)
        if fate.kind == "feed.timeout":
            await asyncio.sleep(FOREVER_SECS)
        if fate.kind == "feed.reset":
            raise fate.choice((httpx.ReadError, httpx.ConnectError))("reset by a fault", request=request)
        if fate.kind == "feed.stale":
            request.extensions[_AT] = self.world.loop.now() - stale_by(fate)
            return None
        answer = _answer(fate, request)
        if wait := answer.headers.get("retry-after"):
            secs = min(float(wait), LONGEST_WAIT_SECS)
            self._waits[id(CURRENT.get()), about] = self.world.loop.now() + timedelta(seconds=secs)
        return answer

    def _hold_to_wait(self, about: str) -> None:
        """Note an activation that asks again before the time that the feed has named to it."""
        until, now = self._waits.get((id(CURRENT.get()), about)), self.world.loop.now()
        if until is not None and now < until - CLOCK_STEP:
            self.world.forbidden.append(
                f"{now:%H:%M:%S} {about} was asked for before {until:%H:%M:%S}, as the feed told"
            )

    async def after_feed(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """Break an answer on its way back, and keep what was served."""
        about, race_id = _asked(request), race_of(request)
        moment, deed = request.extensions.get(_MOMENT), request.extensions.get(_DEED)
        if response.status_code != 200 or b"<html" in response.content[:20]:
            self._answered(deed, response)
            return response
        whole = response.content
        content_at = request.extensions.get(_AT) or self.world.loop.now()
        without = () if race_id else (*CHANGES, OTHER)
        fate = self.choose(
            "feed_answer", about, at=moment or TryMoment(int(self.world.loop.time()), 0), without=without
        )
        if fate.kind in CHANGES:
            response = self._change(fate.kind, request, response, deed)
        elif fate.kind == OTHER:
            response = self._other(race_id, request, response, deed)
        elif fate.kind:
            self.struck(fate.kind, deed)
            response = await _spoil(fate, request, response)
        now = self.world.loop.now()
        if race_id:
            served = ServedEvent(now, content_at, fate.kind if fate.kind in CHANGES else "")
            self.script.served[race_id].append(served)
            self._events[race_id] = whole
        elif about == LISTS:
            self.script.lists.append(now)
        self._answered(deed, response)
        return response

    def _answered(self, deed: Deed | None, response: httpx.Response) -> None:
        if deed is not None:
            deed.done = self.world.loop.now()
            if response.status_code != 200 and not deed.kind:
                deed.kind = f"feed answered {response.status_code}"

    def _other(
        self, race_id: str, request: httpx.Request, response: httpx.Response, deed: Deed | None
    ) -> httpx.Response:
        """Answer with the last event of another race, where there is one."""
        other = next((body for key, body in self._events.items() if key != race_id), None)
        if other is None:
            return response
        self.struck(OTHER, deed)
        return httpx.Response(200, headers={"content-type": "application/json"}, content=other, request=request)

    def _change(self, kind: str, request: httpx.Request, response: httpx.Response, deed: Deed | None) -> httpx.Response:
        body = bodies.changed(response.content, kind)
        if body is None:
            return response
        # Where the answer can be read all the same the poll goes on: such a change excuses nothing.
        self.struck(kind, deed if kind in bodies.UNREADABLE else None)
        return httpx.Response(200, headers={"content-type": "application/json"}, content=body, request=request)


def stale_by(fate: Fate) -> timedelta:
    """Return how old the content of a stale answer is."""
    return timedelta(seconds=fate.choice((20, 45, 100, 400)))


def slow_secs(fate: Fate) -> float:
    """Return how much longer a slow answer takes."""
    return fate.uniform(0.5, 7.5)


def _answer(fate: Fate, request: httpx.Request) -> httpx.Response:
    if fate.kind == "feed.html":
        return httpx.Response(200, headers={"content-type": "text/html"}, content=HTML, request=request)
    headers = {}
    if fate.kind == "feed.429_wait":
        headers["retry-after"] = str(fate.choice((1, 2, 5, 40)))
    status = STATUSES.get(fate.kind) or fate.choice((500, 502, 503, 504))
    return httpx.Response(status, headers=headers, content=HTML, request=request)


async def _spoil(fate: Fate, request: httpx.Request, response: httpx.Response) -> httpx.Response:
    if fate.kind == "feed.slow":
        await asyncio.sleep(slow_secs(fate))
        return response
    content = response.content[: len(response.content) // 2]
    headers = {"content-type": "application/json"}
    if fate.kind == "feed.gzip":
        headers["content-encoding"] = "gzip"
        content = b"\x1f\x8b\x08\x00" + content
    return httpx.Response(200, headers=headers, content=content, request=request)


def race_of(request: httpx.Request) -> str:
    """Return the race whose event is asked for, "" for anything else."""
    room, _, key = request.url.path.rsplit("/racing/", 1)[-1].partition("/")
    return key if room == "events" else ""


def _asked(request: httpx.Request) -> str:
    return race_of(request) or request.url.path.rsplit("/racing/", 1)[-1]
