"""Kept connections to one server: bounded waits, nothing cancelled inside the pool, and a new pool for a bad one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import httpx

from raceday import tls

# So many requests in a row without an answer mean that the connections themselves may be what is wrong.
FAILURES_IN_A_ROW = 5
CONNECT_SECS = 4.0
# Requests of a pool that was given up have long ended by then, whatever drips.
RETIRED_SECS = 60.0
Transports = Callable[[httpx.Limits], httpx.AsyncBaseTransport]
OnRenewed = Callable[[int], None]


def real_sockets(limits: httpx.Limits) -> httpx.AsyncBaseTransport:
    """Make a pool of the machine's own sockets."""
    return httpx.AsyncHTTPTransport(verify=tls.context(), limits=limits)


class _Pool:
    """One transport with a permit for each of its connections, so that no request ever waits inside it."""

    def __init__(self, transport: httpx.AsyncBaseTransport, at_once: int) -> None:
        self.transport = transport
        self.permits = asyncio.Semaphore(at_once)
        self._running: set[asyncio.Task[httpx.Response]] = set()
        self.users = self.failures = 0
        self.idle = asyncio.Event()

    async def wait_for_permit(self, request: httpx.Request, until: float) -> None:
        """Wait for a free connection until the loop's second `until`; raises httpx.PoolTimeout."""
        self._use(1)
        try:
            async with asyncio.timeout_at(until):
                await self.permits.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("no connection was free in time", request=request) from None
        finally:
            self._use(-1)

    def begin(self, request: httpx.Request, until: float) -> "asyncio.Task[httpx.Response]":
        """Send a request as a task that nobody cancels; its permit goes with it."""
        task = asyncio.get_running_loop().create_task(_exchange(self.transport, request, until))
        self._use(1)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _use(self, more: int) -> None:
        self.users += more
        if self.users:
            self.idle.clear()
        else:
            self.idle.set()

    def _ended(self, task: "asyncio.Task[httpx.Response]") -> None:
        self._running.discard(task)
        self.permits.release()
        self._use(-1)
        if not task.cancelled():
            # Nobody may be left to hear of it.
            task.exception()


class Connections:
    """Sends requests over a pool of at most `at_once` connections, which is replaced after failures in a row.

    httpcore's pool can lose a connection for ever when a request is cancelled around the moment it is given one. So a
    request runs in a task of its own that ends by httpx's time-outs alone, and waits for a permit of ours before it.
    """

    def __init__(
        self,
        at_once: int,
        given: httpx.AsyncBaseTransport | Transports | None = None,
        on_renewed: OnRenewed = lambda failures: None,
    ) -> None:
        self._at_once = at_once
        self._limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
        self._make = _maker(given)
        self._on_renewed = on_renewed
        self._pool: _Pool | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self.renewed = 0

    async def send(self, request: httpx.Request, secs: float) -> httpx.Response:
        """Return the whole answer within `secs`, the wait for a connection included; raises httpx.HTTPError.

        A caller that is cancelled, or waits no longer, leaves the request to its own time-outs.
        """
        if self._pool is None:
            self._pool = self._new()
        pool = self._pool
        try:
            answer = await _within(pool, request, secs)
        except httpx.ConnectError:
            # Nobody listens there, which a new pool would not change.
            raise
        except httpx.TransportError:
            self._failed(pool)
            raise
        pool.failures = 0
        return answer

    async def aclose(self) -> None:
        """Close every connection."""
        for task in self._retiring:
            task.cancel()
        await asyncio.gather(*self._retiring, return_exceptions=True)
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.transport.aclose()

    def _new(self) -> _Pool:
        return _Pool(self._make(self._limits), self._at_once)

    def _failed(self, pool: _Pool) -> None:
        """Count a failure; after a row of them what comes next gets a pool of its own."""
        if pool is not self._pool:
            return
        pool.failures += 1
        if pool.failures < FAILURES_IN_A_ROW:
            return
        self._pool = self._new()
        self.renewed += 1
        self._on_renewed(pool.failures)
        if self._pool.transport is not pool.transport:
            task = asyncio.get_running_loop().create_task(_retire(pool))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)


def _maker(given: httpx.AsyncBaseTransport | Transports | None) -> Transports:
    if given is None:
        return real_sockets
    if isinstance(given, httpx.AsyncBaseTransport):
        one = given
        return lambda limits: one
    return given


async def _within(pool: _Pool, request: httpx.Request, secs: float) -> httpx.Response:
    loop = asyncio.get_running_loop()
    until = loop.time() + secs
    await pool.wait_for_permit(request, until)
    task = pool.begin(request, until)
    await asyncio.wait({task}, timeout=max(0.0, until - loop.time()))
    if not task.done():
        raise httpx.ReadTimeout("no answer in time", request=request)
    return task.result()


async def _exchange(transport: httpx.AsyncBaseTransport, request: httpx.Request, until: float) -> httpx.Response:
    """Send one request and read its answer whole."""
    left = max(0.001, until - asyncio.get_running_loop().time())
    request.extensions["timeout"] = httpx.Timeout(left, connect=min(CONNECT_SECS, left)).as_dict()
    answer = await transport.handle_async_request(request)
    if isinstance(answer.stream, httpx.AsyncByteStream):
        answer.stream = _Timely(answer.stream, request, until)
    try:
        await answer.aread()
    except BaseException:
        await answer.aclose()
        raise
    return answer


class _Timely(httpx.AsyncByteStream):
    """A body whose pieces may each come in time and all of them too late."""

    def __init__(self, inner: httpx.AsyncByteStream, request: httpx.Request, until: float) -> None:
        self._inner, self._request, self._until = inner, request, until

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._inner:
            if asyncio.get_running_loop().time() > self._until:
                raise httpx.ReadTimeout("no whole answer in time", request=self._request)
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _retire(pool: _Pool) -> None:
    """Close a pool that was given up, once its last requests have ended."""
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(RETIRED_SECS):
                await pool.idle.wait()
    finally:
        await pool.transport.aclose()
