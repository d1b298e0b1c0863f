"""Notifications as they must be: every proven movement between two columns, for everybody who asked for it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from local.simulate.oracle.differences import AnyOf, Findings, Near
from local.simulate.oracle.facts import OVER, Ledger, Poll
from local.simulate.oracle.movements import movements
from local.simulate.oracle.reading import stamp
from local.simulate.oracle.timeline import DueEntry, secs_left
from local.simulate.oracle.words import movement_words, reminder_words
from local.simulate.served import UserWrite
from raceday.store.port import Row
from raceday.tables import NOTIFICATIONS

_EDGE = Fraction(1, 10**9)
# A change of bands and filters counts a minute later at most: so long may whoever tells go by what it has read.
_OLD_FOR = timedelta(seconds=60)
# Clocks are right to the second where nothing is broken; else one may be set right, by minutes, after it has read.
_CLOCKS_SOUND, _CLOCKS_BROKEN = timedelta(seconds=2), timedelta(minutes=12)
# Where nothing is broken a poll's alerts are told within so long.
_TOLD_WITHIN = timedelta(minutes=2)
Key = tuple[str, str, str | None, int, str]


@dataclass(frozen=True, slots=True)
class JudgedUser:
    """Somebody with bands: (from, to or None, colour) of those that are on, and what is let through by kind."""

    id: str
    bands: tuple[tuple[Fraction, Fraction | None, str], ...]
    audible: bool
    filters: Mapping[str, set[str]]

    def wants(self, race_id: str, poll: Poll) -> bool:
        """Tell whether the filters let a race through."""
        columns = poll.reading.columns
        facts = {"country": columns["country"], "code": columns["type"], "meeting": columns["meetingId"]}
        facts["race"] = race_id
        return all(facts.get(kind, "") in values for kind, values in self.filters.items())

    def colours(self, value: Fraction, *, exact: bool) -> set[str | None]:
        """Return the colour of the band that holds a value; of both beside an edge where it was rounded on its way."""
        return {self._colour(at) for at in ((value,) if exact else (value - _EDGE, value, value + _EDGE))}

    def _colour(self, value: Fraction) -> str | None:
        return next((c for low, high, c in self.bands if low <= value and (high is None or value < high)), None)


@dataclass(frozen=True, slots=True)
class Mind:
    """What one user wanted in the course of a day: `was` up to `until`, `now` from `since` on, between them either."""

    was: JudgedUser
    now: JudgedUser
    until: datetime = datetime.max
    since: datetime = datetime.max

    def at(self, poll: Poll) -> tuple[JudgedUser, ...]:
        """Return what the user may be told by of one poll."""
        if self.was == self.now:
            return (self.now,)
        fetched = datetime.fromisoformat(poll.fetched)
        return (self.now,) if fetched >= self.since else (self.was,) if fetched < self.until else (self.was, self.now)


def minds_of(
    was: Sequence[JudgedUser], now: Sequence[JudgedUser], writes: Sequence[UserWrite], *, sound: bool
) -> list[Mind]:
    """Join the users of a day's begin and end by what was written between; broken days may tell of old polls late."""
    if not writes:
        return [Mind(user, user) for user in now]
    before = {user.id: user for user in was}
    since = max(write.done for write in writes) + _OLD_FOR + (_CLOCKS_SOUND if sound else _CLOCKS_BROKEN)
    begun = min(write.begun for write in writes)
    until = begun - _TOLD_WITHIN if sound else datetime.min.replace(tzinfo=begun.tzinfo)
    return [Mind(before.get(user.id, user), user, until, since) for user in now]


def users_of(configs: Sequence[Row], filters: Sequence[Row]) -> list[JudgedUser]:
    """Read the users from their rows; of two rows for one band the first by id counts."""
    bands: dict[str, dict[int, Row]] = defaultdict(dict)
    for row in sorted(configs, key=lambda row: str(row["$id"])):
        bands[row["userId"]].setdefault(row["displayOrder"], row)
    wanted: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in filters:
        wanted[row["userId"]][row["kind"]].add(row["value"])
    return [
        JudgedUser(
            user,
            tuple(_band(rows[order]) for order in sorted(rows) if rows[order]["enabled"]),
            any(row["audibleAlertsEnabled"] is not False for row in rows.values()),
            wanted.get(user, {}),
        )
        for user, rows in bands.items()
    ]


def _band(row: Row) -> tuple[Fraction, Fraction | None, str]:
    high = row["percentageRangeMax"]
    return Fraction(row["percentageRangeMin"]), None if high is None else Fraction(high), row["color"]


def judge_alerts(
    rows: Sequence[Row],
    minds: Sequence[Mind],
    ledgers: Mapping[str, Ledger],
    timelines: Mapping[str, Sequence[DueEntry]],
    findings: Findings,
) -> None:
    """Compare the notifications: expected, missing, unexpected, doubled and wrong; told once, and never changed."""
    wanted: dict[Key, dict[str, Any]] = {}
    either: set[Key] = set()
    for race_id, ledger in ledgers.items():
        for key, row, sure in _race(ledger, timelines[race_id], minds):
            wanted[key] = row
            if not sure:
                either.add(key)
    findings.match(NOTIFICATIONS, rows, wanted, _key, race_of=lambda key: key[1], either=either)
    for row in rows:
        if row["$updatedAt"] != row["$createdAt"]:
            findings.add(NOTIFICATIONS, "changed", race=row["raceId"], key=row["$id"])


def _key(row: Row) -> Key:
    return row["userId"], row["raceId"], row.get("entrantId"), int(row["timeInterval"]), row["type"]


def _race(
    ledger: Ledger, timeline: Sequence[DueEntry], minds: Sequence[Mind]
) -> Iterator[tuple[Key, dict[str, Any], bool]]:
    race_id = ledger.race_id
    labels = [entry for entry in timeline if entry.is_label]
    for before, now in pairwise(labels):
        if now.poll.status in OVER:
            continue
        for found in movements(before, now):
            entrant, kind, value, proven = found[:4]
            words = movement_words(before, now, found)
            for mind in minds:
                forms = mind.at(now.poll)
                wanting = [user for user in forms if user.wants(race_id, now.poll)]
                # Odds are decimals and so is their change; shares are worked out in floating point.
                colours = {color for user in wanting for color in user.colours(value, exact=kind == "odds")}
                if colours - {None}:
                    columns = {"entrantId": entrant, "value": Near(value), "color": AnyOf(tuple(colours)), **words}
                    sure = proven and None not in colours and len(wanting) == len(forms)
                    yield _told(mind.now, race_id, now.poll, now.interval or 0, kind, columns, sure=sure)
    reminder = last_minute(ledger)
    if reminder is None:
        return
    for mind in minds:
        forms = mind.at(reminder)
        wanting = [user for user in forms if user.audible and user.wants(race_id, reminder)]
        if wanting:
            columns = {"entrantId": None, "value": None, "color": None, **reminder_words(reminder)}
            yield _told(mind.now, race_id, reminder, 1, "reminder", columns, sure=len(wanting) == len(forms))


def last_minute(ledger: Ledger) -> Poll | None:
    """Return the first poll of an open race in the minute before its start, of which users are reminded."""
    return next((p for p in ledger.polls if p.status == "Open" and 0 <= secs_left(p) <= 60), None)


def _told(
    user: JudgedUser, race_id: str, poll: Poll, interval: int, kind: str, columns: dict[str, Any], *, sure: bool
) -> tuple[Key, dict[str, Any], bool]:
    row = {
        "userId": user.id,
        "raceId": race_id,
        "type": kind,
        "timeInterval": interval,
        "eventTimestamp": stamp(poll.slot),
        "read": False,
        **columns,
    }
    return (user.id, race_id, columns["entrantId"], interval, kind), row, sure
