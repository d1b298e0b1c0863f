"""Telling a watcher outside that the scheduler lives, as healthchecks.io and its like want it."""

from urllib.parse import urlsplit, urlunsplit

import httpx

TIMEOUT_SECS = 3.0


class PostHeartbeat:
    """Asks a URL after each tick, the one with `/fail` behind its path after a tick that could not do its work."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url
        self._transport = transport

    async def beat(self, done: bool, summary: str) -> bool:
        """Send the summary as text; tells whether it was taken with a 2xx in time."""
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_SECS, transport=self._transport) as client:
                answer = await client.post(self._url if done else failing(self._url), content=summary)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return answer.is_success


def failing(url: str) -> str:
    """Return the URL that tells of a failure."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/fail"))
