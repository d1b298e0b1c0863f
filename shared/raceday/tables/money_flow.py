"""Table `money-flow-history`: the timeline, one row per label and runner, and live rows between labels."""

from raceday.tables.base import Table, decimal, flag, index, moment, odds_columns, varchar, whole

ID = "money-flow-history"

TABLE = Table(
    ID,
    (
        varchar(50, "raceId", "Id of the race.", required=True),
        varchar(50, "entrantId", "Id of the runner.", required=True),
        varchar(30, "type", "bucketed_aggregation for a label's row, live for one between labels.", required=True),
        moment("eventTimestamp", "Instant of the slot that the row shows.", required=True),
        moment("pollingTimestamp", "When that slot's answer was fetched."),
        decimal("holdPercentage", "Share of the Win pool, percent; the tracker's where the pool is empty."),
        decimal("betPercentage", "Share of the bets that the feed's tracker shows, percent."),
        decimal("winPoolPercentage", "Share of the Win pool, percent."),
        decimal("placePoolPercentage", "Share of the Place pool, percent."),
        whole("timeToStart", "Minutes from the slot to the advertised start."),
        whole("timeInterval", "The label: minutes before the start, negative after it; null on live rows before 60."),
        whole("winPoolAmount", "Win money on the runner, cents."),
        whole("placePoolAmount", "Place money on the runner, cents."),
        whole("incrementalAmount", "Win and Place money since the label before, cents."),
        whole("incrementalWinAmount", "Win money since the label before, cents."),
        whole("incrementalPlaceAmount", "Place money since the label before, cents."),
        whole("totalPoolAmount", "Win and Place pools of the race together, cents."),
        whole("dataQualityScore", "Score of the poll, 0 to 100."),
        whole("n", "Ledger row that the figures come from."),
        varchar(10, "poolType", "Pool that the row is about, as the client asks for it."),
        varchar(10, "intervalType", "Distance of labels, in the client's words."),
        varchar(20, "shareSource", "What the Win share was taken from: pool_odds, hold, book, before or none."),
        varchar(100, "bucketDocumentId", "Id of the label's row, as the client expects it."),
        flag("isBaseline", "Whether amounts are absolute because no earlier label exists.", default=False),
        flag("mathematicallyConsistent", "Whether the label's increments add up to the pools' growth."),
        flag("isStale", "Whether the feed made its answer more than a minute before the slot."),
        *odds_columns("at the slot"),
    ),
    (
        index("raceId", "type", "$createdAt"),
        index("raceId", "entrantId", "timeInterval"),
        index("raceId", "n"),
        index("eventTimestamp"),
    ),
    "One runner at one label of the timeline, written once; live rows keep odds true between labels.",
)
