"""Sending an alarm to the operator's URL."""

from typing import Any

import httpx

TIMEOUT_SECS = 4.0


class PostAlarm:
    """Posts a message as JSON; whatever goes wrong is an answer, never an error."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url
        self._transport = transport

    async def send(self, message: dict[str, Any]) -> bool:
        """Tell whether the URL took the message with a 2xx within the time-out."""
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_SECS, transport=self._transport) as client:
                answer = await client.post(self._url, json=message)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return answer.is_success
