"""What people are told in words: whole sentences, and every figure in them by the oracle's own fractions."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from local.simulate.oracle.differences import Sentence
from local.simulate.oracle.facts import Poll
from local.simulate.oracle.movements import Proven
from local.simulate.oracle.timeline import DueEntry, secs_left

_ZONE = ZoneInfo("Pacific/Auckland")
Columns = Mapping[str, Any]


def movement_words(before: DueEntry, now: DueEntry, found: Proven) -> dict[str, Sentence]:
    """Return title and message of a movement between two columns."""
    line = now.poll.line(found.entrant)
    runner = f"{line.number}. {line.name}" if line else "a runner"
    if found.kind == "odds":
        title = "Odds"
        came_in = f"{_of(found.value, 1)} %, from {_of(found.was, 2)} to {_of(found.now, 2)}"
        said = f"{found.market} Win odds shortened by {came_in}"
    else:
        pool = "Win" if found.kind == "money_win" else "Place"
        title = f"{pool} money"
        said = (
            f"share of the {pool} money that came in up {_of(found.value, 1)} points, from {_of(found.was, 1)} to "
            f"{_of(found.now, 1)} % (at least {_of(found.least, 1)} points, whatever the odds' rounding)"
        )
    span = f"from {_to_start(before.poll)} to {_to_start(now.poll)}{_gap(before, now)}"
    message = f"{_race(now.poll)}: {runner}, {said}, {span} ({_clock(now.poll.slot)})"
    return {"title": Sentence(f"{title}: {runner}"), "message": Sentence(message)}


def reminder_words(poll: Poll) -> dict[str, str]:
    """Return title and message of the reminder that a race is about to start."""
    race = _race(poll)
    return {"title": f"Starts in a minute: {race}", "message": f"{race} is due to start at {_clock(poll.start)}"}


def _of(value: Fraction, decimals: int) -> str:
    return f"{{{value.numerator}/{value.denominator}:{decimals}}}"


def _race(poll: Poll) -> str:
    columns = poll.reading.columns
    return f"{poll.reading.meeting_name} R{columns['raceNumber']} {columns['name']}".strip()


def _clock(at: datetime) -> str:
    return at.astimezone(_ZONE).strftime("%H:%M %Z")


def _to_start(poll: Poll) -> str:
    secs = secs_left(poll)
    if secs == 0:
        return "the start"
    return f"{abs(secs) / 60:g} min {'before' if secs > 0 else 'after'} the start"


def _gap(before: DueEntry, now: DueEntry) -> str:
    """Say so where two columns are not five minutes apart, or one in the last five, in name and in time."""
    apart = (before.interval or 0) - (now.interval or 0)
    passed = (now.poll.slot - before.poll.slot).total_seconds() / 60
    if apart == (5 if (before.interval or 0) > 5 else 1) and passed == apart:
        return ""
    return f", across a gap ({passed:g} min apart)"


def what_changed(before: Columns, now: Columns) -> list[str]:
    """Return what differs between two versions of results, in words."""
    return [*_status(before, now), *_placings(before, now), *_dividends(before, now), *_protest(before, now)]


def _status(before: Columns, now: Columns) -> Iterator[str]:
    if (was := before["resultStatus"]) != (is_now := now["resultStatus"]):
        yield f"status {is_now}, was {was}"


def _placings(before: Columns, now: Columns) -> Iterator[str]:
    yield from _both("placing", *(_places(each["resultsData"].value) for each in (before, now)))


def _places(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {f"{p['runner_number']} {p.get('name') or ''}".strip(): str(p.get("position") or "unplaced") for p in rows}


def _dividends(before: Columns, now: Columns) -> Iterator[str]:
    yield from _both("dividend", *(_paid(each["dividendsData"].value) for each in (before, now)))


def _paid(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    names = ("product_name", "status", "description")
    return {
        " ".join(str(d[k]) for k in names if d.get(k)): f"{d['dividend']:.2f}"
        for d in rows
        if d.get("dividend") is not None
    }


def _protest(before: Columns, now: Columns) -> Iterator[str]:
    was, is_now = (each["protestReason"] or ("a protest" if each["protestLodged"] else "") for each in (before, now))
    if was != is_now:
        yield f"protest: {is_now or 'none'}, was: {was or 'none'}"


def _both(what: str, was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in {**now, **was}:
        if now.get(name) != was.get(name):
            yield f"{what} of {name}: {now.get(name, 'none')}, was {was.get(name, 'none')}"
