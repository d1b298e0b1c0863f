"""`poll_wall`: from a slot to what its poll wrote, 50 ms a call, against the calls that must follow one another.

These are the feed's answer, staging and commit, or the feed's answer and one row where nothing changed: whatever else a
poll does after its slot shows in the ratio.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from local.bench.kit import Bench, Sent
from local.bench.measure import Measure, Part, Sample
from local.bench.poll_calls import RUNNERS
from local.feedsim.model import FeedRace

DELAY_SECS = 0.05
GOAL = 1.1
# A poller is started 1.5 s before a slot from T-5 on, and runs about a second before it.
AHEAD_SECS = 1.0
_BASE_SECS, _FIRST_SECS, _STEP_SECS = 450, 300, 30
KINDS = ("changed", "unchanged")


async def _walls(rounds: int) -> dict[str, list[float]]:
    bench = await Bench().imported()
    races = sorted(bench.plain_races(), key=lambda race: abs(len(race.runners) - RUNNERS))[: len(KINDS)]
    found: dict[str, list[float]] = {f"{kind}{what}": [] for kind in KINDS for what in ("", "_calls")}
    # The first two polls of a race are its base and what tells a poller whether the next one will change something.
    for turn in range(-1, rounds):
        for kind, race in zip(KINDS, races, strict=True):
            before = _BASE_SECS if turn < 0 else _FIRST_SECS - turn * _STEP_SECS
            still = bench.runs_at(race, _BASE_SECS) if kind == "unchanged" else None
            spent, calls = await _polled(bench, race, bench.runs_at(race, before), still)
            if turn > 0:
                found[kind].append(spent * 1000)
                found[f"{kind}_calls"].append(sum(one.took_secs for one in calls) * 1000)
    return found


async def _polled(bench: Bench, race: FeedRace, at: datetime, still: datetime | None) -> tuple[float, list[Sent]]:
    """Hand a slot out ahead of its time; give the seconds from it to the row's answer, and the calls that had to be.

    Where the feed stands `still` at an instant, the poll finds nothing changed.
    """
    bench.feed_at = still or at
    bench.feed_secs = bench.store_secs = lambda: DELAY_SECS
    bench.sent.clear()
    began = at.timestamp()
    bench.clock.move_to(at - timedelta(seconds=AHEAD_SECS))
    await bench.poll([(race, at)])
    bench.feed_secs = bench.store_secs = lambda: 0.0
    calls = needed([one for one in bench.sent if one.at >= began])
    return calls[-1].at + calls[-1].took_secs - began, calls


def needed(sent: Sequence[Sent]) -> list[Sent]:
    """Return the calls that must follow one another: the feed's, then staging and commit, or the one row."""
    feed = [one for one in sent if one.wire == "feed"]
    writes = [
        one for one in sent if one.wire == "store" and (_ends(one) or ("/rows" in one.url and one.method == "POST"))
    ]
    return [*feed[:1], *writes]


def _ends(one: Sent) -> bool:
    return one.url.endswith("/operations") or (one.method == "PATCH" and b"commit" in one.content)


def measure(quick: bool) -> Measure:
    """Poll changed and unchanged slots in turn, and sum what the calls of each took, the server's own work included."""
    found = {name: Sample(tuple(values)) for name, values in asyncio.run(_walls(4 if quick else 10)).items()}
    ratios = {kind: found[kind].median / found[f"{kind}_calls"].median for kind in KINDS}
    return Measure(
        "poll_wall",
        max(ratios.values()),
        GOAL,
        "from the slot to the row with 50 ms a call / the calls that must follow one another",
        {**found, "delay_ms": DELAY_SECS * 1000},
        {kind: Part(ratio, GOAL) for kind, ratio in ratios.items()},
    )
