"""A webhook's delivery over HTTP, as Appwrite makes it."""

import httpx

from local.embedded.hooks import TIMEOUT_SECS


async def post_delivery(url: str, headers: dict[str, str], body: bytes) -> int:
    """Send a delivery and give the answer's status; raises what httpx raises where there is none."""
    async with httpx.AsyncClient(timeout=TIMEOUT_SECS) as client:
        return (await client.post(url, headers=headers, content=body)).status_code
