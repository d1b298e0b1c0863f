"""Every table, declared once: columns, sizes and an index for each query that is made."""

from typing import Any, Literal, NamedTuple

Kind = Literal["varchar", "text", "mediumtext", "longtext", "integer", "float", "boolean", "datetime", "relationship"]

MEETINGS = "meetings"
RACES = "races"
ENTRANTS = "entrants"
RACE_RESULTS = "race-results"
ODDS_HISTORY = "odds-history"
MONEY_FLOW = "money-flow-history"
RACE_POOLS = "race-pools"
RACE_POLLS = "race-polls"
ALERT_CONFIGS = "user-alert-configs"
ALERT_FILTERS = "user-alert-filters"
NOTIFICATIONS = "notifications"
SILKS = "jockey-silks"
QUARANTINE = "feed-quarantine"
SUITE_STATE = "suite-state"


class Column(NamedTuple):
    """One column; `size` is characters of a varchar, `to` the table a relationship points at."""

    key: str
    kind: Kind
    size: int = 0
    required: bool = False
    default: Any = None
    to: str = ""


class Index(NamedTuple):
    """One index over `columns`, in order."""

    key: str
    columns: tuple[str, ...]
    unique: bool = False


class Table(NamedTuple):
    """One table with its columns and indexes."""

    id: str
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...] = ()

    def column(self, key: str) -> Column:
        """Return one column; KeyError where the table has none of that key."""
        for column in self.columns:
            if column.key == key:
                return column
        raise KeyError(f"{self.id}.{key}")

    @property
    def sizes(self) -> dict[str, int]:
        """Return the longest text of each varchar column."""
        return {c.key: c.size for c in self.columns if c.kind == "varchar"}


def _c(kind: Kind, *keys: str, size: int = 0, required: bool = False, default: Any = None) -> tuple[Column, ...]:
    return tuple(Column(key, kind, size, required, default) for key in keys)


def _v(size: int, *keys: str, required: bool = False, default: Any = None) -> tuple[Column, ...]:
    return _c("varchar", *keys, size=size, required=required, default=default)


def _index(*columns: str) -> Index:
    return Index("by_" + "_".join(c.lstrip("$") for c in columns)[:30], columns)


_ODDS = ("fixedWinOdds", "fixedPlaceOdds", "poolWinOdds", "poolPlaceOdds")

TABLES: tuple[Table, ...] = (
    Table(
        MEETINGS,
        _v(50, "meetingId", required=True)
        + _v(255, "meetingName", required=True)
        + _v(10, "country", required=True)
        + _v(10, "state", "category")
        + _v(50, "raceType", required=True)
        + _v(100, "categoryName", "railPosition")
        + _c("datetime", "date", required=True)
        + _v(50, "trackCondition", "trackSurface", "weather", "dataSource")
        + _v(50, "status", required=True)
        + _v(20, "trackDirection")
        + _c("datetime", "lastUpdated", "apiGeneratedTime"),
        (_index("date"), _index("country"), _index("raceType")),
    ),
    Table(
        RACES,
        _v(50, "raceId", required=True)
        + _v(255, "name", required=True)
        + _c("integer", "raceNumber", required=True)
        + _c("datetime", "startTime", required=True)
        + _c(
            "datetime",
            "actualStart",
            "lastUpdated",
            "importedAt",
            "last_poll_time",
            "lastStatusChange",
            "finalizedAt",
            "abandonedAt",
            "entrantsImportedAt",
        )
        + _v(20, "toteStartTime")
        + _v(30, "startTimeNz")
        + _v(15, "raceDateNz")
        + _v(100, "trackCondition")
        + _v(50, "trackSurface", "weather", "meetingId")
        + _v(50, "status", required=True)
        + _v(10, "type", "country")
        + _c("integer", "distance", "totalPrizeMoney", "entrantCount", "fieldSize", "positionsPaid")
        + _v(500, "silkUrl", "videoChannels")
        + _v(200, "silkBaseUrl")
        + _v(20, "trackDirection")
        + _v(100, "railPosition")
        + _v(500, "protestReason")
        + (Column("meeting", "relationship", to=MEETINGS),),
        (
            _index("startTime"),
            _index("raceNumber"),
            _index("meetingId"),
            _index("raceDateNz"),
            _index("status", "startTime"),
        ),
    ),
    Table(
        ENTRANTS,
        _v(50, "entrantId", required=True)
        + _v(255, "name", required=True)
        + _c("integer", "runnerNumber", required=True)
        + _c("integer", "barrier", "scratchTime")
        + _v(20, "barrierText")
        + _v(50, "raceId", "silkId")
        + _c("boolean", "isScratched", "isLateScratched", "favourite", "mover", default=False)
        + _v(500, "runnerChange", "silkUrl64", "silkUrl128")
        + _c("float", *_ODDS)
        + _c("float", "holdPercentage", "betPercentage")
        + _c("integer", "winPoolAmount", "placePoolAmount")
        + _v(20, "shareSource")
        + _v(255, "jockey", "trainerName", "silkColours")
        + _c("datetime", "lastUpdated", "importedAt"),
        (_index("raceId", "runnerNumber"), _index("raceId", "isScratched"), _index("runnerNumber")),
    ),
    Table(
        RACE_RESULTS,
        _v(50, "raceId", "race", required=True)
        + _c("boolean", "resultsAvailable", "photoFinish", "stewardsInquiry", "protestLodged", default=False)
        + _v(20, "resultStatus")
        + _c("datetime", "resultTime")
        + _c("mediumtext", "resultsData", "dividendsData", "fixedOddsData")
        + _v(500, "protestReason"),
        (_index("raceId"), _index("race")),
    ),
    Table(
        ODDS_HISTORY,
        _c("float", "odds", required=True)
        + _c("datetime", "eventTimestamp", required=True)
        + _v(20, "type", required=True)
        + _v(50, "entrantId", "raceId", required=True)
        + _c("integer", "n"),
        (_index("eventTimestamp"), _index("raceId", "eventTimestamp"), _index("entrantId", "eventTimestamp")),
    ),
    Table(
        MONEY_FLOW,
        _v(50, "raceId", "entrantId", required=True)
        + _v(30, "type", required=True)
        + _c("datetime", "eventTimestamp", required=True)
        + _c("datetime", "pollingTimestamp")
        + _c("float", "holdPercentage", "betPercentage", "winPoolPercentage", "placePoolPercentage")
        + _c(
            "integer",
            "timeToStart",
            "timeInterval",
            "winPoolAmount",
            "placePoolAmount",
            "incrementalAmount",
            "incrementalWinAmount",
            "incrementalPlaceAmount",
            "totalPoolAmount",
            "dataQualityScore",
            "n",
        )
        + _v(10, "poolType", "intervalType")
        + _v(20, "shareSource")
        + _v(100, "bucketDocumentId")
        + _c("boolean", "isConsolidated", "isBaseline", default=False)
        + _c("boolean", "mathematicallyConsistent", "isStale")
        + _c("float", *_ODDS),
        (
            _index("raceId", "type", "$createdAt"),
            _index("raceId", "entrantId", "timeInterval"),
            _index("raceId", "n"),
            _index("eventTimestamp"),
        ),
    ),
    Table(
        RACE_POOLS,
        _v(50, "raceId", required=True)
        + _c(
            "integer",
            "winPoolTotal",
            "placePoolTotal",
            "quinellaPoolTotal",
            "trifectaPoolTotal",
            "exactaPoolTotal",
            "first4PoolTotal",
            "totalRacePool",
            default=0,
        )
        + _v(10, "currency", default="$")
        + _c("datetime", "lastUpdated")
        + _c("integer", "n", default=0)
        + _c("integer", "multiLegTotal", default=0)
        + _c("mediumtext", "dividendDifferences"),
        (_index("raceId"),),
    ),
    Table(
        RACE_POLLS,
        _v(50, "raceId", "meetingId", required=True)
        + _c("integer", "n", required=True)
        + _c("datetime", "slot", "fetchedAt", "generatedAt", "startTime", required=True)
        + _v(20, "kind", "status", required=True)
        + _c("integer", "score")
        + _c("integer", "feedCalls", "feedMs", "storeMs", "lateMs")
        + _c("mediumtext", "race", "pools", "runners", "checks", "gaps", "digests", "dividends"),
        (_index("raceId", "n"), _index("slot"), _index("raceId", "slot"), _index("$createdAt")),
    ),
    Table(
        ALERT_CONFIGS,
        _v(50, "userId", "indicatorType", required=True)
        + _c("float", "percentageRangeMin", required=True)
        + _c("float", "percentageRangeMax")
        + _v(20, "color", required=True)
        + _c("boolean", "isDefault", "audibleAlertsEnabled", default=True)
        + _c("boolean", "enabled", required=True)
        + _c("integer", "displayOrder", required=True)
        + _c("datetime", "lastUpdated", "createdAt"),
        (_index("userId"), _index("indicatorType"), _index("displayOrder"), _index("enabled", "userId")),
    ),
    Table(
        ALERT_FILTERS,
        _v(50, "userId", required=True) + _v(20, "kind", required=True) + _v(50, "value", required=True),
        (_index("userId"), _index("kind", "value")),
    ),
    Table(
        NOTIFICATIONS,
        _v(50, "userId", "type", required=True)
        + _v(255, "title", required=True)
        + _v(1000, "message", required=True)
        + _c("boolean", "read", default=False)
        + _v(50, "raceId", "entrantId")
        + _c("integer", "timeInterval")
        + _c("float", "value")
        + _c("datetime", "eventTimestamp")
        + _v(20, "color"),
        (_index("userId", "$createdAt"), _index("raceId"), _index("eventTimestamp")),
    ),
    Table(
        SILKS,
        _v(50, "silkId", required=True)
        + _v(30, "primaryColor", "secondaryColor", "pattern")
        + _v(100, "patternDetail", "name")
        + _v(500, "iconUrl")
        + _v(255, "jockeyName")
        + _v(10, "hex")
        + _v(20, "rgb")
        + _c("boolean", "isLight")
        + _c("mediumtext", "svgData")
        + _v(500, "description")
        + _v(500, "pictureUrl")
        + _v(255, "pictureTag")
        + _c("integer", "drawingVersion")
        + _c("text", "detail")
        + _v(255, "unknownWords")
        + _c("datetime", "lastUpdated"),
        (_index("jockeyName"), _index("primaryColor")),
    ),
    Table(
        QUARANTINE,
        _v(100, "subject", required=True)
        + _v(100, "field", required=True)
        + _v(200, "value", "expected")
        + _v(50, "raceId", "functionName")
        + _c("datetime", "seenAt", required=True)
        + _c("integer", "seen", default=1)
        + _c("mediumtext", "payload"),
        (_index("seenAt"), _index("raceId")),
    ),
    Table(
        SUITE_STATE,
        _v(30, "kind", required=True)
        + _v(50, "name", required=True)
        + _v(20, "status")
        + _c("datetime", "at")
        + _c("mediumtext", "data"),
        (_index("kind", "at"), _index("name")),
    ),
)

BY_ID: dict[str, Table] = {table.id: table for table in TABLES}
