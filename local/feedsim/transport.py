"""The simulated feed behind httpx, in the same process: no socket, no wall time, faults through a hook."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import httpx

from local.feedsim.serve import AnyFeed


class FeedHook(Protocol):
    """What may happen around a request: delays, errors, other answers."""

    async def before(self, request: httpx.Request) -> httpx.Response | None:
        """Run before the feed sees the request: sleep, raise, or return an answer in the feed's place."""

    async def after(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """Run on the way back: sleep, raise, or return another answer."""


class FeedTransport(httpx.AsyncBaseTransport):
    """Answers httpx requests from a feed at the instant that `now` gives once `before` is done.

    `request.extensions["feed_at"]` overrides that instant: a hook sets it to have a stale response served.
    """

    def __init__(self, feed: AnyFeed, now: Callable[[], datetime], hook: FeedHook | None = None) -> None:
        self.feed = feed
        self.now = now
        self.hook = hook
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request through the hook and the feed."""
        self.requests += 1
        early = await self.hook.before(request) if self.hook is not None else None
        response = early if early is not None else self._ask(request)
        return await self.hook.after(request, response) if self.hook is not None else response

    def _ask(self, request: httpx.Request) -> httpx.Response:
        at = request.extensions.get("feed_at") or self.now()
        status, headers, body = self.feed.respond(request.url.path, request.url.query.decode(), request.headers, at)
        return httpx.Response(status, headers=headers, content=body, request=request)
