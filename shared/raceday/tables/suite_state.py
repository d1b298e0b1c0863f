"""Table `suite-state`: what the suite knows of itself."""

from typing import Any

from raceday.ids import row_key
from raceday.tables.base import Table, index, long_text, moment, varchar

ID = "suite-state"
SCHEMA, SUITE = "schema", "suite"
# Raise it with each change of the tables that functions of before could not work with, and `OLDEST_SCHEMA` where
# these functions need the change. A database without the note is of version 1, from before it was kept.
SCHEMA_VERSION = 2
OLDEST_SCHEMA = 2
PLAN = "run `./raceday schema plan`, which says whether to apply or to migrate"

TABLE = Table(
    ID,
    (
        varchar(
            30,
            "kind",
            "What the row is about: tick, run, import, health, pause, cursor, schema, backfill.",
            required=True,
        ),
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


def schema_key() -> str:
    """Return the id of the row that says which version the tables are of."""
    return key(SCHEMA, SUITE)


def schema_row(at: str) -> dict[str, Any]:
    """Return the row that says that the tables are of this suite's version."""
    return {"kind": SCHEMA, "name": SUITE, "status": str(SCHEMA_VERSION), "at": at}


def schema_trouble(status: str | None) -> str:
    """Say why these functions cannot use tables of a version as its row states it, empty where they can."""
    found = "1" if status is None else status
    if not found.isascii() or not found.isdigit():
        return f"the tables' schema version {found[:20]!r} is no number: {PLAN}"
    if int(found) > SCHEMA_VERSION:
        return f"the tables are of schema version {found}, newer than {SCHEMA_VERSION}: deploy the suite that made them"
    if int(found) < OLDEST_SCHEMA:
        return f"the tables are of schema version {found}, older than {OLDEST_SCHEMA}: {PLAN}"
    return ""
