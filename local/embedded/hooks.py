"""Webhooks: subscriptions, and deliveries as Appwrite makes them: serial, signed, at most once, never repeated."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from local.embedded.errors import argument, exists, missing
from local.embedded.rows import Fired

MOST_FAILURES = 10
TIMEOUT_SECS = 15.0
USER_AGENT = "Appwrite-Server v1.9.6. Please report abuse at security@appwrite.io"
_EVENT = re.compile(
    r"databases\.[^.]+(\.(tables\.[^.]+(\.rows\.[^.]+)?|collections\.[^.]+(\.documents\.[^.]+)?))?"
    r"(\.(create|update|delete))?"
)
_ROW = "<row>"
_CREATE = "CREATE TABLE IF NOT EXISTS hooks (id TEXT PRIMARY KEY, hook TEXT NOT NULL)"
Send = Callable[[str, dict[str, str], bytes], Awaitable[int]]
Tamper = Callable[["Delivery"], "Iterable[Delivery]"]


@dataclass(slots=True)
class Hook:
    """One subscription."""

    id: str
    name: str
    url: str
    events: list[str]
    secret: str
    enabled: bool = True
    tls: bool = True
    attempts: int = 0
    logs: str = ""
    created: str = ""

    def shown(self, *, secret: bool = False) -> dict[str, Any]:
        """Return the subscription as an answer has it; its secret is told once, when it is made."""
        return {
            "$id": self.id,
            "$createdAt": self.created,
            "$updatedAt": self.created,
            "name": self.name,
            "url": self.url,
            "events": self.events,
            "tls": self.tls,
            "authUsername": "",
            "authPassword": "",
            "secret": self.secret if secret else "",
            "enabled": self.enabled,
            "logs": self.logs,
            "attempts": self.attempts,
        }


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message for one subscription."""

    hook_id: str
    url: str
    headers: dict[str, str]
    body: bytes
    delay_secs: float = 0.0


def event_names(database: str, table: str, row: str, action: str, *, former_first: bool = True) -> list[str]:
    """Return every name of an event, with and without wildcards, in both forms, the concrete ones first."""
    names, former = [], ".collections."
    for one, many in (("tables", "rows"), ("collections", "documents")):
        for d in (database, "*"):
            for t in (table, "*"):
                for r in (row, "*"):
                    names += [f"databases.{d}.{one}.{t}.{many}.{r}.{action}", f"databases.{d}.{one}.{t}.{many}.{r}"]
                names.append(f"databases.{d}.{one}.{t}")
            names.append(f"databases.{d}")
    return sorted(set(names), key=lambda n: (n.count("*"), -n.count("."), (former in n) != former_first, n))


@lru_cache(maxsize=1024)
def _templates(database: str, table: str, action: str, form: str) -> tuple[str, ...]:
    """Return the names of an event for any row. A create and every bulk begin with the former form, others do not."""
    return tuple(event_names(database, table, _ROW, action, former_first=form in ("create", "bulk")))


def _told(event: Fired, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as a delivery has it: what comes of bulks and transactions names its collection too."""
    told = dict(row)
    if event.bulk or event.from_transaction:
        told["$collection"] = f"database_1_collection_{event.table.sql[2:]}"
    if event.from_transaction:
        told["$collectionId"] = event.table.id
        del told["$databaseId"]
    return told


def php_json(value: Any) -> bytes:
    """Write JSON as PHP does: other letters as \\uXXXX, slashes escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def signature(secret: str, url: str, body: bytes) -> str:
    """Return a delivery's signature: base64 of HMAC-SHA1 over the decoded URL and the body."""
    return base64.b64encode(hmac.new(secret.encode(), unquote(url).encode() + body, hashlib.sha1).digest()).decode()


def valid_event(name: str) -> bool:
    """Tell whether a subscription may name an event; Appwrite's validator does not know `upsert`."""
    return _EVENT.fullmatch(name) is not None


@dataclass(slots=True)
class Hooks:
    """Subscriptions, kept in the file, and the queue of deliveries that wait, which ends with the process."""

    project: str
    new_id: Callable[[], str]
    db: sqlite3.Connection
    hooks: dict[str, Hook] = field(default_factory=dict)
    queue: deque[Delivery] = field(default_factory=deque)
    wake: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.db.execute(_CREATE)
        for hook_id, text in self.db.execute("SELECT id, hook FROM hooks"):
            self.hooks[hook_id] = Hook(**json.loads(text))

    def _keep(self, hook: Hook) -> None:
        self.hooks[hook.id] = hook
        self.db.execute("INSERT OR REPLACE INTO hooks VALUES (?, ?)", (hook.id, json.dumps(asdict(hook))))

    def put(self, body: dict[str, Any], stamp: str) -> Hook:
        """Make a subscription, or make one that is there as the body says, its secret too."""
        self.hooks.pop(str(body.get("webhookId")), None)
        return self.add(body, stamp)

    def remove(self, hook_id: str) -> None:
        """Delete a subscription."""
        del self.hooks[self.get(hook_id).id]
        self.db.execute("DELETE FROM hooks WHERE id = ?", (hook_id,))

    def rotate(self, hook_id: str, secret: Any) -> Hook:
        """Return a subscription another secret, a random one where none is named."""
        hook = self.get(hook_id)
        hook.secret = _secret(secret or self.new_id())
        self._keep(hook)
        return hook

    def add(self, body: dict[str, Any], stamp: str) -> Hook:
        """Make a subscription."""
        hook_id = str(body.get("webhookId") or "unique()")
        events = _events(body)
        if hook_id in self.hooks:
            raise exists("webhook", hook_id)
        made = Hook(
            id=self.new_id() if hook_id == "unique()" else hook_id,
            name=str(body.get("name", "")),
            url=str(body.get("url", "")),
            events=events,
            secret=_secret(body.get("secret") or self.new_id() + self.new_id()),
            enabled=bool(body.get("enabled", True)),
            tls=bool(body.get("tls", False)),
            created=stamp,
        )
        self._keep(made)
        return made

    def get(self, hook_id: str) -> Hook:
        """Return a subscription; refuses one that does not exist."""
        if hook_id not in self.hooks:
            raise missing("webhook", hook_id)
        return self.hooks[hook_id]

    def change(self, hook_id: str, body: dict[str, Any]) -> Hook:
        """Change a subscription; switching it on forgets its failures."""
        hook = self.get(hook_id)
        url = str(body.get("url", hook.url))
        hook.name, hook.url, hook.events = str(body.get("name", hook.name)), url, _events(body)
        hook.enabled, hook.tls = bool(body.get("enabled", True)), bool(body.get("tls", False))
        if hook.enabled:
            hook.attempts = 0
        self._keep(hook)
        return hook

    def enqueue(self, fired: Iterable[tuple[Fired, dict[str, Any]]]) -> None:
        """Queue a delivery of each event for each subscription that asks for it."""
        if not self.hooks:
            return
        for event, row in fired:
            table = event.table
            form = "transaction" if event.from_transaction else "bulk" if event.bulk else event.action
            names = [
                n.replace(_ROW, row.get("$id", "")) for n in _templates(table.database, table.id, event.action, form)
            ]
            takers = [h for h in self.hooks.values() if h.enabled and not set(names).isdisjoint(h.events)]
            if takers:
                body = php_json(_told(event, row))
                self.queue.extend(self._delivery(hook, body, names) for hook in takers)
        self.wake()

    def _delivery(self, hook: Hook, body: bytes, names: list[str]) -> Delivery:
        headers = {
            "User-Agent": USER_AGENT,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Accept": "*/*",
            "X-Appwrite-Webhook-Id": hook.id,
            "X-Appwrite-Webhook-Events": ",".join(names),
            "X-Appwrite-Webhook-Name": hook.name,
            "X-Appwrite-Webhook-Project-Id": self.project,
            "X-Appwrite-Webhook-Signature": signature(hook.secret, hook.url, body),
        }
        return Delivery(hook.id, hook.url, headers, body)

    def settle(self, delivery: Delivery, status: int, text: str = "") -> None:
        """Note a delivery's outcome: ten failures in a row switch a subscription off, a success forgets them."""
        hook = self.hooks.get(delivery.hook_id)
        failed = not 0 < status < 400
        if hook is None or not (failed or hook.attempts):
            return
        hook.attempts = hook.attempts + 1 if failed else 0
        if failed:
            hook.logs = text or f"answered {status}"
        if hook.attempts >= MOST_FAILURES:
            hook.enabled = False
        self._keep(hook)

    def wanted(self, delivery: Delivery) -> bool:
        """Tell whether a delivery is still to be made: its subscription is there and switched on."""
        hook = self.hooks.get(delivery.hook_id)
        return hook is not None and hook.enabled


def _secret(secret: Any) -> str:
    if not isinstance(secret, str) or not 8 <= len(secret) <= 256:
        raise argument("Invalid `secret` param: Value must be a valid string of 8 to 256 chars")
    return secret


def _events(body: dict[str, Any]) -> list[str]:
    events = body.get("events")
    if not isinstance(events, list) or not events or len(events) > 100:
        raise argument("Invalid `events` param: Value must a valid array no longer than 100 items")
    bad = [e for e in events if not isinstance(e, str) or not valid_event(e)]
    if bad:
        raise argument(f"Invalid `events` param: Event is not valid: {bad[0]}")
    return events


class WebhookWorker:
    """Delivers one at a time; `tamper` may drop, double, delay or reorder what comes out of the queue."""

    def __init__(self, hooks: Hooks, send: Send, tamper: Tamper | None = None) -> None:
        self._hooks, self._send, self._tamper = hooks, send, tamper
        self._woken = asyncio.Event()
        self._late: set[asyncio.Task[None]] = set()
        self.delivered = 0
        self.busy = False
        hooks.wake = self._woken.set

    @property
    def waiting(self) -> int:
        """Return how many deliveries are queued, under way or held back."""
        return len(self._hooks.queue) + self.busy + len(self._late)

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._woken.clear()
            while self._hooks.queue:
                await self._next(self._hooks.queue.popleft())
            await self._woken.wait()

    async def _next(self, delivery: Delivery) -> None:
        for one in [delivery] if self._tamper is None else self._tamper(delivery):
            if one.delay_secs > 0:
                task = asyncio.get_running_loop().create_task(self._later(one))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
            else:
                await self.deliver(one)

    async def _later(self, delivery: Delivery) -> None:
        await asyncio.sleep(delivery.delay_secs)
        await self.deliver(delivery)

    async def deliver(self, delivery: Delivery) -> None:
        """Make one delivery, without repeat."""
        if not self._hooks.wanted(delivery):
            return
        self.busy = True
        try:
            async with asyncio.timeout(TIMEOUT_SECS):
                status = await self._send(delivery.url, delivery.headers, delivery.body)
            self._hooks.settle(delivery, status)
        except Exception as error:
            self._hooks.settle(delivery, 0, f"{type(error).__name__}: {error}"[:500])
        finally:
            self.busy = False
            self.delivered += 1
