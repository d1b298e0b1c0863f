"""Results that were amended after the last re-check: what looks at a finished race were answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from local.simulate.oracle.differences import Json, Within
from local.simulate.oracle.facts import Ledger, Look
from local.simulate.oracle.reading import Reading

Columns = dict[str, Any]
# A container's clock may be off; a look that could not keep what it saw is made again until something keeps it.
_CLOCKS, _AGAIN = timedelta(minutes=7), timedelta(hours=6)


def late_versions(ledger: Ledger, versions: Sequence[Columns]) -> list[Columns]:
    """Return the versions that looks add to those of the polls, each where something differs that is told."""
    found: list[Columns] = []
    for look in ledger.looks if versions else ():
        before = [*versions, *found][-1]
        now = _amended(before, look)
        if now is not None and _told(now) != _told(before):
            found.append(now)
    # Where a day's faults may have swallowed a look, what was kept says how many came through.
    return found if ledger.looks_kept is None else found[: ledger.looks_kept]


def _amended(before: Columns, look: Look) -> Columns | None:
    """Return the results that a look shows; an old picture, or one that lost its placings, shows none."""
    reading, since = look.reading, before["resultTime"]
    old = isinstance(since, str) and look.made is not None and look.made < datetime.fromisoformat(since)
    if old or reading.status != "Final" or not reading.placings:
        return None
    dividends = Json(shown_dividends(reading)) if reading.dividends else before["dividendsData"]
    return {
        **before,
        "resultsAvailable": True,
        "resultStatus": "final",
        "protestLodged": reading.protest,
        "protestReason": reading.columns["protestReason"],
        "resultsData": Json(list(reading.placings)),
        "dividendsData": dividends,
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


def shown_dividends(reading: Reading) -> list[Any]:
    """Return the dividends that are shown: of each product its Final ones alone once it has any."""
    final = {d.product for d in reading.dividends if d.status.lower() == "final"}
    return [d.shown for d in reading.dividends if d.status.lower() == "final" or d.product not in final]
