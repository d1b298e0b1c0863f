"""Results that were amended after the last re-check: what looks at a finished race were answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from local.simulate.oracle.differences import Json, Within
from local.simulate.oracle.facts import Ledger, Look
from local.simulate.oracle.reading import Reading, product_of

Columns = dict[str, Any]
# A container's clock may be off; a look that could not keep what it saw is made again until something keeps it.
_CLOCKS, _AGAIN = timedelta(minutes=7), timedelta(hours=6)


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
    if is_past([v["dividendsData"].value for v in versions], shown_dividends(reading)):
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


def standing(reading: Reading, before: Columns) -> list[Any]:
    """Return the dividends that stand after a Final answer beside those of `before`.

    Under the same placings a product that is not listed any more is lost on the way, and one that fell back to Interim.
    """
    shown = shown_dividends(reading)
    if before["resultsData"].value != list(reading.placings) or before["resultStatus"] != "final":
        return shown
    had: dict[str, list[Any]] = {}
    now: dict[str, list[Any]] = {}
    for found, rows in ((had, before["dividendsData"].value), (now, shown)):
        for row in rows:
            found.setdefault(product_of(row["product_name"]), []).append(row)
    lost = {p for p, rows in had.items() if p not in now or (_final(rows) and not _final(now[p]))}
    if not lost:
        return shown
    return [row for p in [*had, *(p for p in now if p not in had)] for row in (had[p] if p in lost else now.get(p, ()))]


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
