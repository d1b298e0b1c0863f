"""Table `closing-prices`: each runner's prices at the moments that count, written when its race has closed."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from raceday.clock import iso
from raceday.racing.closing import MOMENTS, Price
from raceday.racing.records import ODDS_TYPES, RunnerLine
from raceday.racing.snapshot import as_float
from raceday.tables.base import Column, Table, decimal, index, long_text, moment, varchar, whole

ID = "closing-prices"
_WORDS = {"fixed_win": "Fixed-odds Win", "fixed_place": "Fixed-odds Place", "pool_win": "Tote Win",
          "pool_place": "Tote Place"}  # fmt: skip
_WHEN = {"opening": "that a poll first showed", "t60": "60 minutes before the start", "t5": "5 minutes before it",
         "t1": "1 minute before it", "last": "shown last before the jump"}  # fmt: skip


def column_of(kind: str, when: str) -> str:
    """Return the column of one kind of odds at one moment: fixedWinT60, poolPlaceDividend."""
    first, second = kind.split("_")
    return f"{first}{second.title()}{when.title()}"


_PRICES: tuple[Column, ...] = tuple(
    decimal(column_of(kind, when), f"{_WORDS[kind]} price {_WHEN[when]}; null with a reason in `detail`.")
    for kind in ODDS_TYPES
    for when in MOMENTS
)

TABLE = Table(
    ID,
    (
        varchar(50, "raceId", "Id of the race.", required=True),
        varchar(50, "entrantId", "Id of the runner.", required=True),
        whole("runnerNumber", "Its number."),
        varchar(255, "name", "Its name."),
        *_PRICES,
        decimal("poolWinDividend", "Tote Win dividend per dollar; null with a reason in `detail`."),
        decimal("poolPlaceDividend", "Tote Place dividend per dollar; null with a reason in `detail`."),
        moment("jumpAt", "When the race began by the feed; null where it never told."),
        whole("n", "Number of the newest poll that was read for it."),
        long_text("detail", "By kind of odds and moment: price, at, source, stale_secs, or reason; a JSON object."),
        moment("lastUpdated", "When another column last changed."),
    ),
    (index("raceId"), index("entrantId")),
    "What one runner's prices were when its race closed.",
)


def price_row(
    race_id: str, line: RunnerLine, prices: Mapping[str, Mapping[str, Price]], jump: datetime | None, n: int
) -> dict[str, Any]:
    """Return one runner's row without its dividends."""
    found = {column_of(kind, when): as_float(prices[kind][when].price) for kind in ODDS_TYPES for when in MOMENTS}
    row = {
        "raceId": race_id,
        "entrantId": line.entrant_id,
        "runnerNumber": line.number,
        "name": line.name,
        **found,
        "jumpAt": iso(jump) if jump else None,
        "n": n,
        "detail": json.dumps({kind: {w: _told(p) for w, p in by.items()} for kind, by in prices.items()}),
    }
    return TABLE.fitted(row)


def with_dividends(row: Mapping[str, Any], dividends: Mapping[str, Price]) -> dict[str, Any]:
    """Return a row with what the tote paid."""
    detail = json.loads(row["detail"])
    told = {kind: {**detail[kind], "dividend": _told(price)} for kind, price in dividends.items()}
    paid = {column_of(kind, "dividend"): as_float(dividends[kind].price) for kind in ("pool_win", "pool_place")}
    return {**row, **paid, "detail": json.dumps({**detail, **told})}


def _told(price: Price) -> dict[str, Any]:
    """Return a price as `detail` keeps it: what is not known is not there."""
    if price.price is None:
        return {"reason": price.reason}
    told = {"price": as_float(price.price), "at": iso(price.at) if price.at else None, "source": price.source}
    return told if price.stale_secs is None else {**told, "stale_secs": price.stale_secs}
