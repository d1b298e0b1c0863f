"""Where faults come in: every seam does nothing by default, and a fault profile overrides what it breaks."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

import httpx

from raceday.container import Container

T = TypeVar("T")


class FaultHooks:
    """What may go wrong around an activation, a request or a webhook; this one lets everything through."""

    def triggers(self, minute: datetime) -> int:
        """Return how often the scheduler's trigger fires for a minute; 0 is a missed one."""
        return 1

    def watchdogs(self, minute: datetime) -> int:
        """Return how often the watchdog's trigger fires for a minute; 0 is a missed one."""
        return 1

    def dispatches(self, function: str, payload: dict[str, Any]) -> list[float]:
        """Return the extra delay in seconds of each activation that one invocation makes; empty drops it."""
        return [0.0]

    def skew_secs(self, function: str, serial: int) -> float:
        """Return how far the clock of a new container is off."""
        return 0.0

    def kill_after(self, function: str, activation: str) -> int | None:
        """Return the number of requests after which an activation is killed, None to let it live."""
        return None

    def began(self, function: str, event: dict[str, Any], container: Container, kill: Callable[[], None]) -> None:
        """Be told of an activation that begins, in the context that it will run in; `kill` ends it at once."""

    def ended(self, died: bool = False) -> None:
        """Be told that the activation which began in this context has ended; `died` where it was from outside."""

    async def starts(self, function: str, payload: dict[str, Any]) -> None:
        """Run before the platform takes an invocation: wait, or raise as its invoker would."""

    async def before_feed(self, request: httpx.Request) -> httpx.Response | None:
        """Run before the feed sees a request: sleep, raise, or answer in its place."""
        return None

    async def after_feed(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """Run on a feed answer's way back."""
        return response

    async def before_store(self, request: httpx.Request) -> httpx.Response | None:
        """Run before the store sees a request."""
        return None

    async def after_store(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        """Run after the store has done what was asked."""
        return response

    async def port(self, call: str, about: str, work: Callable[[], Awaitable[T]]) -> T:
        """Run one call of the store's port, at port depth; `about` tells equal reads apart."""
        return await work()

    def last(self, end: datetime) -> datetime:
        """Return when a day ends that without faults could end at `end`."""
        return end

    def webhooks(self, function: str, body: bytes) -> list[float]:
        """Return the extra delay in seconds of each delivery of one webhook; empty drops it."""
        return [0.0]
