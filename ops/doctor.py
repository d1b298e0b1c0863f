"""Checks of everything the suite stands on; each gives lines that say ok, warning or failing, and what to do."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import httpx
from appwrite.query import Query

from ops.migrate import advised, alterations, unsolved
from ops.schema import APPLY, MIGRATE, NEWER, Server, plan
from ops.webhooks import Webhooks, hook_id, taken_by
from ops.webhooks import plan as webhook_plan
from raceday.clock import SystemClock
from raceday.errors import FeedError, RaceDayError, SettingsError, StoreError
from raceday.feed.client import make_feed
from raceday.ids import SystemRandomSource, row_key
from raceday.log import Log
from raceday.racing.nzday import race_day
from raceday.scheduling.alarms import FAILING
from raceday.scheduling.health import NAME, troubles_of
from raceday.scheduling.state import HEALTH, PAUSE, PAUSED
from raceday.settings import Settings
from raceday.store.port import Op
from raceday.tables import SUITE_STATE
from raceday.tables.suite_state import PLAN, SCHEMA, schema_key

Level = Literal["ok", "warning", "failing"]
CLOCK_TOLERANCE_SECS = 5.0
TESTED_VERSION = "1.9"
HEALTH_AGE = timedelta(minutes=10)
PROBE = "doctor-probe"
# Of several that will do Appwrite names ours first.
SCOPE = re.compile(r'missing scopes \(\["([^"]+)"')


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One finding; `advice` says what to do where something is to be done."""

    level: Level
    what: str
    found: str
    advice: str = ""


def feed(settings: Settings) -> Iterator[Diagnosis]:
    """Check that the feed answers to our identification, and how its clock differs from ours."""
    if not settings.feed_from:
        yield Diagnosis(
            "failing", "feed", "not asked: identification is missing", "set NZTAB_FROM, NZTAB_PARTNER, NZTAB_PARTNER_ID"
        )
        return
    began = time.monotonic()
    try:
        meetings = asyncio.run(_meetings(settings))
    except FeedError as error:
        advice = (
            "check the partner headers with the vendor"
            if error.cause == "feed_refused"
            else "try again; is the network up?"
        )
        yield Diagnosis("failing", "feed", str(error), advice)
        return
    yield Diagnosis("ok", "feed", f"{meetings} meetings listed in {time.monotonic() - began:.1f} s")


async def _meetings(settings: Settings) -> int:
    clock = SystemClock()
    client = make_feed(settings, clock, SystemRandomSource(), Log(lambda _: None))
    try:
        return len(await client.meetings(race_day(clock.now())))
    finally:
        await client.aclose()


class StoreChecks:
    """Appwrite's checks, over one connection and with the key that may see schema and webhooks."""

    def __init__(self, settings: Settings, key: str, transport: httpx.BaseTransport | None = None) -> None:
        self._settings, self._key, self._transport = settings, key, transport
        self._http = httpx.Client(
            base_url=settings.store_endpoint,
            headers={
                "x-appwrite-project": settings.store_project,
                "x-appwrite-key": settings.store_key,
                "x-appwrite-response-format": "1.9.6",
            },
            timeout=15,
            transport=transport,
        )
        self._guest = httpx.Client(base_url=settings.store_endpoint, timeout=15, transport=transport)

    def lines(self) -> Iterator[Diagnosis]:
        """Check version, clock, adapter, key, tables, transactions, hooks, in turn; a dead server ends it at once."""
        checks: list[Callable[[], Iterator[Diagnosis]]] = [
            self.version, self.adapter, self.key, self.schema, self.transactions, self.webhooks, self.health,
            self.switches,
        ]  # fmt: skip
        for check in checks:
            try:
                yield from check()
            except httpx.HTTPStatusError as error:
                yield self._refused(check.__name__, error.response, admin=True)
            except httpx.HTTPError as error:
                yield Diagnosis(
                    "failing",
                    "appwrite",
                    f"no answer ({type(error).__name__})",
                    "check APPWRITE_ENDPOINT and the server",
                )
                return
            except SettingsError as error:
                yield Diagnosis("failing", check.__name__, str(error), "set it; docs/settings.md says what it means")
            except StoreError as error:
                advice = self._advice(error.kind, str(error), admin=True) or "see the message; is the key a right one?"
                yield Diagnosis("failing", check.__name__, str(error), advice)

    def version(self) -> Iterator[Diagnosis]:
        """Check the version, and the difference of clocks."""
        # A project's key may not ask for it, but anybody may.
        answer = self._guest.get("/health/version")
        found = answer.json().get("version", "") if answer.status_code == 200 else ""
        if found.startswith(TESTED_VERSION):
            yield Diagnosis("ok", "appwrite", f"version {found}")
        else:
            yield Diagnosis(
                "warning", "appwrite", f"version {found or 'unknown'}", f"the suite is tested on {TESTED_VERSION}.x"
            )
        if told := answer.headers.get("date"):
            yield _clock(parsedate_to_datetime(told))

    def adapter(self) -> Iterator[Diagnosis]:
        """Tell which database stands behind Appwrite, where a row of ours shows it: nothing here relies on which.

        MongoDB numbers rows by UUIDs and SQL by integers; MariaDB and MySQL find a text whatever its case.
        """
        row, _ = self._state(schema_key())
        if row is None or "$sequence" not in row:
            return
        if not str(row["$sequence"]).isdigit():
            yield Diagnosis("ok", "adapter", "MongoDB")
            return
        params = {"queries[0]": Query.equal("kind", [SCHEMA.upper()]), "queries[1]": Query.limit(1)}
        answer = self._http.get(f"/tablesdb/{self._settings.store_database}/tables/{SUITE_STATE}/rows", params=params)
        if answer.status_code == 200:
            yield Diagnosis("ok", "adapter", "MariaDB or MySQL" if answer.json()["rows"] else "PostgreSQL")

    def key(self) -> Iterator[Diagnosis]:
        """Check that the functions' key may read and write rows."""
        answer = self._http.get(f"/tablesdb/{self._settings.store_database}/tables/{SUITE_STATE}/rows")
        if answer.status_code == 200:
            yield Diagnosis("ok", "key", "the functions' key reads rows")
            return
        yield self._refused("key", answer)

    def schema(self) -> Iterator[Diagnosis]:
        """Check the tables against their declaration."""
        server = Server(self._settings, self._key, self._transport)
        changes = plan(server)
        newer = any(c.advice == NEWER for c in changes)
        by_hand = [] if newer else [c.what for c in unsolved(server, changes)]
        for change in changes:
            if change.refused and (not newer or change.advice):
                mended = "mend it by hand: it would lose data" if change.what in by_hand else MIGRATE
                yield Diagnosis("failing", "schema", f"{change.what}: {change.refused}", change.advice or mended)
        if newer:
            return
        missing = [c for c in changes if not c.refused]
        if missing:
            yield Diagnosis(
                "failing",
                "schema",
                f"{len(missing)} changes missing, first {missing[0].what}",
                advised(server, changes),
            )
        more = alterations(server)
        if more:
            yield Diagnosis("failing", "schema", f"{len(more)} steps to migrate, first {more[0].what}", MIGRATE)
        if not changes and not more:
            yield Diagnosis("ok", "schema", "every table is as declared")

    def transactions(self) -> Iterator[Diagnosis]:
        """Try a transaction for real: stage a row, roll back, and see that it is not there."""
        db = self._settings.store_database
        made = self._http.post("/tablesdb/transactions", json={"ttl": 60})
        if made.status_code != 201:
            if made.status_code == 404:
                found = f"404 {_kind(made)}"
                yield Diagnosis("failing", "transactions", found, "the suite needs Appwrite 1.8 or later")
            else:
                yield self._refused("transactions", made)
            return
        path = f"/tablesdb/transactions/{made.json()['$id']}"
        op = Op("create", SUITE_STATE, PROBE, {"kind": "probe", "name": "doctor"})
        staged = {"action": op.action, "databaseId": db, "tableId": op.table, "rowId": op.row_id, "data": dict(op.data)}
        answer = self._http.post(f"{path}/operations", json={"operations": [staged]})
        self._http.patch(path, json={"rollback": True})
        left = self._http.get(f"/tablesdb/{db}/tables/{SUITE_STATE}/rows/{PROBE}")
        if answer.status_code != 201:
            yield self._refused("transactions", answer, "staging answered ")
        elif left.status_code == 404:
            yield Diagnosis("ok", "transactions", "staged and rolled back")
        elif left.status_code == 200:
            found = f"{PROBE} of {SUITE_STATE} is there after the rollback"
            yield Diagnosis("failing", "transactions", found, f"delete it; is the server of {TESTED_VERSION}?")
        else:
            yield self._refused("transactions", left, "whether it rolled back: ")

    def webhooks(self) -> Iterator[Diagnosis]:
        """Check the subscriptions and their state."""
        hooks = Webhooks(self._settings, self._key, self._transport)
        for change in webhook_plan(self._settings, hooks.listed()):
            if change.action == "none":
                yield Diagnosis("ok", "webhook", f"{change.function}: subscribed")
            else:
                advice = "run `./raceday webhooks apply`"
                if change.action == "create":
                    ours = hook_id(self._settings, change.function)
                    advice += f"; should it say that {ours} is taken: {taken_by(self._settings)}"
                yield Diagnosis("failing", "webhook", f"{change.function}: {change.reason}", advice)

    def health(self) -> Iterator[Diagnosis]:
        """Check what the scheduler last wrote of the suite, and how long ago that was."""
        row, answer = self._state(row_key(HEALTH, NAME))
        if answer.status_code not in (200, 404):
            yield self._refused("health", answer, "not read: ")
            return
        if row is None:
            yield Diagnosis(
                "warning", "health", "the scheduler has not written yet", "deploy, and look again in 5 minutes"
            )
            return
        age = datetime.now(UTC) - datetime.fromisoformat(str(row["at"]))
        if age > HEALTH_AGE:
            found = f"last written {row['at']}"
            yield Diagnosis(
                "failing", "health", found, "the scheduler stands still: see its trigger and its activations"
            )
            return
        troubles = list(troubles_of(json.loads(row["data"])))
        for trouble in troubles:
            yield Diagnosis(
                "failing" if trouble.level == FAILING else "warning",
                "health",
                f"{trouble.key}: {trouble.text}",
                "see docs/operations.md",
            )
        if not troubles:
            yield Diagnosis("ok", "health", f"ok at {row['at']}")

    def switches(self) -> Iterator[Diagnosis]:
        """Say which functions are paused."""
        queries = [Query.equal("kind", [PAUSE]), Query.equal("status", [PAUSED]), Query.limit(100)]
        params = {f"queries[{i}]": query for i, query in enumerate(queries)}
        answer = self._http.get(f"/tablesdb/{self._settings.store_database}/tables/{SUITE_STATE}/rows", params=params)
        for row in answer.json().get("rows", []) if answer.status_code == 200 else []:
            name = "" if row["name"] == "all" else " " + row["name"]
            yield Diagnosis("warning", "paused", row["name"], f"run `./raceday resume{name}` when it may run again")

    def _state(self, row_id: str) -> tuple[dict[str, Any] | None, httpx.Response]:
        """Return a row of the suite's state, None where it was not given, and the answer."""
        answer = self._http.get(f"/tablesdb/{self._settings.store_database}/tables/{SUITE_STATE}/rows/{row_id}")
        return (answer.json() if answer.status_code == 200 else None), answer

    def _refused(self, what: str, answer: httpx.Response, found: str = "", *, admin: bool = False) -> Diagnosis:
        """Return the line of a request that was refused to a key: the scope that it lacks is named."""
        kind = _kind(answer)
        advice = self._advice(kind, _message(answer), admin=admin) or "check project and key"
        if answer.status_code >= 500:
            advice = "the server failed: see its logs, and try again"
        return Diagnosis("failing", what, f"{found}{answer.status_code} {kind}", advice)

    def _advice(self, kind: str, message: str, *, admin: bool) -> str:
        """Say what to do about a refusal, "" where its kind does not tell."""
        name = "APPWRITE_ADMIN_KEY" if admin else "APPWRITE_API_KEY"
        lacks = SCOPE.search(message)
        missing = f"the scope {lacks[1]}, which it lacks" if lacks else "its scopes"
        scoped = f"give {name} {missing}: docs/deploying.md lists what each key needs"
        if admin and self._key == self._settings.store_key:
            scoped = (
                f"set APPWRITE_ADMIN_KEY: the functions' key, which was used, lacks {lacks[1] if lacks else 'scopes'}"
            )
        return {
            "general_unauthorized_scope": scoped,
            "user_unauthorized": f"make a new key for {name}: this one is wrong or has expired",
            "database_not_found": APPLY,
            "table_not_found": PLAN,
        }.get(kind, "")


def _clock(theirs: datetime) -> Diagnosis:
    secs = abs((datetime.now(UTC) - theirs.astimezone(UTC)).total_seconds())
    if secs <= CLOCK_TOLERANCE_SECS:
        return Diagnosis("ok", "clock", f"within {max(1.0, secs):.0f} s of Appwrite's")
    return Diagnosis("warning", "clock", f"{secs:.0f} s from Appwrite's", "set this machine's clock")


def _kind(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("type", ""))
    except ValueError:
        return "an answer that is no JSON"


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("message", ""))
    except ValueError:
        return ""


def attempt(check: Callable[[], Iterator[Diagnosis]], what: str) -> list[Diagnosis]:
    """Run one check; an error of the suite's own is a failing line, and never the end of the others."""
    try:
        return list(check())
    except RaceDayError as error:
        return [Diagnosis("failing", what, str(error), "see the message")]


def as_json(lines: list[Diagnosis]) -> list[dict[str, Any]]:
    """Return findings as JSON-native values."""
    return [{"level": x.level, "what": x.what, "found": x.found, "advice": x.advice} for x in lines]
