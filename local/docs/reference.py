"""What each function takes and answers, for its documentation; errors are the same for all on HTTP."""

from typing import NamedTuple


class Parameter(NamedTuple):
    """One parameter of a call."""

    name: str
    kind: str
    about: str


class Reference(NamedTuple):
    """One function's parameters and the members of its answer, over HTTP those of `http_answer` where it differs."""

    parameters: tuple[Parameter, ...]
    answer: tuple[tuple[str, str], ...]
    methods: tuple[str, ...] = ()
    http_answer: tuple[tuple[str, str], ...] = ()


_DATE = Parameter("date", "string", "NZ race day as YYYY-MM-DD; today in New Zealand by default.")
_IMPORT = (
    ("ok", "true; what could not be done stands in `failures`."),
    ("date", "The NZ race day."),
    ("stored", "Rows that are stored now, by table."),
    ("rows_changed", "Rows that were written."),
    ("texts_cut", "Texts that were longer than their columns."),
    ("failures", "What could not be done, with the reason."),
)
_POLLED = (
    ("ok", "true."),
    ("polled", "Polls that were tried."),
    ("committed", "Polls that are in the ledger."),
    ("results", "Per poll: race, slot, result, score, cause of a failure."),
    ("failures", "Failed polls, each with race, slot and cause."),
)
_TICK = (
    ("ok", "true; what could not be done stands in `failures`."),
    ("minute", "The instant of the tick."),
    ("races", "Races that were looked at."),
    ("slots", "Slots that were handed out."),
    ("retried", "Slots that were handed out again."),
    ("unstarted", "Functions that could not be started; with one the watcher hears of a failure."),
    ("failures", "Parts of the tick that a later minute does again."),
)
_HEALTH = (
    ("ok", "false with status 503: the scheduler stands still, or a trouble is failing."),
    ("status", "ok, warning, failing, or standstill after three and a half minutes without a tick."),
    ("at", "Now."),
    ("lastTick", "The instant of the last tick, null before the first."),
    ("troubles", "What the last look found: kind, level and text of each."),
)
_RACE_ID = Parameter("raceId", "string", "One race, the feed's id.")
_RACE_IDS = Parameter("raceIds", "array", "Several races, as a list or as a text with commas.")
_DUE_IDS = Parameter("raceIds", "array", "Several races, as a list or as a text with commas; empty: what is due now.")
_PROJECTED = (("ok", "true."), ("raceId", "The race that was brought up to date."))
_WEBHOOK = (Parameter("raceId", "string", "The race, read from the row that the signed webhook carries."),)

REFERENCES: dict[str, Reference] = {
    "daily-meetings": Reference((_DATE,), _IMPORT),
    "daily-races": Reference((_DATE,), _IMPORT),
    "daily-entrants": Reference((_DATE,), _IMPORT),
    "master-race-scheduler": Reference((), _TICK, ("get",), _HEALTH),
    "enhanced-race-poller": Reference(
        (_RACE_ID, _DUE_IDS, Parameter("slots", "array", "The scheduler's hand-out: objects of raceId, slot, kind.")),
        _POLLED,
        ("get", "post"),
    ),
    "race-data-poller": Reference((_DUE_IDS,), (*_POLLED, ("races", "Races that were looked at."))),
    "single-race-poller": Reference(
        (_RACE_ID,),
        (
            *_POLLED,
            ("steps", "Each step with its milliseconds since the start."),
            ("checks", "Each check of the poll."),
        ),
        ("get", "post"),
    ),
    "batch-race-poller": Reference(
        (_RACE_IDS, Parameter("due", "boolean", "Leave out races without a slot now.")), _POLLED
    ),
    "money-flow-tracker": Reference(_WEBHOOK, (*_PROJECTED, ("rows", "Timeline rows that were written."))),
    "race-pools-aggregator": Reference(
        _WEBHOOK,
        (
            *_PROJECTED,
            ("changed", "Whether totals were written."),
            ("closingPrices", "Whether closing prices were written."),
        ),
    ),
    "alert-evaluator": Reference(_WEBHOOK, (*_PROJECTED, ("notifications", "Notifications that were written."))),
    "jockey-silks-enricher": Reference(
        (
            _RACE_ID,
            _RACE_IDS,
            Parameter("meetingId", "string", "All races of a meeting."),
            Parameter("date", "string", "All races of an NZ race day, YYYY-MM-DD."),
        ),
        (
            ("ok", "true; what could not be done stands in `failures`."),
            ("races", "Races that were looked at."),
            ("runners", "Runners that were looked at."),
            ("silks", "Distinct silks."),
            ("written", "Silks that were written."),
            ("linked", "Runners that were linked to their silk."),
            ("fetched", "Pictures that were fetched."),
            ("results", "Per runner: silk, result and error."),
            ("failures", "Runners that could not be done, with the reason."),
        ),
        ("get", "post"),
    ),
}

ERRORS = (
    (400, "bad_request", "The call is wrong; `field` and `expected` say where and how."),
    (401, "", "The secret header is missing (answered by the platform), or a webhook's signature is wrong."),
    (404, "not_found", "The feed does not know the race."),
    (422, "filtered_out", "The race is of a country or code that is not kept."),
    (500, "internal", "A fault of ours; the log of `activation` has its place."),
    (502, "feed", "The feed did not answer, or not readably."),
    (
        503,
        "store",
        "Appwrite did not take it; `deadline`: time ran out; `settings`: some are missing.",
    ),
)


def reference_of(name: str) -> Reference:
    """Return a function's reference; LookupError names the file that lacks one."""
    found = REFERENCES.get(name)
    if found is None:
        raise LookupError(f"local/docs/reference.py: REFERENCES has no entry for {name!r}")
    return found
