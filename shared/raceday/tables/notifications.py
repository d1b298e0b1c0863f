"""Table `notifications`: what users are told."""

from raceday.ids import row_key
from raceday.tables.base import Table, decimal, flag, index, moment, varchar, whole

ID = "notifications"

TABLE = Table(
    ID,
    (
        varchar(50, "userId", "Whom it is for.", required=True),
        varchar(50, "type", "Kind of alert.", required=True),
        varchar(255, "title", "One line.", required=True),
        varchar(1000, "message", "One or two sentences.", required=True),
        flag("read", "Whether the user has read it; the client writes it.", default=False),
        varchar(50, "raceId", "Id of the race."),
        varchar(50, "entrantId", "Id of the runner; empty for what concerns the race."),
        whole("timeInterval", "Label at which the movement was seen."),
        decimal("value", "Size of the movement, percent or points."),
        moment("eventTimestamp", "Instant of the label's slot."),
        varchar(20, "color", "Colour of the user's band."),
    ),
    (index("userId", "$createdAt"), index("raceId"), index("eventTimestamp")),
    "One alert or reminder of one user, written once.",
)


def key(user_id: str, race_id: str, entrant_id: str, label: int, kind: str) -> str:
    """Return the row id of a user's notification of one kind at one label."""
    return row_key("notification", user_id, race_id, entrant_id, label, kind)
