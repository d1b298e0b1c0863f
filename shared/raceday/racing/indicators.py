"""Alert indicators between two neighbouring columns of the timeline, and the bands users set for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

THRESHOLD = 5.0


@dataclass(frozen=True, slots=True)
class Frame:
    """One column: growth in cents and odds per runner; scratched runners are listed apart."""

    win: Mapping[str, int]
    place: Mapping[str, int]
    odds: Mapping[str, Decimal]
    scratched: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Indicator:
    """One runner's movement: `value` in percentage points for money, in percent of the former odds for odds."""

    entrant_id: str
    kind: str
    value: float


@dataclass(frozen=True, slots=True)
class Band:
    """A user's band, low <= value < high; the last is open above."""

    low: float
    high: float | None
    color: str

    def holds(self, value: float) -> bool:
        """Tell whether a value lies in the band."""
        return self.low <= value and (self.high is None or value < self.high)


def shares(growth: Mapping[str, int], runners: Sequence[str]) -> dict[str, float] | None:
    """Return each runner's share of the money that came in, of 100; None where none came."""
    came = {runner: max(0, growth[runner]) for runner in runners}
    total = sum(came.values())
    return {runner: cents / total * 100 for runner, cents in came.items()} if total else None


def money_indicators(
    before: Mapping[str, int], now: Mapping[str, int], out: frozenset[str], kind: str
) -> list[Indicator]:
    """Return rises of share between two frames, in percentage points.

    Runners that are scratched, or missing from a frame, are taken out of both: their refund would light up the rest.
    """
    runners = [runner for runner in now if runner in before and runner not in out]
    old, new = shares(before, runners), shares(now, runners)
    if old is None or new is None:
        return []
    return [Indicator(r, kind, new[r] - old[r]) for r in runners if new[r] - old[r] >= THRESHOLD]


def odds_indicators(before: Mapping[str, Decimal], now: Mapping[str, Decimal], out: frozenset[str]) -> list[Indicator]:
    """Return shortening odds between two frames, in percent of the former odds."""
    found = []
    for runner, odds in now.items():
        was = before.get(runner)
        if was is None or runner in out or was <= 0:
            continue
        value = float((was - odds) / was * 100)
        if value >= THRESHOLD:
            found.append(Indicator(runner, "odds", value))
    return found


def indicators(before: Frame, now: Frame) -> list[Indicator]:
    """Return every indicator of at least 5 between two neighbouring frames."""
    out = before.scratched | now.scratched
    return [
        *money_indicators(before.win, now.win, out, "money_win"),
        *money_indicators(before.place, now.place, out, "money_place"),
        *odds_indicators(before.odds, now.odds, out),
    ]
