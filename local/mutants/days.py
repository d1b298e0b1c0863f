"""The simulated days that mutants are judged by: short, each with a situation that some rule needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from local.feedsim import DayOptions
from local.simulate.faults import DayFaults, profile
from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from local.simulate.seams import FaultHooks
from local.simulate.shapes import shaped
from local.simulate.verdict import MOST_LINES, examples, troubles
from local.simulate.world import SimWorld, settings_with

CRASHED = "activations that crashed"


@dataclass(frozen=True, slots=True)
class Named:
    """One day: its plan, the fault profile it runs under, "" for none, or the chances of single faults."""

    plan: DayPlan
    faults: str = ""
    rates: Mapping[str, float] = field(default_factory=dict)

    def seams(self) -> Callable[[SimWorld], FaultHooks] | None:
        """Return the maker of what breaks on the day, None where nothing does."""
        if self.rates:
            return lambda world: DayFaults(world, self.rates)
        return profile(self.faults) if self.faults else None


def _port(seed: int, races: int, **options: Any) -> DayPlan:
    return DayPlan(seed=seed, races=races, depth="port", options=DayOptions(**options))


def _early(seed: int, races: int, **options: Any) -> DayPlan:
    """Begin the races as early as all their columns allow: each hour before them costs ticks alone."""
    return _port(seed, races, **{"first_race_minutes": 9 * 60, **options})


# Through the first labels of an early day's one race.
_UNSEEN_START = (datetime(2026, 2, 13, 18, 30, tzinfo=UTC), datetime(2026, 2, 13, 19, 12, tzinfo=UTC))
# From two minutes before the start of an early day's one race until it is Final.
_UNSEEN = (datetime(2026, 2, 13, 19, 58, tzinfo=UTC), datetime(2026, 2, 13, 20, 30, tzinfo=UTC))
# From the minute after an early day's one race is Final until its re-checks are past.
_UNCHECKED = (datetime(2026, 2, 13, 20, 7, tzinfo=UTC), datetime(2026, 2, 13, 20, 50, tzinfo=UTC))
# Half an hour in the last hour before the start of the day's one race.
_PAUSE = (datetime(2026, 2, 13, 22, 0, tzinfo=UTC), datetime(2026, 2, 13, 22, 30, tzinfo=UTC))
# Fifty minutes of it: more slots than fit on two hands.
_LONG_PAUSE = (datetime(2026, 2, 13, 21, 44, tzinfo=UTC), datetime(2026, 2, 13, 22, 34, tzinfo=UTC))
# From before the first look at an early day's results until the second is due too.
_UNLOOKED = (datetime(2026, 2, 13, 20, 55, tzinfo=UTC), datetime(2026, 2, 13, 21, 56, tzinfo=UTC))
# Half an hour of an early day's far slots, each in a race's own minute of it, and the next as far apart.
_FAR_PAUSE = (datetime(2026, 2, 13, 17, 40, tzinfo=UTC), datetime(2026, 2, 13, 18, 10, tzinfo=UTC))
DAYS: Mapping[str, Named] = {
    "plain": Named(_early(3, 1)),
    "pair": Named(_early(3, 2)),
    "results": Named(_early(7, 2, protests=1, dead_heats=1, corrections=1, late_amendments=1)),
    "scratchings": Named(_early(1, 1, late_scratchings=1)),
    "money": Named(_early(5, 3), "money"),
    "undecided": Named(_early(6, 1, unrefunded=1, suspensions=1)),
    "moved": Named(_early(2, 3, moved_starts=2)),
    "moved-late": Named(_early(2, 1, moved_starts=1)),
    "abandoned": Named(_early(4, 3, abandoned_races=1, abandoned_tails=1)),
    "far": Named(_early(3, 2, foreign_meetings=2, greyhound_meetings=1)),
    "paused": Named(replace(_port(3, 1, moved_starts=0), paused=_PAUSE)),
    "paused-far": Named(replace(_early(3, 3, moved_starts=0), paused=_FAR_PAUSE)),
    "unseen-finish": Named(replace(_early(3, 1, moved_starts=0), paused=_UNSEEN)),
    "looks": Named(replace(_early(3, 5, moved_starts=0), paused=_UNLOOKED)),
    "suspended": Named(_early(78, 1, suspensions=1)),
    "late-start": Named(replace(_early(3, 1, moved_starts=0), paused=_UNSEEN_START)),
    "unbacked": Named(_early(48, 1, suspensions=1)),
    "falling": Named(_early(2, 1, moved_starts=0), rates={"payload.falling_pools": 0.5}),
    "pages": Named(_port(6, 1, foreign_meetings=220, first_race_minutes=14 * 60)),
    "errors": Named(_early(3, 1), rates={"feed.error_in_200": 0.25}),
    "five-hundreds": Named(_early(3, 1), rates={"feed.5xx": 0.65}),
    "twice": Named(_early(3, 3), rates={"activation.doubled": 1.0}),
    "older": Named(_early(3, 2), rates={"payload.older_status": 0.5}),
    "lost-answers": Named(
        replace(_early(3, 1), depth="full"), rates={"store.5xx_after": 0.15, "store.reset_after": 0.15}
    ),
    "amended": Named(_early(13, 4, late_amendments=1)),
    "one-race-batches": Named(replace(_early(3, 2), settings=settings_with(races_per_poller=1))),
    "other-races": Named(_early(3, 2), rates={"feed.other_race": 0.2}),
    "no-places": Named(_early(22, 1, moved_starts=0), rates={"payload.no_places": 0.7}),
    "other-dividends": Named(_early(3, 1), rates={"payload.other_dividends": 1.0}),
    # A first look at a start that has moved fails often, and the next ones were handed out from the old start.
    "moved-unseen": Named(_early(2, 1, moved_starts=1), rates={"feed.timeout": 0.6}),
    "shut-early": Named(_early(3, 1), rates={"payload.shut_early": 0.3}),
    "shut-always": Named(_early(3, 1), rates={"payload.shut_early": 1.0}),
    "waits": Named(_early(3, 1), rates={"feed.429_wait": 0.5}),
    "shuffled": Named(_early(3, 1), rates={"webhook.delayed": 0.5, "webhook.shuffled": 0.3}),
    "protested": Named(_early(3, 1), rates={"payload.protest_open": 1.0}),
    "pool-words": Named(_early(3, 1), rates={"payload.pool_words": 0.5}),
    "odd-dividends": Named(_early(13, 2, late_amendments=1), rates={"payload.odd_dividends": 0.5}),
    "unplaced": Named(_early(3, 1), rates={"payload.unplaced": 1.0}),
    # Nothing but deliveries brings the totals up to date, and those of an hour come together.
    "held": Named(_early(9, 1, moved_starts=0), rates={"webhook.held": 1.0, "wake.dropped": 1.0, "store.slow": 0.5}),
    # Alerts are told and whoever told them dies before saying so; nobody comes back to it before the next label.
    "told-in-part": Named(_early(2, 3), rates={"activation.killed_by_request": 0.35, "wake.dropped": 0.9}),
    "jump-guessed": Named(_early(3, 1), rates={"payload.jump_guessed": 1.0}),
    "long-pause": Named(replace(_port(3, 1, moved_starts=0), paused=_LONG_PAUSE)),
    "stuck": Named(_early(3, 1, unfinished=1)),
    "bands": Named(_early(5, 1)),
    "greyhounds": Named(_early(3, 1, greyhound_meetings=1)),
    "midnight": Named(_port(15, 2, first_race_minutes=23 * 60 + 40)),
    "corrections": Named(_early(16, 2, corrections=2)),
    "abandoned-meeting": Named(_early(17, 3, abandoned_meetings=1)),
    "leavers": Named(_early(18, 2, leavers=2, dead_places=1, dropped_pools=1)),
    "leaps": Named(_early(19, 2, leaps=2)),
    "intervals": Named(replace(_early(3, 1), settings=settings_with(near_interval_secs=30, last_interval_secs=15))),
    "faults": Named(_early(5, 4), "all"),
    "conflicts": Named(_early(3, 4), "conflicts"),
    "hiccups": Named(_early(3, 3), "hiccups"),
    "payloads": Named(_early(3, 4), "payloads"),
    "activations": Named(_early(3, 3), "activations"),
    "doubles": Named(_early(3, 3), "all+doubles"),
    "feed": Named(_early(3, 1), rates={"feed.html": 0.3, "feed.cut": 0.2}),
    "stale": Named(_early(3, 2), "stale"),
    "late": Named(_early(3, 3), "late"),
    "ticks": Named(_early(3, 3), "ticks"),
    "store": Named(_early(3, 3), "store"),
    "store-refuses": Named(_early(3, 1), rates={"store.403": 0.03}),
    "rivals": Named(_early(3, 2), "doubles+webhooks"),
    "shut": Named(_early(9, 4)),
    "webhooks": Named(_early(3, 2), "webhooks"),
    "unchecked": Named(replace(_early(3, 1, moved_starts=0), paused=_UNCHECKED)),
    "refused": Named(_early(3, 2), rates={"invoker.429": 0.4}),
    "unsent": Named(_early(3, 2), rates={"webhook.dropped": 1.0}),
    "never-begun": Named(_early(3, 2), rates={"activation.dropped": 0.3}),
    "too-late": Named(_early(3, 1), rates={"activation.late": 0.9}),
    "feed-away": Named(_early(3, 1), rates={"feed.timeout": 0.7}),
    "few-ticks": Named(_early(3, 2), rates={"tick.missed": 0.5}),
    "tails": Named(_early(5, 4, moved_starts=0, abandoned_tails=1)),
}


def judged(name: str) -> dict[str, Any]:
    """Simulate a day: `differs` are the judge's lines and what is wrong by number, `crashed` what it died of."""
    named = DAYS[name]
    plan = shaped(named.plan, named.faults, 0, dated=True) if named.faults else named.plan
    report = simulate_day(plan, seams=named.seams())
    found = troubles(report)
    crashed = found.pop(CRASHED, 0)
    if not found:
        return {"crashed": report["crashes"][0]} if crashed else {}
    lines = [line for line in examples(report) if not line.startswith("crash:")]
    return {"differs": found, "examples": lines[:MOST_LINES][:3]}
