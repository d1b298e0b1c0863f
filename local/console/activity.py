"""What the functions did: one row per activation, kept in a file beside the store."""

import json
import os
import sqlite3
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.origin import Calls, Origin
from local.store_file import unwritable

MOST_ROWS = 200_000
MOST_LINES = 200
MOST_EVENT = 50_000
REFUSED = "refused"
_BAD_REQUEST = "bad_request"
# What a caller proves itself by is nobody's to read again, and a replay here does without.
_PROOFS = frozenset({"x-require-whisk-auth", "authorization", "cookie"})
_WEBHOOK = "x-appwrite-webhook-"
_CREATE = (
    "CREATE TABLE IF NOT EXISTS activations (seq INTEGER PRIMARY KEY, function TEXT NOT NULL, activation TEXT NOT NULL,"
    " started REAL NOT NULL, duration_ms REAL NOT NULL, status TEXT NOT NULL, cold INTEGER NOT NULL,"
    " lines TEXT NOT NULL)"
)
_CALLS = ("feed_calls", "feed_ms", "store_calls", "store_ms")
# A file of an earlier version has none of these.
_ADDED = {
    "event": "TEXT NOT NULL DEFAULT ''",
    "parent": "TEXT NOT NULL DEFAULT ''",
    **dict.fromkeys(_CALLS, "REAL"),
}
_COLUMNS = "function, activation, started, duration_ms, status, cold, lines"
_MARKS = "CREATE TABLE IF NOT EXISTS marks (key TEXT PRIMARY KEY, value TEXT NOT NULL)"
_INDEX = "CREATE INDEX IF NOT EXISTS by_started ON activations (started)"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One activation; `status` is ok, `refused_` and a status for a caller's fault, or the kind of its error.

    `started` is an aware UTC instant, `event` the JSON it was started with, empty where nobody kept it, and `parent`
    the activation that started it.
    """

    function: str
    activation: str
    started: datetime
    duration_ms: float
    status: str
    cold: bool
    lines: tuple[str, ...] = ()
    event: str = ""
    parent: str = ""

    @property
    def failed(self) -> bool:
        """Tell whether it failed: what a caller was refused did not."""
        return self.status != "ok" and not _is_refused(self.status)

    @property
    def ended(self) -> datetime:
        """Return when it ended."""
        return self.started + timedelta(milliseconds=self.duration_ms)


@dataclass(frozen=True, slots=True)
class Totals:
    """What one function did over a stretch of time; durations in milliseconds.

    `failures` leaves out what a caller was refused. `calls` are those of the runs whose calls were counted, None where
    none were.
    """

    function: str
    runs: int
    failures: int
    cold: int
    mean_ms: float
    p95_ms: float
    longest_ms: float
    last: datetime
    calls: Calls | None = None
    refused: int = 0


def path_beside(store: str | Path) -> Path:
    """Return the file that holds the activity of an embedded store's file."""
    return Path(f"{store}-activity")


def status_of(answer: Mapping[str, Any], origin: Origin | None = None) -> str:
    """Return `ok`, or the kind of error that an activation's answer tells of.

    A 4xx is the fault of who called: one from outside was `refused`, one of the suite's own calls failed.
    """
    error = answer.get("error")
    if isinstance(error, Mapping):
        if error.get("kind") == _BAD_REQUEST and origin is not None and _from_outside(origin):
            return f"{REFUSED}_400"
        return str(error.get("kind") or error.get("code") or "error")
    if error:
        return "error"
    if int(answer.get("statusCode", 200)) >= 400:
        outside = origin is not None and int(answer["statusCode"]) < 500 and _from_outside(origin)
        return f"{REFUSED if outside else 'http'}_{answer['statusCode']}"
    body = answer.get("body", answer)
    polled = body.get("polled") if isinstance(body, Mapping) else 0
    return "no_poll_done" if polled and len(body.get("failures") or ()) == polled else "ok"


class Activity:
    """Appends and reads activations; `:memory:` keeps them in this process only."""

    def __init__(self, path: str | Path = ":memory:", *, read_only: bool = False) -> None:
        self._path, self._read_only = str(path), read_only
        self._kept = None if read_only else self._open()
        if self._kept is not None:
            weakref.finalize(self, self._kept.close)
        self._written = 0

    def _open(self) -> sqlite3.Connection:
        if self._path != ":memory:":
            # Answers may quote what a function was given: for the owner's eyes only.
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=OFF")
        db.execute(_CREATE)
        there = _columns(db)
        for column, kind in _ADDED.items():
            if column not in there:
                db.execute(f"ALTER TABLE activations ADD COLUMN {column} {kind}")
        db.execute(_INDEX)
        db.execute(_MARKS)
        return db

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection | None]:
        """Return a connection to read by, None where nothing has been recorded yet."""
        if self._kept is not None:
            yield self._kept
        elif not Path(self._path).exists():
            yield None
        else:
            with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as db:
                yield db

    def mark_feed(self, *, generated: bool) -> None:
        """Note what the store is filled from; once it held real data it counts as real for good."""
        if self._kept is not None and not (generated and self._feed() == "real"):
            word = "generated" if generated else "real"
            self._kept.execute("INSERT OR REPLACE INTO marks VALUES ('feed', ?)", (word,))

    @property
    def generated(self) -> bool:
        """Tell whether the store is known to hold generated data only."""
        return self._feed() == "generated"

    def _feed(self) -> str:
        with self._reader() as db:
            row = db.execute("SELECT value FROM marks WHERE key = 'feed'").fetchone() if db is not None else None
        return str(row[0]) if row else ""

    def append(
        self,
        function: str,
        activation: str,
        started: datetime,
        duration_ms: float,
        status: str = "ok",
        cold: bool = False,
        lines: Sequence[str] = (),
        event: Mapping[str, Any] | None = None,
        parent: str = "",
        calls: Calls | None = None,
    ) -> None:
        """Record one activation that has ended; ValueError on a recorder that was opened to read."""
        if self._kept is None:
            raise ValueError("this activity file was opened to be read")
        kept = json.dumps(list(lines)[-MOST_LINES:], ensure_ascii=False)
        given = json.dumps(_unproved(event), ensure_ascii=False, default=str) if event is not None else ""
        values = (function, activation, started.timestamp(), duration_ms, status, int(cold), kept)
        # A part of an event would start something else: one that is too long is not kept at all.
        asked = (calls.feed_calls, calls.feed_ms, calls.store_calls, calls.store_ms) if calls else (None,) * 4
        self._kept.execute(
            f"INSERT INTO activations ({_COLUMNS}, {', '.join(_ADDED)}) VALUES ({', '.join('?' * 13)})",
            (*values, given if len(given) <= MOST_EVENT else "", parent, *asked),
        )
        self._written += 1
        if self._written % 1000 == 0:
            self._kept.execute(
                "DELETE FROM activations WHERE seq <= (SELECT max(seq) FROM activations) - ?", (MOST_ROWS,)
            )

    def on_done(
        self,
        function: str,
        activation: str,
        began: datetime,
        spent_ms: float,
        answer: dict[str, Any],
        cold: bool = False,
    ) -> None:
        """Record an activation as a simulated platform tells of it."""
        self.append(function, activation, began, spent_ms, status_of(answer), cold, _told(answer))

    def on_world(
        self, function: str, activation: str, began: datetime, spent_ms: float, answer: dict[str, Any], origin: Origin
    ) -> None:
        """Record an activation as a world tells of it, with its event and its parent."""
        told = status_of(answer, origin), False, _told(answer), origin.event, origin.parent, origin.calls
        try:
            self.append(function, activation, began, spent_ms, *told)
        except sqlite3.OperationalError as error:
            # A full disk costs the record, and not what the functions do next.
            if not unwritable(error):
                raise

    def totals(self, since: datetime, until: datetime) -> list[Totals]:
        """Return what each function did from `since` to before `until`, busiest first."""
        with self._reader() as db:
            if db is None:
                return []
            known = _columns(db)
            asked = ", ".join(name if name in known else "NULL" for name in _CALLS)
            rows = db.execute(
                f"SELECT function, duration_ms, status, cold, started, {asked} FROM activations"
                " WHERE started >= ? AND started < ? ORDER BY duration_ms",
                (since.timestamp(), until.timestamp()),
            ).fetchall()
        by: dict[str, list[Any]] = {}
        for row in rows:
            by.setdefault(row[0], []).append(row)
        return sorted((_total(name, of) for name, of in by.items()), key=lambda t: (-t.runs, t.function))

    def latest(
        self,
        since: datetime,
        until: datetime,
        *,
        limit: int = 50,
        failed_only: bool = False,
        function: str = "",
        activation: str = "",
    ) -> list[Invocation]:
        """Return the newest activations of a stretch of time, newest first."""
        where = "started >= ? AND started < ?"
        values: list[Any] = [since.timestamp(), until.timestamp()]
        if failed_only:
            where += f" AND status <> 'ok' AND status NOT LIKE '{REFUSED}|_%' ESCAPE '|'"
        if function:
            where, values = where + " AND function = ?", [*values, function]
        if activation:
            where, values = where + " AND activation = ?", [*values, activation]
        with self._reader() as db:
            if db is None:
                return []
            # A file of an earlier version has no events.
            added = ", event, parent" if _columns(db).issuperset(("event", "parent")) else ", '', ''"
            rows = db.execute(
                f"SELECT {_COLUMNS}{added} FROM activations WHERE {where} ORDER BY started DESC, seq DESC LIMIT ?",
                (*values, limit),
            ).fetchall()
        return [_invocation(*row) for row in rows]

    def one(self, activation: str) -> Invocation | None:
        """Return an activation by its id, None where it is not kept."""
        first, last = datetime.fromtimestamp(0, UTC), datetime(9999, 1, 1, tzinfo=UTC)
        return next(iter(self.latest(first, last, limit=1, activation=activation)), None)

    def named(self, text: str) -> Invocation | None:
        """Return the activation of an id or of its beginning, None where it names none or more than one."""
        with self._reader() as db:
            if db is None:
                return None
            found = db.execute(
                "SELECT DISTINCT activation FROM activations WHERE substr(activation, 1, ?) = ? LIMIT 2",
                (len(text), text),
            ).fetchall()
        if len(found) != 1:
            return self.one(text)
        return self.one(found[0][0])

    def close(self) -> None:
        """Close the file."""
        if self._kept is not None:
            self._kept.close()


def _columns(db: sqlite3.Connection) -> set[str]:
    return {str(row[1]) for row in db.execute("PRAGMA table_info(activations)")}


def _invocation(
    function: str,
    activation: str,
    started: float,
    duration_ms: float,
    status: str,
    cold: int,
    lines: str,
    event: str,
    parent: str,
) -> Invocation:
    at, told = datetime.fromtimestamp(started, UTC), tuple(json.loads(lines))
    return Invocation(function, activation, at, duration_ms, status, bool(cold), told, event, parent)


def _unproved(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event without what its caller proved itself by."""
    http = event.get("http")
    if not isinstance(http, Mapping) or not isinstance(http.get("headers"), Mapping):
        return dict(event)
    headers = {name: value for name, value in http["headers"].items() if str(name).lower() not in _PROOFS}
    return {**event, "http": {**http, "headers": headers}}


def _is_refused(status: str) -> bool:
    return status.startswith(f"{REFUSED}_")


def _from_outside(origin: Origin) -> bool:
    """Tell whether somebody called, over HTTP or from a terminal: neither a function nor a webhook of the store."""
    http = origin.event.get("http")
    headers = http.get("headers") if isinstance(http, Mapping) else None
    named = isinstance(headers, Mapping) and any(str(name).lower().startswith(_WEBHOOK) for name in headers)
    return not origin.parent and not named


def _total(name: str, rows: Sequence[Any]) -> Totals:
    spent = [row[1] for row in rows]
    return Totals(
        function=name,
        runs=len(rows),
        failures=sum(row[2] != "ok" and not _is_refused(row[2]) for row in rows),
        refused=sum(_is_refused(row[2]) for row in rows),
        cold=sum(row[3] for row in rows),
        mean_ms=sum(spent) / len(spent),
        p95_ms=spent[min(len(spent) - 1, int(len(spent) * 0.95))],
        longest_ms=spent[-1],
        last=datetime.fromtimestamp(max(row[4] for row in rows), UTC),
        calls=_calls([row[5:] for row in rows if row[5] is not None]),
    )


def _calls(rows: Sequence[Sequence[float]]) -> Calls | None:
    if not rows:
        return None
    feed_calls, feed_ms, store_calls, store_ms = (sum(column) for column in zip(*rows, strict=True))
    return Calls(int(feed_calls), feed_ms, int(store_calls), store_ms)


def _told(answer: Mapping[str, Any]) -> list[str]:
    error = answer.get("error")
    failures = answer.get("failures") or []
    told = [f"error: {error.get('message', error) if isinstance(error, Mapping) else error}"] if error else []
    return told + [f"{f.get('item')}: {f.get('error')}" for f in failures if isinstance(f, Mapping)]
