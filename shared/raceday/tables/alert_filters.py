"""Table `user-alert-filters`: which races a user wants to hear of."""

from raceday.tables.base import Table, index, varchar

ID = "user-alert-filters"

TABLE = Table(
    ID,
    (
        varchar(50, "userId", "The user.", required=True),
        varchar(20, "kind", "What the filter looks at.", required=True),
        varchar(50, "value", "What it must be.", required=True),
    ),
    (index("userId"), index("kind", "value")),
    "One filter of one user; the client writes it.",
)
