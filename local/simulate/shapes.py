"""Days that are hard by themselves: moved starts, races called off, money in trouble, clock changes, Saturdays."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from local.simulate.plan import DayPlan


@dataclass(frozen=True, slots=True)
class DayShape:
    """What a profile makes of a day: disruptions as one in so many races, its least races, and its dates in turn."""

    one_in: Mapping[str, int] = field(default_factory=dict)
    races: int = 0
    dates: tuple[date, ...] = ()


_MOVED = {"moved_starts": 4, "late_races": 12, "late_scratchings": 3}
_ABANDONED = {"abandoned_races": 6, "abandoned_tails": 12, "abandoned_meetings": 24}
_MONEY = {
    "unrefunded": 3,
    "leavers": 6,
    "dead_places": 6,
    "called_off": 6,
    "dropped_pools": 4,
    "suspensions": 3,
    "late_amendments": 8,
    "leaps": 4,
}
# New Zealand's clocks go back with Australia's, and forward a week before them.
_NIGHTS = (date(2026, 4, 5), date(2026, 9, 27), date(2026, 10, 4))
_SATURDAYS = (date(2026, 2, 14), date(2026, 11, 7))

SHAPES: Mapping[str, DayShape] = {
    "moved": DayShape(_MOVED),
    "abandoned": DayShape(_ABANDONED),
    "money": DayShape(_MONEY),
    "clock-changes": DayShape(dates=_NIGHTS),
    # Sixty meetings of eight races.
    "saturdays": DayShape(races=480, dates=_SATURDAYS),
    "all": DayShape({"moved_starts": 8, "abandoned_races": 12, "abandoned_tails": 24, **_MONEY}),
}


def shaped(plan: DayPlan, names: str, i: int, *, dated: bool) -> DayPlan:
    """Return the `i`th day's plan as the shapes among `names` (joined by +) have it; `dated` keeps the day it has."""
    for shape in (SHAPES[name] for name in names.split("+") if name in SHAPES):
        races = max(plan.races, shape.races)
        counts: dict[str, Any] = {name: races // each for name, each in shape.one_in.items()}
        day = plan.day if dated or not shape.dates else shape.dates[i % len(shape.dates)]
        plan = replace(plan, races=races, day=day, options=replace(plan.options, **counts))
    return plan
