"""Table `user-alert-configs`: which movements a user wants to hear of."""

from raceday.tables.base import Table, decimal, flag, index, moment, varchar, whole

ID = "user-alert-configs"

TABLE = Table(
    ID,
    (
        varchar(50, "userId", "The user; default for the bands of whoever has none.", required=True),
        varchar(50, "indicatorType", "Kind of alert.", required=True),
        decimal("percentageRangeMin", "Least movement of the band, percent.", required=True),
        decimal("percentageRangeMax", "Movement at which the next band begins; null for the last."),
        varchar(20, "color", "Colour of the band.", required=True),
        flag("isDefault", "Whether the band is the suite's own.", default=True),
        flag("audibleAlertsEnabled", "Whether the client plays a sound.", default=True),
        flag("enabled", "Whether the band is in use.", required=True),
        whole("displayOrder", "Order of the bands.", required=True),
        moment("lastUpdated", "When the client last changed it.", ours=False),
        moment("createdAt", "When the client made it.", ours=False),
    ),
    (index("userId"), index("indicatorType"), index("displayOrder"), index("enabled", "userId")),
    "One band of movement of one user; the client writes it.",
)
