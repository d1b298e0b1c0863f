"""How ledger rows of a real Appwrite reach the functions of this machine: its webhooks, or a look each two seconds."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import uvicorn

from local.embedded.http import Receive, Scope, Send, body_of
from local.world import EVENT_URLS, LocalWorld, deliver
from ops.webhooks import Webhooks, plan
from raceday.errors import SettingsError, StoreError
from raceday.ledger.log import heads
from raceday.runtime.webhook import MAX_BODY_BYTES
from raceday.settings import Settings

WATCH_SECS = 2.0
# A row is committed a little after its slot, and a poll may be tried for as long as its slot lives.
_BACK = timedelta(minutes=3)


def make_hook_server(world: LocalWorld, port: int) -> uvicorn.Server:
    """Return a server that takes webhooks for the event functions on every interface: Appwrite is elsewhere.

    A function's path is that of its RACEDAY_URL_*, or its name; only a delivery whose signature holds does anything.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        name = _function_at(world, scope["path"])
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        length = headers.get("content-length", "")
        if not name or scope["method"] != "POST":
            status = 404
        elif not length.isdigit() or int(length) > MAX_BODY_BYTES:
            status = 413
        else:
            status = await deliver(world, f"http://here/{name}", headers, await body_of(receive))
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    config = uvicorn.Config(app, host="0.0.0.0", port=port, lifespan="off", log_level="warning", ws="none")
    return uvicorn.Server(config)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """Whether Appwrite sends every event function its rows, and what there is to say of it."""

    whole: bool
    words: str


def subscribed(settings: Settings, key: str, transport: httpx.BaseTransport | None = None) -> Subscribed:
    """Ask Appwrite which event functions are subscribed; a key that may not read that is told as such."""
    try:
        changes = [c for c in plan(settings, Webhooks(settings, key, transport).listed()) if c.action != "remove"]
    except SettingsError as error:
        return Subscribed(False, f"none is asked for: {'; '.join(error.problems)}")
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        return Subscribed(False, f"not known to be subscribed: Appwrite answers {status} (APPWRITE_ADMIN_KEY may ask)")
    except httpx.HTTPError as error:
        return Subscribed(False, f"not known to be subscribed: no answer ({type(error).__name__})")
    missing = [f"{c.function}: {c.reason}" for c in changes if c.action != "none"]
    if not missing:
        return Subscribed(True, f"{len(changes)} of {len(changes)} functions subscribed")
    kept = len(changes) - len(missing)
    return Subscribed(
        False, f"{kept} of {len(changes)} functions subscribed ({', '.join(missing)}): run `./raceday webhooks apply`"
    )


def _function_at(world: LocalWorld, path: str) -> str:
    for name, setting in EVENT_URLS.items():
        if path.strip("/") in (name, urlsplit(getattr(world.settings, setting)).path.strip("/")):
            return name
    return ""


class LedgerWatch:
    """Starts the event functions for each ledger row that appears, as a webhook would: once a row, in this process."""

    def __init__(self, world: LocalWorld) -> None:
        self._world = world
        self._seen: set[tuple[str, int]] | None = None

    async def run(self) -> None:
        """Look until cancelled; a store in trouble is asked again."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                self._world.sink(f"watching the ledger: {error}")
            await self._world.clock.sleep(WATCH_SECS)

    async def look(self) -> int:
        """Start what the rows since the last look call for; gives the races. The first look only notes what is there.

        What stood before is the scheduler's to wake, as after any outage.
        """
        world = self._world
        store = world.container("master-race-scheduler").store
        found = {(head.race_id, head.n) for head in await heads(store, world.clock.now() - _BACK)}
        new = sorted({race_id for race_id, _ in found - self._seen}) if self._seen is not None else []
        self._seen = found
        for race_id in new:
            for name in EVENT_URLS:
                await world.start(name, {"raceId": race_id})
        return len(new)
