"""Table `race-pools`: the pool totals in a race's footer."""

from typing import Any

from raceday.catalogue.products import PRODUCTS
from raceday.tables.base import Table, index, long_text, moment, varchar, whole

ID = "race-pools"

TABLE = Table(
    ID,
    (
        varchar(50, "raceId", "Id of the race, also the row's id.", required=True),
        *(whole(p.column, f"{p.name.capitalize()} pool, cents.", default=0) for p in PRODUCTS if p.column),
        whole("totalRacePool", "Single-race pools together, cents.", default=0),
        varchar(10, "currency", "Sign of the currency.", default="$"),
        moment("lastUpdated", "When the poll of row `n` was fetched."),
        whole("n", "Ledger row that the totals come from.", default=0),
        whole("multiLegTotal", "Multi-leg pools that run through the race, cents; in no other total.", default=0),
        long_text("dividendDifferences", "Where dividends' own pools differ from the totals, a JSON object."),
    ),
    (index("raceId"),),
    "Pool totals of one race, from its newest ledger row with pools.",
)


def empty_pools_row(race_id: str) -> dict[str, Any]:
    """Return a race's pool totals before any poll: zeros, so that the client never makes figures up."""
    return {"$id": race_id, "raceId": race_id, "currency": "$"}
