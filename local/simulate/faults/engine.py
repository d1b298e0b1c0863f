"""The faults themselves: each seam draws from a stream of its own whether and how an operation is broken."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx

from local.simulate.faults import bodies
from local.simulate.faults.rates import Rates
from local.simulate.faults.script import CURRENT, Handing, Hit, Run, Script, Served
from local.simulate.faults.windows import Windows
from local.simulate.seams import FaultHooks
from local.simulate.world import World
from raceday.container import Container
from raceday.errors import StoreConflict, StoreRefused, StoreUnavailable

T = TypeVar("T")
FOREVER_SECS = 300.0
# After these last minutes without faults nothing may be left in flight, and nothing behind.
QUIET = timedelta(minutes=12)
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
HANDING = "__ow_handing"
STALE_READS = timedelta(seconds=120)
FEED_BEFORE = ("feed.timeout", "feed.reset", "feed.403", "feed.404", "feed.429", "feed.429_wait", "feed.5xx",
               "feed.html", "feed.stale")  # fmt: skip
FEED_AFTER = ("feed.cut", "feed.gzip", "feed.slow")
CHANGES = tuple(bodies.CHANGES)
STORE_BEFORE = ("store.timeout_before", "store.reset_before", "store.5xx_before", "store.429", "store.409", "store.401",
                "store.stale_read", "store.slow")  # fmt: skip
STORE_AFTER = ("store.timeout_after", "store.reset_after", "store.5xx_after")
STORE_STATUSES = {
    "store.5xx_before": (503, "general_unknown"),
    "store.429": (429, "general_rate_limit_exceeded"),
    "store.409": (409, "transaction_conflict"),
    "store.401": (401, "general_unauthorized_scope"),
}
WEBHOOK_KINDS = ("webhook.dropped", "webhook.doubled", "webhook.delayed", "webhook.shuffled")
STATUSES = {"feed.403": 403, "feed.404": 404, "feed.429": 429, "feed.429_wait": 429}


class Faults(FaultHooks):
    """One day's faults at given rates; `script` is the record of all of them. Until `until` they strike."""

    def __init__(self, world: World, rates: Rates) -> None:
        self.world = world
        self.rates = rates
        self.script = Script()
        self.until = datetime.max.replace(tzinfo=world.loop.start.tzinfo)
        self.windows = Windows(world.loop.start, f"{world.seed}/outages", rates)
        self._random = world.chances.stream("faults")
        self._reads: dict[str, tuple[datetime, Any]] = {}
        self._dies_at: int | None = None

    # Choices and the record

    def _choose(self, room: str, *kinds: str) -> str:
        """Draw which fault of a room strikes, "" for none; `kinds` limits which may."""
        # An answer is of the operation that its request was counted as.
        self.script.operations[room] += not room.endswith("_answer")
        drawn = self._random.random()
        if self.world.loop.now() >= self.until:
            return ""
        for kind in kinds:
            drawn -= self.rates.get(kind, 0.0)
            if drawn < 0:
                return kind
        return ""

    def _hit(self, kind: str, race_id: str = "", run: Run | None = None) -> None:
        self.script.injected[kind] += 1
        run = run or CURRENT.get()
        if run is not None:
            run.hits.append(Hit(kind, self.world.loop.now(), race_id))

    def last(self, end: datetime) -> datetime:
        """Let the faults cease at a day's end, and the day go on for the quiet minutes."""
        self.until = end
        return end + QUIET

    # Ticks and activations

    def triggers(self, minute: datetime) -> int:
        """Miss or double a minute's trigger."""
        kind = self._choose("tick", "tick.missed", "tick.doubled")
        if kind:
            self._hit(kind)
        if kind == "tick.missed":
            self.script.ticks_missed.append(minute)
        return {"tick.missed": 0, "tick.doubled": 2}.get(kind, 1)

    def dispatches(self, function: str, payload: dict[str, Any]) -> list[float]:
        """Drop, double or hold up what an invocation makes."""
        kind = self._choose("activation", "activation.doubled", "activation.late", "activation.dropped")
        delays = [0.0]
        if kind == "activation.doubled":
            delays = [0.0, self._random.choice((0.0, 0.2, 4.0, 20.0))]
        elif kind == "activation.late":
            delays = [self._random.uniform(2, 70)]
        elif kind == "activation.dropped":
            delays = []
        handing = Handing(function, payload, self.world.loop.now(), CURRENT.get())
        handing.hit = kind in ("activation.late", "activation.dropped")
        self.script.handings.append(handing)
        if handing.by is not None:
            handing.by.orders.append(handing)
        if kind:
            self.script.injected[kind] += 1
        payload[HANDING] = len(self.script.handings) - 1
        return delays

    def skew_secs(self, function: str, serial: int) -> float:
        """Set the clock of some containers five minutes off."""
        off = self._choose("container", "clock.off")
        if not off:
            return 0.0
        self.script.injected[off] += 1
        return self._random.choice((-300.0, 300.0))

    def kill_after(self, function: str, activation: str) -> int | None:
        """Let some activations die as they send a request."""
        if not self._choose("run", "activation.killed_by_request"):
            return None
        self._dies_at = self._random.choice((0, 1, 1, 2, 2, 3, 4, 5, 6, 8, 12, 20))
        return self._dies_at

    def began(self, function: str, event: dict[str, Any], container: Container, kill: Callable[[], None]) -> None:
        """Keep an activation, and perhaps set the moment at which it dies."""
        number = event.get(HANDING)
        handing = self.script.handings[number] if number is not None else None
        now = self.world.loop.now()
        skew = (container.clock.now() - now).total_seconds()
        run = Run(function, event, now, skew, handing.by if handing else None)
        if handing is not None:
            handing.runs.append(run)
        if self._dies_at is not None:
            # Struck or not: where it dies cannot be told from outside.
            self._hit("activation.killed_by_request", run=run)
            run.doomed, self._dies_at = True, None
        self.script.runs.append(run)
        CURRENT.set(run)
        if self._choose("run", "activation.killed_by_time"):
            secs = self._random.choice((0.05, 0.3, 1.0, 5.0, 30.0, 60.0)) * self._random.uniform(0.2, 1.5)
            self.world.loop.call_later(secs, self._kill, run, kill)

    def _kill(self, run: Run, kill: Callable[[], None]) -> None:
        if run.ended is None:
            self._hit("activation.killed_by_time", run=run)
            kill()

    def ended(self) -> None:
        """Note an activation's end."""
        run = CURRENT.get()
        if run is not None and run.ended is None:
            run.ended = self.world.loop.now()

    # The feed

    async def before_feed(self, request: httpx.Request) -> httpx.Response | None:
        """Break a request on its way to the feed."""
        race_id = _race_of(request)
        if self.windows.out("outage.feed", self.world.loop.now()):
            self.script.operations["feed"] += 1
            self._hit("outage.feed", race_id)
            return httpx.Response(503, request=request)
        kind = self._choose("feed", *FEED_BEFORE)
        if not kind:
            return None
        self._hit(kind, race_id)
        if kind == "feed.timeout":
            await asyncio.sleep(FOREVER_SECS)
        if kind == "feed.reset":
            raise self._random.choice((httpx.ReadError, httpx.ConnectError))("reset by a fault", request=request)
        if kind == "feed.stale":
            back = timedelta(seconds=self._random.choice((20, 45, 100, 400)))
            request.extensions = {**request.extensions, "feed_at": self.world.loop.now() - back}
            return None
        return self._answer(kind, request)

    def _answer(self, kind: str, request: httpx.Request) -> httpx.Response:
        if kind == "feed.html":
            return httpx.Response(200, headers={"content-type": "text/html"}, content=HTML, request=request)
        headers = {}
        if kind == "feed.429_wait":
            headers["retry-after"] = str(self._random.choice((1, 2, 5, 40)))
        status = STATUSES.get(kind) or self._random.choice((500, 502, 503, 504))
        return httpx.Response(status, headers=headers, content=HTML, request=request)

    async def after_feed(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """Break an answer on its way back, and keep what was served."""
        race_id = _race_of(request)
        if response.status_code != 200 or b"<html" in response.content[:20]:
            return response
        content_at = request.extensions.get("feed_at") or self.world.loop.now()
        kinds = (*FEED_AFTER, *CHANGES) if race_id else FEED_AFTER
        kind = self._choose("feed_answer", *kinds)
        if kind in CHANGES:
            response = self._change(kind, request, response)
        elif kind:
            self._hit(kind, race_id)
            response = await self._spoil(kind, request, response)
        if race_id:
            self.script.served[race_id].append(
                Served(self.world.loop.now(), content_at, kind if kind in CHANGES else "")
            )
        return response

    def _change(self, kind: str, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        body = bodies.changed(response.content, kind)
        if body is None:
            return response
        if kind in bodies.UNREADABLE:
            self._hit(kind, _race_of(request))
        else:
            # The poll goes on: such a change excuses nothing.
            self.script.injected[kind] += 1
        return httpx.Response(200, headers={"content-type": "application/json"}, content=body, request=request)

    async def _spoil(self, kind: str, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if kind == "feed.slow":
            await asyncio.sleep(self._random.uniform(0.5, 7.5))
            return response
        content = response.content[: len(response.content) // 2]
        headers = {"content-type": "application/json"}
        if kind == "feed.gzip":
            headers["content-encoding"] = "gzip"
            content = b"\x1f\x8b\x08\x00" + content
        return httpx.Response(200, headers=headers, content=content, request=request)

    # The store, over HTTP

    async def before_store(self, request: httpx.Request) -> httpx.Response | None:
        """Break a request before the store sees it."""
        if self.windows.out("outage.store", self.world.loop.now()):
            self.script.operations["store"] += 1
            self._hit("outage.store")
            return _refused(request, 503, "general_unknown")
        kind = self._choose("store", *STORE_BEFORE)
        writes = request.method != "GET"
        if not kind or (kind == "store.409" and not writes):
            return None
        self._hit(kind)
        if kind == "store.slow":
            await asyncio.sleep(self._random.uniform(0.3, 4.0))
            return None
        if kind == "store.timeout_before":
            await asyncio.sleep(FOREVER_SECS)
        if kind == "store.reset_before":
            raise httpx.ConnectError("reset by a fault", request=request)
        if kind == "store.stale_read":
            return self._old_answer(request)
        status, word = STORE_STATUSES[kind]
        return _refused(request, status, word)

    def _old_answer(self, request: httpx.Request) -> httpx.Response | None:
        kept = self._reads.get(str(request.url)) if request.method == "GET" else None
        if kept is None or self.world.loop.now() - kept[0] > STALE_READS:
            return None
        return httpx.Response(200, headers=kept[1][0], content=kept[1][1], request=request)

    async def after_store(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """Lose an answer of the store after it did what was asked."""
        if self.rates.get("store.stale_read") and request.method == "GET" and response.status_code == 200:
            self._reads[str(request.url)] = (self.world.loop.now(), (dict(response.headers), response.content))
        kind = self._choose("store_answer", *STORE_AFTER)
        if not kind:
            return response
        self._hit(kind)
        if kind == "store.timeout_after":
            await asyncio.sleep(FOREVER_SECS)
        if kind == "store.reset_after":
            raise httpx.ReadError("reset by a fault", request=request)
        return _refused(request, 500, "general_unknown")

    # The store's port

    async def port(self, call: str, about: str, work: Callable[[], Awaitable[T]]) -> T:
        """Break a call of the port as the client would tell of it, its own retries and look-backs included."""
        if self.windows.out("outage.store", self.world.loop.now()):
            self.script.operations["store"] += 1
            self._hit("outage.store")
            await asyncio.sleep(1.0)
            raise StoreUnavailable(f"{call}: 503", status=503)
        reads = call in ("get", "find")
        kind = self._choose("store", *STORE_BEFORE, *STORE_AFTER)
        if not kind or (kind == "store.409" and reads):
            return await self._kept(about, work) if reads and self.rates.get("store.stale_read") else await work()
        self._hit(kind)
        kept = self._reads.get(about) if kind == "store.stale_read" and reads else None
        if kept is not None and self.world.loop.now() - kept[0] <= STALE_READS:
            old: T = kept[1]
            return old
        if kind == "store.401":
            raise StoreRefused(f"{call}: 401", status=401)
        if kind == "store.409" and call in ("create", "update", "create_many", "commit"):
            raise StoreConflict(f"{call}: 409", status=409)
        return await self._late_or_lost(kind, call, reads, work)

    async def _kept(self, about: str, work: Callable[[], Awaitable[T]]) -> T:
        found = await work()
        self._reads[about] = (self.world.loop.now(), found)
        return found

    async def _late_or_lost(self, kind: str, call: str, reads: bool, work: Callable[[], Awaitable[T]]) -> T:
        """What may be repeated comes late; a write whose answer was lost is sometimes told of as unknown."""
        repeats = reads or call not in ("create", "create_many", "commit")
        await asyncio.sleep(self._random.uniform(0.2, 1.0) if "timeout" not in kind else 8.0)
        if repeats or kind in ("store.slow", "store.stale_read", "store.409"):
            return await work()
        if not kind.endswith("_after"):
            raise StoreUnavailable(f"{call}: no answer", status=0)
        found = await work()
        if self._random.random() < 0.5:
            raise StoreUnavailable(f"{call}: no answer, though it was done", status=0)
        return found

    # Webhooks

    def webhooks(self, function: str, body: bytes) -> list[float]:
        """Drop, double, hold up or shuffle a delivery; a subscription that is off delivers nothing for a while."""
        if self.windows.out(f"outage.webhooks.{function}", self.world.loop.now()):
            self.script.operations["webhook"] += 1
            self.script.injected["outage.webhooks"] += 1
            return []
        kind = self._choose("webhook", *WEBHOOK_KINDS)
        if not kind:
            return [0.0]
        self.script.injected[kind] += 1
        if kind == "webhook.doubled":
            return [0.0, self._random.choice((0.01, 0.5, 30.0))]
        spans = {"webhook.delayed": (5.0, 200.0), "webhook.shuffled": (0.2, 2.0)}
        return [self._random.uniform(*spans[kind])] if kind in spans else []


def _race_of(request: httpx.Request) -> str:
    room, _, key = request.url.path.rsplit("/racing/", 1)[-1].partition("/")
    return key if room == "events" else ""


def _refused(request: httpx.Request, status: int, word: str) -> httpx.Response:
    body = {"message": "refused by a fault", "code": status, "type": word, "version": "1.9.6"}
    return httpx.Response(status, json=body, request=request)
