"""`fleet`: sixty races that start together, one poller, 30 s slots: how late requests leave."""

import asyncio
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from local.bench.kit import DATE, Bench, spans
from local.bench.measure import Measure, Sample, percentile
from local.feedsim import FeedDay
from local.feedsim.book import RaceBook
from local.feedsim.model import FeedRace
from local.feedsim.options import DayOptions
from local.simulate.day import day_start

RACES = 60
LIFE_SECS = 15
FEED_SECS = (0.05, 0.3)
STORE_SECS = (0.005, 0.03)
_START = day_start(DATE) + timedelta(hours=6, minutes=3)
_PLAIN = DayOptions(moved_starts=0, abandoned_races=0, abandoned_tails=0, abandoned_meetings=0, late_meetings=0,
                    late_races=0, late_scratchings=0)  # fmt: skip


class Together(FeedDay):
    """A day on which every race starts at the same minute."""

    def _make_books(self) -> Iterable[tuple[str, RaceBook]]:
        for race in self.races:
            _move(race, _START - race.advertised)
        return super()._make_books()


def _move(race: FeedRace, by: timedelta) -> None:
    script = race.script
    moved: dict[str, Any] = {
        f.name: value + by for f in fields(script) if isinstance(value := getattr(script, f.name), datetime)
    }
    race.advertised += by
    race.script = replace(script, **moved)


async def _late_secs(slots: int) -> list[float]:
    bench = await Bench(given=Together(3, DATE, RACES, _PLAIN)).imported()
    races = bench.day.core_races
    first = _START - timedelta(seconds=270)
    bench.clock.move_to(first - timedelta(seconds=30))
    bench.feed_at = first - timedelta(seconds=30)
    await bench.run_slots(races, [first - timedelta(seconds=30)])
    bench.feed_at = None
    bench.clock.move_to(first - timedelta(seconds=1))
    bench.feed_secs, bench.store_secs = spans("fleet feed", *FEED_SECS), spans("fleet store", *STORE_SECS)
    bench.sent.clear()
    times = [first + timedelta(seconds=30 * n) for n in range(slots)]
    await bench.run_slots(races, times)
    asked = [sent.at for sent in bench.sent if sent.wire == "feed"]
    if len(asked) != slots * len(races):
        raise RuntimeError(f"{len(asked)} feed requests were sent for {slots * len(races)} slots")
    return [at - max(t.timestamp() for t in times if t.timestamp() <= at + 0.01) for at in asked]


def measure(quick: bool) -> Measure:
    """Let one poller keep the slots of sixty races on the real clock."""
    late = asyncio.run(_late_secs(1 if quick else 4))
    p99 = percentile(late, 0.99)
    return Measure(
        "fleet",
        p99 / LIFE_SECS,
        0.05,
        "lateness of 60 races' requests at p99 / the 15 s a slot lasts",
        {
            "late": Sample(tuple(secs * 1000 for secs in late)),
            "late_p99_ms": round(p99 * 1000, 1),
            "late_max_ms": round(max(late) * 1000, 1),
            "races": RACES,
            "feed_ms": [secs * 1000 for secs in FEED_SECS],
        },
    )
