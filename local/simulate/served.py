"""What the feed answered on a simulated day, kept as it went out: what an oracle reads anew."""

import json
import re
import zlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

_MADE = re.compile(rb'"generated_time": ?"([^"]+)"')
_HEAD_BYTES = 600
_MS = timedelta(milliseconds=1)
# A container's clock is set by the feed's, to the second: an answer without a time is found by its receipt, about.
UNCLOCKED = timedelta(seconds=5)
SLOW = timedelta(seconds=2)
ENTRANTS = "daily-entrants"


@dataclass(frozen=True, slots=True)
class ServedAnswer:
    """One answer of 200 as `function` was sent it at `at`; `made` is the feed's own time, None where it names none.

    `tracked` tells whether the money tracker was asked for.
    """

    at: datetime
    function: str
    made: datetime | None
    packed: bytes
    tracked: bool = True

    @property
    def body(self) -> bytes:
        """Return the body as it was sent."""
        return zlib.decompress(self.packed)

    @property
    def whole(self) -> bool:
        """Tell whether the body is JSON to its end."""
        try:
            json.loads(self.body)
        except ValueError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class UserWrite:
    """A row that a user wrote in the course of the day, and from when to when it was on its way."""

    table: str
    row_id: str
    row: Mapping[str, Any]
    begun: datetime
    done: datetime


@dataclass(frozen=True, slots=True)
class Beat:
    """What a watcher outside was told at an instant, by which function: that a tick did its work, or did not."""

    at: datetime
    function: str
    done: bool
    summary: str


@dataclass(frozen=True, slots=True)
class Alarmed:
    """One message of alarms to the operator: each one's kind and text."""

    at: datetime
    kinds: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Record:
    """Every answer of a day: events by race id, pages of the meeting list, and single meetings, in order of time.

    `imported` are the instants at which an import of the lists had stored all that it was served, `fell_back` the
    races whose totals went from one poll back to an older one, for a while at least, `unlinked` those that were
    created without their meeting. `outcomes` is what polls told of their orders, each with its container's number,
    `user_writes` what a user changed in the course of the day. `beats` and `alarms` are what was told outside, `ticks`
    what was answered of each tick that came to its end, the watchdog's included, `looks_handed` the races whose
    results a poller was started to look at, in order.
    """

    events: dict[str, list[ServedAnswer]] = field(default_factory=lambda: defaultdict(list))
    lists: list[ServedAnswer] = field(default_factory=list)
    meetings: dict[str, list[ServedAnswer]] = field(default_factory=lambda: defaultdict(list))
    imported: list[datetime] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    fell_back: list[tuple[str, int, int]] = field(default_factory=list)
    unlinked: list[str] = field(default_factory=list)
    outcomes: list[Mapping[str, Any]] = field(default_factory=list)
    user_writes: list[UserWrite] = field(default_factory=list)
    beats: list[Beat] = field(default_factory=list)
    alarms: list[Alarmed] = field(default_factory=list)
    ticks: list[Mapping[str, Any]] = field(default_factory=list)
    looks_handed: list[tuple[datetime, tuple[str, ...]]] = field(default_factory=list)

    def keep(self, path: str, function: str, at: datetime, body: bytes, *, tracked: bool = True) -> None:
        """Keep the answer to a path below the feed's root: a room, and an id but for a list."""
        room, _, key = path.partition("/")
        answer = ServedAnswer(at, function, made_at(body), zlib.compress(body, 1), tracked)
        if room == "events":
            self.events[key].append(answer)
        elif room == "meetings" and key:
            self.meetings[key].append(answer)
        elif room == "meetings":
            self.lists.append(answer)

    def total(self, race_id: str, n: int) -> None:
        """Be told of the poll that a race's totals were just written from: an older one after a newer is a fault."""
        if n < (was := self.totals.get(race_id, 0)):
            self.fell_back.append((race_id, was, n))
        self.totals[race_id] = n

    def race_created(self, row: Mapping[str, Any]) -> None:
        """Be told of a race's row as it was created: the client finds a race by its meeting from then on."""
        link = row.get("meeting")
        if (link.get("$id") if isinstance(link, Mapping) else link) != row["meetingId"]:
            self.unlinked.append(str(row["$id"]))

    def behind(self, race_id: str, generated: datetime, fetched: datetime) -> ServedAnswer | None:
        """Return the answer that a ledger row was made of: by the feed's own time, or by its receipt without one.

        A row keeps the millisecond that the time falls in. Two pollers that wake for one slot are answered within one,
        or on both sides of its end: a cut answer made no row.
        """
        answers = self.events.get(race_id, ())
        exact = [a for a in answers if a.made is not None and timedelta(0) <= a.made - generated < _MS]
        if len(exact) > 1:
            return min(exact, key=lambda a: (not a.whole, abs(a.at - fetched)))
        if exact:
            return exact[0]
        unclocked = [a for a in answers if a.made is None and abs(a.at - fetched) < UNCLOCKED]
        return min(unclocked, key=lambda a: abs(a.at - fetched), default=None)

    def import_of(self, race_id: str, until: datetime) -> ServedAnswer | None:
        """Return the event that an import noted at an instant was made of: the last one served up to then.

        It noted it by its own clock, which may be a little slow: then its answer came shortly after.
        """
        answers = self.events.get(race_id, [])
        i = bisect_right([a.at for a in answers], until)
        found = answers[i - 1] if i else None
        if found is not None and found.function == ENTRANTS:
            return found
        return next((a for a in answers[i:] if a.function == ENTRANTS and a.at <= until + SLOW), found)


def made_at(body: bytes) -> datetime | None:
    """Return the time that an answer's head names, to the microsecond, None where it names none."""
    found = _MADE.search(body[:_HEAD_BYTES])
    if found is None:
        return None
    text = re.sub(r"(\.\d{6})\d+", r"\1", found[1].decode())
    return datetime.fromisoformat(text)
