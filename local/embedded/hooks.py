"""Webhooks: subscriptions, and deliveries as Appwrite makes them: serial, signed, at most once, never repeated."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from local.embedded.errors import argument, exists, missing
from local.embedded.rows import Fired

MOST_FAILURES = 10
TIMEOUT_SECS = 15.0
USER_AGENT = "Appwrite-Server v1.9.6. Please report abuse at security@appwrite.io"
ACTIONS = ("create", "update", "delete")
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
        """Give the subscription as an answer has it; its secret is told once, when it is made."""
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


def event_names(database: str, table: str, row: str, action: str) -> list[str]:
    """Give every name of an event, with and without wildcards, in both forms, the concrete ones first."""
    names = []
    for one, many in (("tables", "rows"), ("collections", "documents")):
        for d in (database, "*"):
            for t in (table, "*"):
                for r in (row, "*"):
                    names += [f"databases.{d}.{one}.{t}.{many}.{r}.{action}", f"databases.{d}.{one}.{t}.{many}.{r}"]
                names.append(f"databases.{d}.{one}.{t}")
            names.append(f"databases.{d}")
    return sorted(set(names), key=lambda n: (n.count("*"), -n.count("."), n))


def php_json(value: Any) -> bytes:
    """Write JSON as PHP does: other letters as \\uXXXX, slashes escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def signature(secret: str, url: str, body: bytes) -> str:
    """Give a delivery's signature: base64 of HMAC-SHA1 over the decoded URL and the body."""
    return base64.b64encode(hmac.new(secret.encode(), unquote(url).encode() + body, hashlib.sha1).digest()).decode()


def valid_event(name: str) -> bool:
    """Tell whether a subscription may name an event; Appwrite's validator does not know `upsert`."""
    parts = name.split(".")
    return parts[0] == "databases" and 2 <= len(parts) <= 7 and (len(parts) < 7 or parts[6] in ACTIONS)


@dataclass(slots=True)
class Hooks:
    """Subscriptions and the queue of deliveries that wait."""

    project: str
    new_id: Callable[[], str]
    hooks: dict[str, Hook] = field(default_factory=dict)
    queue: deque[Delivery] = field(default_factory=deque)
    wake: Callable[[], None] = lambda: None

    def add(self, body: dict[str, Any], stamp: str) -> Hook:
        """Make a subscription."""
        hook_id = str(body.get("webhookId") or "")
        events = _events(body)
        if hook_id in self.hooks:
            raise exists("webhook", hook_id)
        secret = str(body.get("secret") or self.new_id() + self.new_id())
        if not 8 <= len(secret) <= 256:
            raise argument("Invalid `secret` param: Value must be a valid string and at least 8 chars")
        made = Hook(hook_id, str(body.get("name", "")), str(body.get("url", "")), events, secret, created=stamp)
        made.enabled, made.tls = bool(body.get("enabled", True)), bool(body.get("tls", True))
        self.hooks[hook_id] = made
        return made

    def get(self, hook_id: str) -> Hook:
        """Give a subscription; refuses one that does not exist."""
        if hook_id not in self.hooks:
            raise missing("webhook")
        return self.hooks[hook_id]

    def change(self, hook_id: str, body: dict[str, Any]) -> Hook:
        """Change a subscription; switching it on forgets its failures."""
        hook = self.get(hook_id)
        hook.name, hook.url, hook.events = (
            str(body.get("name", hook.name)),
            str(body.get("url", hook.url)),
            _events(body),
        )
        hook.enabled, hook.tls = bool(body.get("enabled", True)), bool(body.get("tls", hook.tls))
        if hook.enabled:
            hook.attempts = 0
        return hook

    def enqueue(self, fired: Iterable[tuple[Fired, dict[str, Any]]]) -> None:
        """Queue a delivery of each event for each subscription that asks for it."""
        if not self.hooks:
            return
        for event, row in fired:
            names = event_names(event.table.database, event.table.id, row["$id"], event.action)
            asked = set(names)
            for hook in self.hooks.values():
                if hook.enabled and asked & set(hook.events):
                    self.queue.append(self._delivery(hook, event, row, names))
        self.wake()

    def _delivery(self, hook: Hook, event: Fired, row: dict[str, Any], names: list[str]) -> Delivery:
        told = dict(row)
        if event.bulk or event.from_transaction:
            told["$collection"] = f"database_1_collection_{event.table.sql[2:]}"
        if event.from_transaction:
            told["$collectionId"] = event.table.id
            told.pop("$databaseId", None)
        body = php_json(told)
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
        if hook is None:
            return
        if 0 < status < 400:
            hook.attempts = 0
            return
        hook.attempts += 1
        hook.logs = text or f"answered {status}"
        if hook.attempts >= MOST_FAILURES:
            hook.enabled = False


def _events(body: dict[str, Any]) -> list[str]:
    events = body.get("events")
    if not isinstance(events, list) or not events or len(events) > 100:
        raise argument("Invalid `events` param: Value must a valid array no longer than 100 items")
    if bad := next((e for e in events if not isinstance(e, str) or not valid_event(e)), None):
        raise argument(f"Invalid `events` param: Event is not valid: {bad}")
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
        """Give how many deliveries are queued, under way or held back."""
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
