"""What a bench key gives: a ratio, its goal, and the samples it was made of."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Sample:
    """Repeated measurements of one thing, in `unit`."""

    values: tuple[float, ...]
    unit: str = "ms"

    @property
    def median(self) -> float:
        """Return the middle value."""
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """Return the distance from the first to the third quarter, as a share of the median."""
        if len(self.values) < 2 or not self.median:
            return 0.0
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return (high - low) / self.median

    def to_json(self) -> dict[str, Any]:
        """Return median, spread and count."""
        return {
            "median": round(self.median, 4),
            "spread": round(self.spread, 3),
            "runs": len(self.values),
            "unit": self.unit,
        }


@dataclass(frozen=True, slots=True)
class Part:
    """One more limit of a key: a value that is to be at most its goal."""

    value: float
    goal: float

    def to_json(self) -> dict[str, Any]:
        """Return value, goal and whether it is met."""
        return {"value": round(self.value, 4), "goal": self.goal, "met": self.value <= self.goal}


@dataclass(frozen=True, slots=True)
class Goals:
    """What a slow key measures and its limits as the code of today has them, to judge figures that were kept."""

    what: str
    goal: float | None
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measure:
    """One key's ratio; `goal` None is reported only, `parts` are its further limits by name."""

    key: str
    value: float
    goal: float | None
    what: str
    measured: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        """Tell whether every limit holds."""
        return (self.goal is None or self.value <= self.goal) and all(p.value <= p.goal for p in self.parts.values())

    def to_json(self) -> dict[str, Any]:
        """Return the entry of the report's file."""
        measured = {name: m.to_json() if isinstance(m, Sample) else m for name, m in self.measured.items()}
        return {
            "value": round(self.value, 4),
            "goal": self.goal,
            "met": self.met,
            "what": self.what,
            "parts": {name: part.to_json() for name, part in self.parts.items()},
            "measured": measured,
        }


def in_turn(works: dict[str, Callable[[], float]], rounds: int) -> dict[str, Sample]:
    """Measure each thing `rounds` times, in turn, so that a busy machine slows all of them alike; values as given."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(work())
    return {name: Sample(tuple(values)) for name, values in found.items()}


def timed_ms(work: Callable[[], Any], times: int = 1) -> float:
    """Return the wall milliseconds of one of `times` calls."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) * 1000 / times


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that is not under `share` of all."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def noise() -> Sample:
    """Return the time of the same plain work over and over: what its spread shows is the machine's, not ours."""

    def work() -> None:
        sum(i * i for i in range(60_000))

    return Sample(tuple(timed_ms(work) for _ in range(25)))
