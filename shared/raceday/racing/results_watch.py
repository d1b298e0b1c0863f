"""When a finished race's results are looked at again, and what differs between two versions of them."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from raceday.racing.declared import is_earlier

# Amended results come hours and days later: disqualifications, swabs, corrected dividends (domain facts, 6).
WATCH_HOURS = (1, 3, 24, 7 * 24)
# A look that failed is tried again this much later, and given up for the next one after half a day.
TRY_AGAIN, PATIENCE = timedelta(minutes=15), timedelta(hours=12)


def next_look(final_at: datetime, after: datetime, amended_at: datetime | None = None) -> datetime | None:
    """Return the first instant after `after` at which results are looked at again, None when all have passed.

    Results that a look amended are looked at for half a day more often, each time as long again after `amended_at`: who
    was told of them may have died of it, and every look tells again.
    """
    looks = [at for at in (final_at + timedelta(hours=hours) for hours in WATCH_HOURS) if at > after]
    if amended_at is not None and by_a_look(final_at, amended_at) and after - amended_at < PATIENCE:
        looks.append(after + max(TRY_AGAIN, after - amended_at))
    return min(looks, default=None)


def by_a_look(final_at: datetime, amended_at: datetime) -> bool:
    """Tell whether results are of an instant at which looks alone see them: no ledger row told anybody of those."""
    return amended_at - final_at >= timedelta(hours=WATCH_HOURS[0])


def after_failure(final_at: datetime, due: datetime, now: datetime) -> datetime | None:
    """Return when to look again after a look that was due at `due` has failed."""
    return now + TRY_AGAIN if now - due < PATIENCE else next_look(final_at, now)


def what_changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs between two rows of results, in words; the first version has nothing to differ from."""
    return [
        *_status(before, now),
        *_differences("placing", _placings(before), _placings(now)),
        *_differences("dividend", _dividends(before), _dividends(now)),
        *_protest(before, now),
    ]


def brings_news(versions: Sequence[Mapping[str, Any]], now: Mapping[str, Any], *, ruling: bool) -> bool:
    """Tell whether results say what none of the kept versions does: other placings, or a ruling's text.

    Placings that agree with a version as far as both go are an older or a shorter picture of it.
    """
    if ruling and now.get("protestReason") not in {version.get("protestReason") for version in versions}:
        return True
    placed = _positions(now)
    return bool(placed) and not any(_agree(placed, _positions(version)) for version in versions)


def is_older(versions: Sequence[Mapping[str, Any]], now: Mapping[str, Any], odd: Collection[str] = frozenset()) -> bool:
    """Tell whether results are those of a version that was amended since: its placings or dividends, no new reason.

    `odd` are products of which some dividends cannot be read: of those it goes by the others.
    """
    if not versions or now.get("protestReason") not in {version.get("protestReason") for version in versions}:
        return False
    newest, placed = newest_of(versions), _positions(now)
    former = [version for version in versions if version is not newest]
    if placed and placed != _positions(newest):
        return placed in map(_positions, former)
    return is_earlier(former, newest, now.get("dividendsData"), odd)


def newest_of(versions: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the version that stands."""
    return max(versions, key=lambda version: version.get("version") or 0)


def same_placings(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Tell whether two rows of results have the same placings."""
    return _positions(before) == _positions(now)


def _positions(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        str(p.get("entrant_id") or p.get("runner_number")): p.get("position") for p in _list(row.get("resultsData"))
    }


def _agree(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    both = a.keys() & b.keys()
    return bool(both) and all(a[i] == b[i] for i in both)


def _status(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    a, b = before.get("resultStatus"), now.get("resultStatus")
    return [f"status {b}, was {a}"] if a != b else []


def _protest(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    said = [str(row.get("protestReason") or ("a protest" if row.get("protestLodged") else "")) for row in (before, now)]
    return [f"protest: {said[1] or 'none'}, was: {said[0] or 'none'}"] if said[0] != said[1] else []


def _placings(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{p.get('runner_number')} {p.get('name') or ''}".strip(): str(p.get("position") or "unplaced")
        for p in _list(row.get("resultsData"))
    }


def _dividends(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        " ".join(str(d[k]) for k in ("product_name", "status", "description") if d.get(k)): f"{d.get('dividend'):.2f}"
        for d in _list(row.get("dividendsData"))
        if isinstance(d.get("dividend"), int | float)
    }


def _differences(what: str, before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    names = [*now, *(name for name in before if name not in now)]
    return [
        f"{what} of {name}: {now.get(name, 'none')}, was {before.get(name, 'none')}"
        for name in names
        if before.get(name) != now.get(name)
    ]


def _list(text: Any) -> Sequence[Mapping[str, Any]]:
    found = json.loads(text) if isinstance(text, str) and text else []
    return [each for each in found if isinstance(each, dict)]
