"""Pools over several races of one meeting: the same total stands on every leg, and closes with the first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import exp

from local.feedsim.model import FeedRace, MeetingFacts
from local.feedsim.seeded import stream

_MEMBERS = {
    "early_quadrella": "early_quaddie",
    "quadrella": "quaddie",
    "running_double": "tote_running_double",
    "treble": "tote_treble",
}
_SIZES = {"early_quadrella": 900.0, "quadrella": 3000.0, "running_double": 400.0, "treble": 350.0}


@dataclass(frozen=True, slots=True)
class LegPool:
    """One multi-leg pool: canonical product, the legs' race numbers and races, and its final size."""

    product: str
    member: str
    legs: tuple[int, ...]
    races: tuple[FeedRace, ...]
    final_cents: int
    jackpot_cents: int

    def closed(self, at: datetime) -> bool:
        """Whether betting is shut: the first leg has started."""
        return at >= self.races[0].script.closed

    def total(self, at: datetime) -> int:
        """Cents in the pool at a mark, growing until the first leg starts."""
        minutes = max(0.0, (self.races[0].script.closed - at).total_seconds() // 60)
        fraction = 0.1 * exp(-minutes / 600) + 0.35 * exp(-minutes / 60) + 0.55 * exp(-minutes / 8)
        return int(self.final_cents * fraction)


def leg_pools(meeting: MeetingFacts) -> dict[int, list[LegPool]]:
    """The multi-leg pools of a meeting by the number of each race that is a leg."""
    by_race: dict[int, list[LegPool]] = {}
    for product, member in _MEMBERS.items():
        groups = meeting.details.get(member)
        if not groups:
            continue
        for legs in groups if isinstance(groups[0], list) else [groups]:
            chance = stream(meeting.meeting_id, product, legs)
            size = int(_SIZES[product] * exp(chance.gauss(0.0, 0.8)) * 100)
            guaranteed = product == "quadrella" and meeting.country == "NZ"
            pool = LegPool(
                product,
                member,
                tuple(legs),
                tuple(meeting.races[n - 1] for n in legs),
                2_500_000 if guaranteed else size,
                int(size * 0.8) if chance.random() < 0.2 else 0,
            )
            for number in legs:
                by_race.setdefault(number, []).append(pool)
    return by_race
