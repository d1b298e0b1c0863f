"""The twelve functions: what starts each, what it needs and what it does. project.yml is checked against it."""

from typing import Literal, NamedTuple

# The platform's least, which leaves twice the peak of any function; the poller keeps a whole processor for each poll.
LEAN_MB = 128
Sizes = Literal["seed", "lean"]
Kind = Literal["import", "poll", "schedule", "event", "http"]


class FunctionFacts(NamedTuple):
    """One function: `needs` names groups of settings, `url_setting` the setting that holds an event function's URL.

    `handler` is module and name of its use case; `seed_size` the size that the owner asked for, `memory_mb` what the
    platform has of it, `lean_mb` the same for the sizes `lean`.
    """

    name: str
    kind: Kind
    started_by: str
    does: str
    handler: str
    needs: tuple[str, ...]
    seed_size: str
    memory_mb: int
    timeout_secs: int
    url_setting: str = ""
    legacy: bool = False
    lean_mb: int = LEAN_MB

    def memory(self, sizes: str) -> int:
        """Return its memory in MB at one set of sizes, `seed` or `lean`; raises ValueError."""
        if sizes not in SIZES:
            raise ValueError(f"sizes: expected {' or '.join(SIZES)}, got {sizes!r}")
        return self.lean_mb if sizes == "lean" else self.memory_mb


SIZES: tuple[Sizes, ...] = ("seed", "lean")
_FEED_AND_STORE = ("feed", "store")
_EVENT = ("store", "webhooks")

DAILY_MEETINGS = FunctionFacts(
    "daily-meetings",
    "import",
    "17:00 UTC",
    "imports the day's meetings with their races",
    "raceday.importing.meetings:handle",
    # It also carries the watchdog, whose settings of the platform an import does without.
    _FEED_AND_STORE,
    "s-1vcpu-512mb",
    512,
    120,
)
DAILY_RACES = FunctionFacts(
    "daily-races",
    "import",
    "17:10 UTC",
    "imports the details of every stored race, each linked to its meeting",
    "raceday.importing.races:handle",
    _FEED_AND_STORE,
    "s-1vcpu-512mb",
    512,
    180,
)
DAILY_ENTRANTS = FunctionFacts(
    "daily-entrants",
    "import",
    "17:20 UTC",
    "imports entrants and first odds of all stored races, twenty at a step",
    "raceday.importing.entrants:handle",
    _FEED_AND_STORE,
    "s-1vcpu-1gb",
    1024,
    360,
)
SCHEDULER = FunctionFacts(
    "master-race-scheduler",
    "schedule",
    "every minute; HTTP GET tells health",
    "decides which races are due and hands their slots to the poller",
    "raceday.scheduling.scheduler:handle",
    ("feed", "store", "platform"),
    "s-1vcpu-512mb",
    512,
    90,
)
POLLER = FunctionFacts(
    "enhanced-race-poller",
    "poll",
    "the scheduler, or HTTP",
    "polls races at their slots; validates, scores and commits each poll whole",
    "raceday.polling.poller:handle",
    _FEED_AND_STORE,
    "s-2vcpu-2gb",
    1024,
    180,
    lean_mb=1024,
)
DATA_POLLER = FunctionFacts(
    "race-data-poller",
    "poll",
    "legacy schedule",
    "polls the races that are due around now",
    "raceday.polling.legacy:data_poller",
    _FEED_AND_STORE,
    "s-2vcpu-2gb",
    1024,
    120,
    legacy=True,
)
SINGLE_POLLER = FunctionFacts(
    "single-race-poller",
    "poll",
    "HTTP, `raceId`, legacy",
    "polls one race and tells each step",
    "raceday.polling.legacy:single_race",
    _FEED_AND_STORE,
    "s-1vcpu-1gb",
    1024,
    60,
    legacy=True,
)
BATCH_POLLER = FunctionFacts(
    "batch-race-poller",
    "poll",
    "legacy schedule",
    "polls several races and tells the result of each",
    "raceday.polling.legacy:batch",
    _FEED_AND_STORE,
    "s-1vcpu-2gb",
    1024,
    180,
    legacy=True,
)
TRACKER = FunctionFacts(
    "money-flow-tracker",
    "event",
    "webhook of `race-polls`",
    "writes the timeline: one row per label and entrant, once",
    "raceday.projections.money_flow:handle",
    _EVENT,
    "s-1vcpu-1gb",
    1024,
    60,
    url_setting="money_flow_url",
)
AGGREGATOR = FunctionFacts(
    "race-pools-aggregator",
    "event",
    "webhook of `race-polls`",
    "keeps pool totals and closing prices per race",
    "raceday.projections.race_pools:handle",
    _EVENT,
    "s-1vcpu-512mb",
    512,
    60,
    url_setting="race_pools_url",
)
EVALUATOR = FunctionFacts(
    "alert-evaluator",
    "event",
    "webhook of `race-polls`",
    "turns movements into notifications, by users' bands and filters",
    "raceday.projections.alerts:handle",
    _EVENT,
    "s-1vcpu-512mb",
    512,
    60,
    url_setting="alerts_url",
)
SILKS_ENRICHER = FunctionFacts(
    "jockey-silks-enricher",
    "http",
    "HTTP",
    "describes, draws and stores silks",
    "raceday.silks.enrich:handle",
    _FEED_AND_STORE,
    "s-1vcpu-512mb",
    512,
    120,
)

FUNCTIONS = (
    DAILY_MEETINGS,
    DAILY_RACES,
    DAILY_ENTRANTS,
    SCHEDULER,
    POLLER,
    DATA_POLLER,
    SINGLE_POLLER,
    BATCH_POLLER,
    TRACKER,
    AGGREGATOR,
    EVALUATOR,
    SILKS_ENRICHER,
)
NAMES = tuple(function.name for function in FUNCTIONS)
BY_NAME = {function.name: function for function in FUNCTIONS}
IMPORTS = tuple(function.name for function in FUNCTIONS if function.kind == "import")
EVENT_FUNCTIONS = tuple(function.name for function in FUNCTIONS if function.kind == "event")
