"""Notifications as they must be: every proven movement between two columns, for everybody who asked for it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from local.simulate.oracle.differences import AnyOf, Findings, Near
from local.simulate.oracle.facts import OVER, Ledger, Poll
from local.simulate.oracle.movements import movements
from local.simulate.oracle.reading import stamp
from local.simulate.oracle.timeline import DueEntry, secs_left
from raceday.store.port import Row
from raceday.tables import NOTIFICATIONS

_EDGE = Fraction(1, 10**9)
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
    rows: Sequence[Row], configs: Sequence[Row], filters: Sequence[Row], ledgers: Mapping[str, Ledger],
    timelines: Mapping[str, Sequence[DueEntry]],
    findings: Findings,
) -> None:  # fmt: skip
    """Compare the notifications: expected, missing, unexpected, doubled and wrong; told once, and never changed."""
    users = users_of(configs, filters)
    wanted: dict[Key, dict[str, Any]] = {}
    either: set[Key] = set()
    for race_id, ledger in ledgers.items():
        for key, row, sure in _race(ledger, timelines[race_id], users):
            wanted[key] = row
            if not sure:
                either.add(key)
    findings.match(NOTIFICATIONS, rows, wanted, _key, race_of=lambda key: key[1], either=either)
    for row in rows:
        polls = ledgers[row["raceId"]].polls if row["raceId"] in ledgers else ()
        line = polls[-1].line(row["entrantId"]) if polls and row["entrantId"] else None
        name = f"{line.number}. {line.name}" if line else ""
        if not row["title"] or not row["message"] or name not in row["message"]:
            findings.add(NOTIFICATIONS, "wrong", race=row["raceId"], key=f"{row['$id']} names another", found=name)
        if row["$updatedAt"] != row["$createdAt"]:
            findings.add(NOTIFICATIONS, "changed", race=row["raceId"], key=row["$id"])


def _key(row: Row) -> Key:
    return row["userId"], row["raceId"], row.get("entrantId"), int(row["timeInterval"]), row["type"]


def _race(
    ledger: Ledger, timeline: Sequence[DueEntry], users: Sequence[JudgedUser]
) -> Iterator[tuple[Key, dict[str, Any], bool]]:
    race_id = ledger.race_id
    labels = [entry for entry in timeline if entry.is_label]
    for before, now in pairwise(labels):
        if now.poll.status in OVER:
            continue
        for entrant, kind, value, proven in movements(before, now):
            for user in users:
                # Odds are decimals and so is their change; shares are worked out in floating point.
                colours = user.colours(value, exact=kind == "odds")
                if user.wants(race_id, now.poll) and colours != {None}:
                    columns = {"entrantId": entrant, "value": Near(value), "color": AnyOf(tuple(colours))}
                    sure = proven and None not in colours
                    yield _told(user, race_id, now.poll, now.interval or 0, kind, columns, sure=sure)
    reminder = last_minute(ledger)
    for user in users:
        if reminder is not None and user.audible and user.wants(race_id, reminder):
            columns = {"entrantId": None, "value": None, "color": None}
            yield _told(user, race_id, reminder, 1, "reminder", columns, sure=True)


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
