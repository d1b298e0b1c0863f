"""Faults between the functions and the store, over HTTP and at the port."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx

from local.simulate.faults.base import LEDGER, Chooser, TryMoment, subject
from local.simulate.faults.fates import Fate
from local.simulate.faults.feed import FOREVER_SECS
from local.simulate.faults.script import CURRENT, Deed
from raceday.errors import StoreConflict, StoreError, StoreInvalid, StoreRefused, StoreUnavailable

T = TypeVar("T")
STALE_READS = timedelta(seconds=120)
STATUSES = {
    "store.5xx_before": (503, "general_unknown"),
    "store.429": (429, "general_rate_limit_exceeded"),
    "store.409": (409, "transaction_conflict"),
    "store.401": (401, "general_unauthorized_scope"),
    "store.402": (402, "billing_limit_exceeded"),
    "store.403": (403, "general_access_forbidden"),
    "store.408": (408, "general_unknown"),
    "store.413": (413, "general_bad_request"),
}
# What the client itself does not try again.
REFUSALS: dict[str, type[StoreError]] = {
    "store.401": StoreRefused,
    "store.403": StoreRefused,
    "store.413": StoreInvalid,
}
WRITES_ALONE = ("store.409", "store.413")
COMMITS = ("create", "create_many", "commit")
_METHODS = {"drop": "PATCH", "get": "GET", "find": "GET", "update": "PATCH", "upsert": "PUT", "upsert_many": "PUT"}
_MOMENT, _DEED = "fault_moment", "fault_deed"
WRITE, BEGIN = "write", "POST transactions"
# What a store that is out says at the port: nothing was done, and the client tries again.
OUT = "out"


class StoreFaults(Chooser):
    """Calls that get no answer, another's, an old one or a refusal, before or after they took effect."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reads: dict[str, tuple[datetime, Any]] = {}

    async def before_store(self, request: httpx.Request) -> httpx.Response | None:
        """Break a request before the store sees it."""
        about = subject(request.method, table_of(request), _text(request))
        deed = self.deed(_what(request), about)
        moment = self.moment("store", about)
        request.extensions = {**request.extensions, _MOMENT: moment, _DEED: deed}
        self.script.operations["store"] += 1
        if self.out("outage.store"):
            self.struck("outage.store", deed)
            return _refused(request, 503, "general_unknown")
        fate = self.choose("store", about, at=moment, without=WRITES_ALONE if request.method == "GET" else ())
        if not fate.kind:
            return None
        self.struck(fate.kind, deed)
        return await self._before(fate, request)

    async def _before(self, fate: Fate, request: httpx.Request) -> httpx.Response | None:
        if fate.kind == "store.slow":
            await asyncio.sleep(slow_secs(fate))
            return None
        if fate.kind == "store.timeout_before":
            await asyncio.sleep(FOREVER_SECS)
        if fate.kind == "store.reset_before":
            raise httpx.ConnectError("reset by a fault", request=request)
        if fate.kind == "store.stale_read":
            return self._old_answer(request)
        status, word = STATUSES[fate.kind]
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
        deed: Deed | None = request.extensions.get(_DEED)
        self._keep_transaction(request, response, deed)
        moment = request.extensions.get(_MOMENT) or TryMoment(int(self.world.loop.time()), 0)
        fate = self.choose("store_answer", deed.about if deed else "", at=moment)
        if not fate.kind:
            if deed is not None:
                deed.done = self.world.loop.now()
                if response.status_code >= 400 and not deed.kind:
                    deed.kind = f"store answered {response.status_code}"
            return response
        self.struck(fate.kind, deed)
        if fate.kind == "store.timeout_after":
            await asyncio.sleep(FOREVER_SECS)
        if fate.kind == "store.reset_after":
            raise httpx.ReadError("reset by a fault", request=request)
        return _refused(request, 500, "general_unknown")

    def _keep_transaction(self, request: httpx.Request, response: httpx.Response, deed: Deed | None) -> None:
        run = CURRENT.get()
        if (
            run is not None
            and deed is not None
            and response.status_code == 201
            and request.url.path.endswith("/transactions")
        ):
            self.script.transactions[str(json.loads(response.content)["$id"])] = (run, deed.about, deed.at)

    # The port

    async def port(self, call: str, about: str, work: Callable[[], Awaitable[T]]) -> T:
        """Break a call of the port as the client would tell of it, its own retries and look-backs included."""
        method, table = _METHODS.get(call, "POST"), about.partition("/")[0]
        deed = self.deed(
            WRITE if call in COMMITS and table in ("", LEDGER) else f"{method} {table}", subject(method, table, about)
        )
        moment = self.moment("store", deed.about)
        self.script.operations["store"] += 1
        if self.out("outage.store"):
            self.struck("outage.store", deed)
            raise StoreUnavailable(f"{call}: 503", status=503, kind=OUT)
        reads = method == "GET"
        fate = self.choose("store", deed.about, at=moment, without=WRITES_ALONE if reads else ())
        if not fate.kind:
            fate = self.choose("store_answer", deed.about, at=moment)
        if not fate.kind:
            return await self._done(deed, about if reads and self.rates.get("store.stale_read") else "", work)
        return await self._broken(fate, call, about if reads else "", deed, work)

    async def _done(self, deed: Deed, about: str, work: Callable[[], Awaitable[T]]) -> T:
        try:
            found = await work()
            run = CURRENT.get()
            if deed.what == BEGIN and run is not None:
                self.script.transactions[str(found)] = (run, deed.about, deed.at)
        except StoreError as error:
            deed.kind = f"store answered {error.status}"
            raise
        finally:
            deed.done = self.world.loop.now()
        if about:
            self._reads[about] = (self.world.loop.now(), found)
        return found

    async def _broken(self, fate: Fate, call: str, about: str, deed: Deed, work: Callable[[], Awaitable[T]]) -> T:
        kind = fate.kind
        self.struck(kind, deed)
        kept = self._reads.get(about) if kind == "store.stale_read" else None
        if kept is not None and self.world.loop.now() - kept[0] <= STALE_READS:
            old: T = kept[1]
            deed.done = self.world.loop.now()
            return old
        if kind in REFUSALS:
            raise REFUSALS[kind](f"{call}: {STATUSES[kind][0]}", status=STATUSES[kind][0])
        if kind == "store.409" and call in (*COMMITS, "update"):
            raise StoreConflict(f"{call}: 409", status=409)
        return await self._late_or_lost(fate, call, deed, work)

    async def _late_or_lost(self, fate: Fate, call: str, deed: Deed, work: Callable[[], Awaitable[T]]) -> T:
        """What may be repeated comes late; a write whose answer was lost is sometimes told of as unknown."""
        deed.kind, deed.delay = "", fate.kind
        await asyncio.sleep(fate.uniform(0.2, 1.0) if "timeout" not in fate.kind else 8.0)
        if call not in COMMITS or fate.kind in ("store.slow", "store.stale_read", "store.409"):
            return await self._done(deed, "", work)
        if not fate.kind.endswith("_after"):
            deed.kind = fate.kind
            raise StoreUnavailable(f"{call}: no answer", status=0)
        found = await self._done(deed, "", work)
        if fate.choice((True, False)):
            deed.kind = fate.kind
            raise StoreUnavailable(f"{call}: no answer, though it was done", status=0)
        return found


def slow_secs(fate: Fate) -> float:
    """Return how much longer a slow call takes."""
    return fate.uniform(0.3, 4.0)


def table_of(request: httpx.Request) -> str:
    """Return the table that a request is about, "transactions" for those."""
    parts = request.url.path.split("/")
    return parts[parts.index("tables") + 1] if "tables" in parts else "transactions" * ("transactions" in parts)


def _what(request: httpx.Request) -> str:
    """Name a request; what makes rows stand is a write: a create, or the end of a transaction."""
    table = table_of(request)
    if table == "transactions":
        return WRITE if request.method == "PATCH" and b"commit" in request.content else f"{request.method} {table}"
    return WRITE if request.method == "POST" and table == LEDGER else f"{request.method} {table}"


def _text(request: httpx.Request) -> str:
    return str(request.url) if request.method == "GET" else ""


def _refused(request: httpx.Request, status: int, word: str) -> httpx.Response:
    body = {"message": "refused by a fault", "code": status, "type": word, "version": "1.9.6"}
    return httpx.Response(status, json=body, request=request)
