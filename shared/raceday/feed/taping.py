"""What one request to the feed brought, told to whoever keeps a tape of it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import NamedTuple

import httpx

from raceday.clock import Clock
from raceday.errors import FeedError


class Answer(NamedTuple):
    """One answer as received: `body` after decompression; status 0 and a word in `error` where none came."""

    url: str
    sent: datetime
    received: datetime
    status: int = 0
    headers: Mapping[str, str] = {}
    body: bytes = b""
    error: str = ""


Take = Callable[[Answer], None]


async def taped(
    take: Take, clock: Clock, request: httpx.Request, exchange: Callable[[], Awaitable[httpx.Response]]
) -> httpx.Response:
    """Make one exchange and tell `take` what came of it, by the clock of whoever asked."""
    url, sent = str(request.url), clock.now()
    try:
        answer = await exchange()
    except BaseException as error:
        # One that was cut off was asked as well, and a tape without it would claim that nobody had.
        word = error.cause if isinstance(error, FeedError) else type(error).__name__
        take(Answer(url, sent, clock.now(), error=word))
        raise
    take(Answer(url, sent, clock.now(), answer.status_code, dict(answer.headers), answer.content))
    return answer
