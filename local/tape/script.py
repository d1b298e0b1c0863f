"""What a ledger-driven replay works with: a clock that is set, the feed as it was, a store that remembers."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

import httpx

from local.tape.reader import Tape
from local.tape.scanning import TapeEntry, TapeError
from local.testing.memory_store import MemoryStore
from raceday.clock import iso
from raceday.feed.taping import Answer
from raceday.store.port import Op, Row
from raceday.tables import ENTRANTS, RACE_POLLS

# What a ledger row says of the run that made it and no answer of the feed can tell: read from the ledger.
OBSERVED = ("gaps", "feedCalls", "feedMs", "storeMs", "lateMs")


class SetClock:
    """A clock that stands where it is set, and moves on by what is slept; a task whose answer came has that instant."""

    speed = 1.0

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._begun = at
        # An import asks for several races at once: what it writes of each is of that race's own answer's instant.
        self._own: ContextVar[datetime | None] = ContextVar("own", default=None)

    def now(self) -> datetime:
        """Return the instant it was set to, in a task that was answered beside others that of its own answer."""
        return self._own.get() or self._at

    def monotonic(self) -> float:
        """Return the seconds since the replay began."""
        return (self._at - self._begun).total_seconds()

    async def sleep(self, secs: float) -> None:
        """Move on at once."""
        slept = timedelta(seconds=max(0.0, secs))
        self._at += slept
        if (own := self._own.get()) is not None:
            self._own.set(own + slept)
        await asyncio.sleep(0)

    def set(self, at: datetime) -> None:
        """Stand at an instant."""
        self._at = at
        self._own.set(None)

    def came(self, at: datetime) -> None:
        """Have the running task go on from its answer's instant."""
        self._own.set(at)


class ScriptedFeed(httpx.AsyncBaseTransport):
    """Answers each request with the next answer that the tape has for its URL among those it was given."""

    def __init__(self, tape: Tape, clock: SetClock) -> None:
        self._tape, self._clock = tape, clock
        self._waiting: dict[str, list[tuple[TapeEntry, datetime]]] = {}
        self._alone = False
        self._came: dict[str, datetime] = {}

    def give(self, entries: Sequence[TapeEntry], at: datetime | None = None, *, alone: bool = False) -> None:
        """Let these answers, and no others, be the next; `at` is the instant at which the only one came.

        `alone` they are part of an import: what else that asks for is not there for now, and not waited for.
        """
        self._waiting, self._alone, self._came = {}, alone, {}
        for entry in entries:
            self._waiting.setdefault(_place(entry.url), []).append((entry, at or entry.received))

    def heard(self, answer: Answer) -> None:
        """Be told in the task that asked that it has its answer: of several at once each goes on from its own."""
        if (at := self._came.pop(_place(answer.url), None)) is not None:
            self._clock.came(at)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the feed did; what it was not asked then is refused a connection."""
        waiting = self._waiting.get(_place(str(request.url)))
        if not waiting and self._alone:
            return httpx.Response(404, request=request)
        if not waiting:
            raise httpx.ConnectError("the tape has no further answer here", request=request)
        entry, at = waiting.pop(0)
        if len(self._waiting) > 1:
            self._clock.set(max(at, self._clock.now()))
            self._came[_place(entry.url)] = at
        else:
            self._clock.set(at)
        if entry.status == 0:
            kind = httpx.ReadTimeout if entry.error == "feed_timeout" else httpx.ConnectError
            raise kind(entry.error, request=request)
        try:
            head, body = self._tape.head(entry), self._tape.body(entry)
        except TapeError as error:
            raise httpx.ConnectError(str(error), request=request) from error
        headers = {k: v for k, v in head["headers"].items() if k in ("retry-after", "content-type")}
        return httpx.Response(entry.status, headers=headers, content=body, request=request)


def _place(url: str) -> str:
    """Return an URL without its base and without what only chooses parts of an answer."""
    path = httpx.URL(url)
    room = path.path.rsplit("/racing/", 1)[-1]
    return room if room.startswith("events/") else f"{room}?{path.query.decode()}"


class LedgerStore(MemoryStore):
    """A store in memory whose new ledger rows take from the recorded ones what no answer of the feed can tell."""

    def __init__(self, clock: SetClock, recorded: Mapping[str, Row]) -> None:
        super().__init__(clock.now)
        self._recorded = recorded
        # Where rows of a race may be elsewhere: brings them back before they are asked for.
        self.bring: Callable[[str], None] | None = None
        # A race whose entrants the running poll had read before they were there.
        self.unseen = ""

    async def find(
        self, table: str, queries: Sequence[str] = (), *, limit: int | None = None, select: Sequence[str] = ()
    ) -> list[Row]:
        """Return rows, those of a race that was put away too."""
        if self.unseen and table == ENTRANTS and self.unseen in _races(queries):
            return []
        if self.bring is not None:
            for race_id in _races(queries):
                self.bring(race_id)
        return await super().find(table, queries, limit=limit, select=select)

    def _apply(self, ops: Sequence[Op], *, fires: bool) -> int:
        return super()._apply([self._told(op) for op in ops], fires=fires)

    def _told(self, op: Op) -> Op:
        known = self._recorded.get(op.row_id) if op.table == RACE_POLLS and op.action == "create" else None
        if known is None:
            return op
        return op._replace(data={**op.data, **{column: known.get(column) for column in OBSERVED}})


def _races(queries: Sequence[str]) -> list[str]:
    asked = [json.loads(query) for query in queries]
    return [str(v) for q in asked if q["method"] == "equal" and q["attribute"] == "raceId" for v in q["values"]]


def row_data(row: Mapping[str, Any]) -> Row:
    """Return a stored row's own columns."""
    return {key: value for key, value in row.items() if not key.startswith("$")}


def stamp(at: datetime) -> str:
    """Return an instant as an event carries it."""
    return iso(at)
