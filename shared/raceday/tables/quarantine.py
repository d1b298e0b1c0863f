"""Table `feed-quarantine`: what the feed sent that cannot be read."""

from raceday.ids import row_key
from raceday.tables.base import Table, index, long_text, moment, varchar, whole

ID = "feed-quarantine"

TABLE = Table(
    ID,
    (
        varchar(100, "subject", "What was asked for, such as an event and its id.", required=True),
        varchar(100, "field", "Where in the answer the trouble is.", required=True),
        varchar(200, "value", "What stood there, cut short."),
        varchar(200, "expected", "What should stand there."),
        varchar(50, "raceId", "Id of the race, where it is known."),
        moment("seenAt", "When it was last met.", required=True),
        whole("seen", "How often it was met.", default=1),
        long_text("payload", "The answer, cut to a bound."),
    ),
    (index("seenAt"), index("raceId")),
    "One kind of trouble with one answer of the feed.",
)


def key(subject: str, field: str) -> str:
    """Return the row id of one kind of trouble."""
    return row_key("quarantine", subject, field)
