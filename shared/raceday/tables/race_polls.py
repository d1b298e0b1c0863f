"""Table `race-polls`: the ledger, one row per committed poll of a race. Only the room `ledger` touches it."""

from raceday.tables.base import Table, flag, index, long_text, moment, varchar, whole

ID = "race-polls"

TABLE = Table(
    ID,
    (
        varchar(50, "raceId", "Id of the race.", required=True),
        varchar(50, "meetingId", "Id of the meeting.", required=True),
        whole("n", "Running number of the race's polls, from 1.", required=True),
        moment("slot", "Instant of the schedule that the poll serves.", required=True),
        moment("fetchedAt", "When the feed's answer had arrived.", required=True),
        moment("generatedAt", "When the feed made its answer.", required=True),
        moment("startTime", "Advertised start at that time.", required=True),
        varchar(
            20, "kind", "slot, request, recheck, closing, or backfill for one made long after the race.", required=True
        ),
        varchar(20, "status", "Status of the race after the poll.", required=True),
        moment("finishedAt", "Slot that first saw the race over; null while it is not, or where no poll saw it."),
        whole("score", "Data quality score, 0 to 100; null where nothing could be judged."),
        whole("feedCalls", "Requests to the feed that the poll took."),
        whole("feedMs", "Milliseconds that the feed took."),
        whole("storeMs", "Milliseconds that reading the store took."),
        whole("lateMs", "Milliseconds from the slot to the feed's request."),
        flag("held", "Whether the answer was an older picture of a finished race, of which nothing was taken."),
        long_text("race", "Facts of the race that projections need, a JSON object."),
        long_text("pools", "Pool totals in cents by product, what of them stands on no runner and why, JSON."),
        long_text("runners", "Odds, shares and amounts per runner, a JSON list."),
        long_text("checks", "Each check with its value, tolerance and weight, a JSON list."),
        long_text("gaps", "Slots since the row before that nobody polled, with causes, a JSON list."),
        long_text("digests", "Fingerprints of what the poll wrote, a JSON object."),
        long_text("dividends", "Pool sizes that dividends carry, cents by product, a JSON object."),
    ),
    (index("raceId", "n"), index("slot"), index("raceId", "slot"), index("$createdAt")),
    "One committed poll of one race at one slot, never changed.",
)
