"""Table `odds-history`: each change of a runner's odds."""

from raceday.ids import row_key
from raceday.tables.base import Table, decimal, index, moment, varchar, whole

ID = "odds-history"

TABLE = Table(
    ID,
    (
        decimal("odds", "The new price.", required=True),
        moment("eventTimestamp", "When the answer that showed it was fetched.", required=True),
        varchar(20, "type", "fixed_win, fixed_place, pool_win or pool_place.", required=True),
        varchar(50, "entrantId", "Id of the runner.", required=True),
        varchar(50, "raceId", "Id of the race.", required=True),
        whole("n", "Ledger row of the poll that saw it; 0 for the import's first odds."),
    ),
    (index("eventTimestamp"), index("raceId", "eventTimestamp"), index("entrantId", "eventTimestamp")),
    "One change of one kind of odds of one runner.",
)


def key(entrant_id: str, kind: str, n: int) -> str:
    """Return the row id of the change that ledger row `n` saw; 0 is the import."""
    return row_key("odds", entrant_id, kind, n)
