"""The columns, and members of columns of JSON, whose values the design leaves open: one list, each with the reason.

Every other declared column is compared with a value of the oracle's own; a test keeps both together complete.
"""

from raceday.tables import (
    CLOSING_PRICES,
    ENTRANTS,
    MEETINGS,
    ODDS_HISTORY,
    QUARANTINE,
    RACE_POLLS,
    RACES,
    SUITE_STATE,
)

_IN_THE_DAY = "an instant of bookkeeping: only that it lies in the day is judged"
_OWN_CLOCK = "measured by the container's own clock"

OPEN: dict[tuple[str, str], str] = {
    (MEETINGS, "lastUpdated"): _IN_THE_DAY,
    (CLOSING_PRICES, "lastUpdated"): _IN_THE_DAY,
    (RACES, "importedAt"): _IN_THE_DAY,
    (RACES, "lastUpdated"): _IN_THE_DAY,
    (RACES, "last_poll_time"): _IN_THE_DAY,
    (RACES, "entrantsImportedAt"): _IN_THE_DAY,
    (ENTRANTS, "importedAt"): _IN_THE_DAY,
    (ENTRANTS, "lastUpdated"): _IN_THE_DAY,
    (ODDS_HISTORY, "eventTimestamp of n 0"): _IN_THE_DAY,
    (RACE_POLLS, "fetchedAt"): f"{_OWN_CLOCK}; a row whose answer nobody served around then is unexpected",
    (RACE_POLLS, "slot"): "judged by the slots' own oracle, with kind",
    (RACE_POLLS, "kind"): "judged by the slots' own oracle, with slot",
    (RACE_POLLS, "feedMs"): _OWN_CLOCK,
    (RACE_POLLS, "storeMs"): _OWN_CLOCK,
    (RACE_POLLS, "lateMs"): f"{_OWN_CLOCK}; where nothing is broken it fits fetchedAt and feedMs",
    (RACE_POLLS, "feedCalls of a first row"): "1, or 2 where the race had to be imported for it",
    (RACE_POLLS, "gaps"): "judged with the absent slots that they tell of",
    (RACE_POLLS, "digests"): "fingerprints of what was written, which is judged where it was written",
    (RACE_POLLS, "checks[].value"): "words for people; whether the check applies, holds and what it scores is judged",
    (RACE_POLLS, "checks[].expected"): "words for people, like the value",
    (QUARANTINE, "value"): "what could not be read, cut to its column",
    (QUARANTINE, "expected"): "words for people",
    (QUARANTINE, "seen"): "at least half as often as the feed served it, and at most as often",
    (QUARANTINE, "raceId"): "the race of the subject; judged with seen",
    (QUARANTINE, "payload"): "judged with seen: the race's own event",
    (QUARANTINE, "seenAt"): "between the first and the last time that the feed served it",
    (SUITE_STATE, "at of imports, tick, health and cursors"): _IN_THE_DAY,
    (SUITE_STATE, "data of run, tick and health"): "the scheduler's memory, judged by what it hands out",
    (SUITE_STATE, "status of health"): "what the scheduler thinks of the day",
}
