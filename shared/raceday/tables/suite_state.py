"""Table `suite-state`: what the suite knows of itself."""

from raceday.ids import row_key
from raceday.tables.base import Table, index, long_text, moment, varchar

ID = "suite-state"

TABLE = Table(
    ID,
    (
        varchar(30, "kind", "What the row is about: tick, run, import, health, pause, cursor.", required=True),
        varchar(50, "name", "Whose state it is: a function, a race, or the suite.", required=True),
        varchar(20, "status", "State in one word."),
        moment("at", "When it was true."),
        long_text("data", "The rest, JSON."),
    ),
    (index("kind", "at"), index("name")),
    "One fact of the suite about itself.",
)


def key(kind: str, *name: str | int) -> str:
    """Return the row id of one fact."""
    return row_key(kind, *name)
