"""Results that were amended after the last re-check: what looks at a finished race were answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from local.simulate.oracle.differences import Json, Within
from local.simulate.oracle.facts import Ledger, Look
from local.simulate.oracle.reading import Reading, product_of, stamp

Columns = dict[str, Any]
# A container's clock may be off; a look that could not keep what it saw is made again until something keeps it.
_CLOCKS, _AGAIN = timedelta(minutes=7), timedelta(hours=6)
# Hours after Final at which results are looked at again, and for how long what a look amended is told again.
_LOOK_HOURS = (1, 3, 24, 168)
_TOLD_AGAIN, _TOLD_AGAIN_FROM = timedelta(hours=12), timedelta(minutes=14)
# Looks are handed out each six minutes, some at once; the minute and the poll come on top.
_LOOKED_WITHIN = timedelta(minutes=9)


def late_versions(ledger: Ledger, versions: Sequence[Columns]) -> list[Columns]:
    """Return the versions that looks add to those of the polls, each where something differs that is told."""
    found: list[Columns] = []
    for look in ledger.looks if versions else ():
        before = [*versions, *found][-1]
        now = _amended([*versions, *found], look)
        if now is not None and _told(now) != _told(before):
            found.append(now)
    # Where a day's faults may have swallowed a look, what was kept says how many came through.
    return found if ledger.looks_kept is None else found[: ledger.looks_kept]


def _amended(versions: Sequence[Columns], look: Look) -> Columns | None:
    """Return the results that a look shows; an old picture, or one that lost its placings, shows none."""
    before = versions[-1]
    reading, since = look.reading, before["resultTime"]
    old = isinstance(since, str) and look.made is not None and look.made < datetime.fromisoformat(since)
    if old or reading.status != "Final" or not reading.placings:
        return None
    if not reading.odd_dividends and is_past([v["dividendsData"].value for v in versions], shown_dividends(reading)):
        return None
    return {
        **before,
        "resultsAvailable": True,
        "resultStatus": "final",
        "protestLodged": reading.protest,
        "protestReason": reading.columns["protestReason"],
        "resultsData": Json(list(reading.placings)),
        "dividendsData": Json(standing(reading, before)) if reading.dividends else before["dividendsData"],
        "resultTime": Within(look.at - _CLOCKS, look.at + _AGAIN),
        "seenBy": "watch",
    }


def _told(version: Columns) -> Any:
    """Return what is told of a version: who came where, what was paid, and a protest's words."""
    placings = {(p["runner_number"], p["position"]) for p in version["resultsData"].value}
    paid = {
        (d["product_name"], d["status"], d["description"], round(float(d["dividend"]), 2))
        for d in version["dividendsData"].value
    }
    return version["resultStatus"], version["protestReason"], version["protestLodged"], placings, paid


def standing(reading: Reading, before: Columns, *, final: bool = True) -> list[Any]:
    """Return the dividends that stand after an answer beside those of `before`, after a `final` one or another.

    Under the same placings a product that is not listed any more is lost on the way, and one that fell back to Interim.
    One of which some cannot be read stays whole, and so does any that has fewer beside such a one.
    """
    shown, odd = shown_dividends(reading), reading.odd_dividends
    stays = final and before["resultsData"].value == list(reading.placings) and before["resultStatus"] == "final"
    if not stays and not odd:
        return shown
    had: dict[str, list[Any]] = {}
    now: dict[str, list[Any]] = {}
    for found, rows in ((had, before["dividendsData"].value), (now, shown)):
        for row in rows:
            found.setdefault(product_of(row["product_name"]), []).append(row)
    lost = {p for p, rows in had.items() if p in odd or (odd and len(now.get(p, ())) < len(rows))}
    if stays:
        lost |= {p for p, rows in had.items() if p not in now or (_final(rows) and not _final(now[p]))}
    if not lost:
        return shown
    order = [*had, *(p for p in now if p not in had)]
    stood = [row for p in order for row in (had[p] if p in lost else now.get(p, ()))]
    # Rows that are all as they were stand in their order of before.
    same = stood == [row for rows in had.values() for row in rows]
    return list(before["dividendsData"].value) if same else stood


def _final(rows: Sequence[Any]) -> bool:
    return any(row["status"].lower() == "final" for row in rows)


def is_past(lists: Sequence[Sequence[Any]], now: Sequence[Any]) -> bool:
    """Tell whether dividends are other than the last of the `lists`, and those of one before it as far as both go."""
    former, told = [_amounts(rows) for rows in lists], _amounts(now)
    last = {product: paid for each in former for product, paid in each.items()}
    other = {product for product, paid in told.items() if last.get(product, paid) != paid}
    return any(
        other & each.keys() and all(each.get(product, paid) == paid for product, paid in told.items())
        for each in former
    )


def _amounts(rows: Sequence[Any]) -> dict[str, set[tuple[str, str, float]]]:
    found: dict[str, set[tuple[str, str, float]]] = {}
    for row in rows:
        paid = (row["status"].lower(), repr(row.get("positions") or row.get("description")), float(row["dividend"]))
        found.setdefault(product_of(row["product_name"]), set()).add(paid)
    return found


def shown_dividends(reading: Reading) -> list[Any]:
    """Return the dividends that are shown: of each product its Final ones alone once it has any."""
    final = {d.product for d in reading.dividends if d.status.lower() == "final"}
    return [d.shown for d in reading.dividends if d.status.lower() == "final" or d.product not in final]


def next_look(newest: Columns, final: Any, looks: Sequence[Look]) -> Any:
    """Return when results of a day on which nothing broke are to be looked at next, None where never again.

    Results that a look amended are looked at again sooner: somewhere in the half day after the last look.
    """
    if not isinstance(final, str):
        return None
    last = max((look.at for look in looks), default=None)
    if last is not None and newest.get("seenBy") == "watch":
        return Within(last + _TOLD_AGAIN_FROM, last + _TOLD_AGAIN)
    since = max(datetime.fromisoformat(newest["resultTime"]), last or datetime.fromisoformat(final))
    due = (datetime.fromisoformat(final) + timedelta(hours=hours) for hours in _LOOK_HOURS)
    return next((stamp(at) for at in due if at > since), None)


def in_order(due: Sequence[str | None]) -> bool:
    """Tell whether looks that are handed out together are due, and those that wait longest come first."""
    known = [at for at in due if at is not None]
    return len(known) == len(due) and known == sorted(known)


def is_overdue(at: str | None, end: datetime) -> bool:
    """Tell whether a look has been due so long before the end of a day that somebody must have made it."""
    return at is not None and datetime.fromisoformat(at) + _LOOKED_WITHIN < end
