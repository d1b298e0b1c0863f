"""What the daily imports share: their day, what differs from what is stored, and the note of how far they are."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from appwrite.query import Query

from raceday.call import Call
from raceday.clock import iso
from raceday.container import Container
from raceday.errors import (
    BadRequest,
    FeedError,
    FeedNotFound,
    FilteredOut,
    PayloadError,
    RaceDayError,
    StoreError,
    StoreInvalid,
)
from raceday.ids import row_key
from raceday.importing.quarantine import keep
from raceday.racing.nzday import race_day
from raceday.store.port import Row
from raceday.tables import RACES, SUITE_STATE

IMPORT, DONE, OPEN, EMPTY = "import", "done", "open", "empty"
RESERVE_SECS = 4.0
# As many values as one query takes.
MOST_VALUES = 100
T = TypeVar("T")


# What is wrong with one item alone, whatever the others meet.
_OWN = (FeedNotFound, PayloadError, StoreInvalid)


@dataclass(slots=True)
class Report:
    """What one import did; `failures` names each item that could not be imported and why."""

    day: date
    stored: dict[str, int] = field(default_factory=dict)
    changed: int = 0
    cut: int = 0
    failures: list[dict[str, str]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    trouble: Exception | None = None

    def count(self, what: str, number: int = 1) -> None:
        """Add to what is stored."""
        self.stored[what] = self.stored.get(what, 0) + number

    def fail(self, item: str, error: Exception) -> None:
        """Add a failure, and keep the first that is the feed's or the store's trouble and not the item's own."""
        if isinstance(error, (FeedError, StoreError)) and not isinstance(error, _OWN) and self.trouble is None:
            self.trouble = error
        cause = error.cause if isinstance(error, FeedError) else type(error).__name__
        self.failures.append({"item": item, "cause": cause, "message": str(error).removeprefix(f"{item}: ")[:300]})

    def result(self) -> dict[str, Any]:
        """Return the import's answer; raises nothing."""
        return {
            "ok": True,
            "date": self.day.isoformat(),
            "stored": self.stored,
            "rows_changed": self.changed,
            "texts_cut": self.cut,
            "failures": self.failures,
            **self.extra,
        }


def day_of(call: Call) -> date:
    """Return the NZ race day to import: the parameter `date`, else the day it is in New Zealand."""
    call.allow("date")
    asked = call.params.get("date")
    if asked is None:
        return race_day(call.clock.now())
    try:
        return date.fromisoformat(asked) if isinstance(asked, str) and len(asked) == 10 else _no_date(asked)
    except ValueError:
        return _no_date(asked)


def _no_date(asked: object) -> date:
    raise BadRequest("date", "a date as YYYY-MM-DD", asked)


async def each(
    items: Iterable[T],
    at_once: int,
    work: Callable[[T], Awaitable[None]],
    name: Callable[[T], str],
    container: Container,
    report: Report,
    secs: float,
) -> list[T]:
    """Do `work` on every item, some at once; what fails is reported, and one failure never stops the rest.

    Gives the items that `secs` seconds were too short for.
    """
    gate = asyncio.Semaphore(at_once)
    left = dict(enumerate(items))

    async def one(at: int, item: T) -> None:
        async with gate:
            try:
                await work(item)
            except PayloadError as error:
                report.fail(name(item), error)
                await keep(container, error, name(item))
            except FilteredOut as error:
                report.extra.setdefault("filtered", []).append({"item": name(item), "rule": error.rule})
            except RaceDayError as error:
                report.fail(name(item), error)
            except Exception as error:
                # Nobody foresaw this one; the others are not to pay for it.
                container.log.error("import.crashed", item=name(item), error=type(error).__name__, message=str(error))
                report.fail(name(item), error)
            left.pop(at)

    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, secs)):
            await asyncio.gather(*(one(at, item) for at, item in tuple(left.items())))
    return list(left.values())


async def stored_races(container: Container, day: date) -> list[Row]:
    """Return every stored race of an NZ race day, in order of their starts."""
    rows = await container.store.find(RACES, [Query.equal("raceDateNz", [day.isoformat()])])
    return sorted(rows, key=lambda row: (row["startTime"], row["$id"]))


async def note(container: Container, function: str, day: date, status: str, data: Mapping[str, Any]) -> None:
    """Keep how far an import is, for its successor and for its own next run; failing to is no failure of the import."""
    row = {
        "kind": IMPORT,
        "name": function,
        "status": status,
        "at": iso(container.clock.now()),
        "data": json.dumps({"date": day.isoformat(), **data}),
    }
    try:
        await container.store.upsert(SUITE_STATE, row_key(IMPORT, function), row)
    except StoreError as error:
        container.log.warning("import.unnoted", function=function, message=str(error))


def raise_if_nothing_imported(report: Report, whole: int) -> None:
    """Raise where nothing at all could be imported, for the feed's or the store's trouble or for all of the `whole`.

    Single items that cannot be read are failures of their own; a day of nothing else is the feed's. Items that the
    feed does not know never are.
    """
    if report.stored:
        return
    if report.trouble is not None:
        kind = StoreError if isinstance(report.trouble, StoreError) else FeedError
        raise kind(f"nothing could be imported: {report.trouble}") from report.trouble
    unread = [failure for failure in report.failures if failure["cause"] != FeedNotFound.cause]
    if whole and len(unread) >= whole:
        raise FeedError(f"nothing could be imported: {unread[0]['message']}")
