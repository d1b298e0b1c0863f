"""One race's betting market as a pure function of the instant: money, pool odds, fixed prices, tracker points."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, floor
from random import Random
from typing import NamedTuple

from local.feedsim.model import FeedRace, Scratching
from local.feedsim.seeded import apportion, stream

WIN_TAKE_OUT = 0.155
PLACE_TAKE_OUT = 0.165
# Parts of the final pool that arrive on five time scales (minutes before the close): most of it in the last minutes.
_SCALES = (600.0, 90.0, 25.0, 6.0, 1.2)
_PARTS = (0.02, 0.05, 0.13, 0.36, 0.44)
_SIZES = {"T": (18_000.0, 0.9), "H": (6_000.0, 0.6), "G": (3_000.0, 0.6)}
_LADDER = (
    *(round(1.01 + 0.01 * i, 2) for i in range(10)),
    *(round(1.12 + 0.02 * i, 2) for i in range(10)),
    *(round(1.35 + 0.05 * i, 2) for i in range(13)),
    *(round(2 + 0.05 * i, 2) for i in range(10)),
    *(round(2.5 + 0.1 * i, 1) for i in range(15)),
    *(round(4 + 0.2 * i, 1) for i in range(5)),
    *(5 + 0.5 * i for i in range(10)),
    *range(10, 22),
    23,
    26,
    31,
    34,
    41,
    51,
    61,
    71,
    81,
    101,
    126,
    151,
    201,
)
_EXOTICS = {"quinella": (0.12, 0.6), "trifecta": (0.05, 0.9), "first4": (0.15, 0.7), "exacta": (0.05, 0.2)}


@dataclass(frozen=True, slots=True)
class DrawnMoney:
    """True money at an instant, in cents: per runner for win and place, in total for the exotic products.

    A scratched runner has what the pools still hold of it.
    """

    win: tuple[int, ...]
    place: tuple[int, ...]
    exotics: dict[str, int]


class _Segment(NamedTuple):
    """From `since` until the next one: the money standing then, who gets nothing new, what the exotics refunded."""

    since: datetime
    win: list[float]
    place: list[float]
    out: set[int]
    refunds: dict[str, float]


def ladder_price(price: float) -> float:
    """The fixed price on the bookmaker's ladder nearest below a fair one."""
    return float(_LADDER[max(0, min(len(_LADDER), bisect_right(_LADDER, price)) - 1)])


def pool_odds(pool_cents: int, runner_cents: int, take_out: float, paid: int = 1) -> float | None:
    """Tote odds for a runner, rounded down to 0.1 as the tote does; None while nothing is on it."""
    if runner_cents <= 0 or pool_cents <= 0:
        return None
    return max(1.0, floor(10 * pool_cents * (1 - take_out) / (paid * runner_cents) + 1e-9) / 10)


class RaceMarket:
    """The whole market of one race, fixed when it is made; every question about an instant is answered from it."""

    def __init__(self, race: FeedRace, feature: bool = False) -> None:
        self.race = race
        chance = stream(race.race_id, "market")
        self.runners = len(race.runners)
        self._close = race.script.closed
        self.strength = _strengths(chance, self.runners)
        centre, spread = _SIZES[race.category]
        size = 900_000.0 if feature else centre * exp(chance.gauss(0.0, spread))
        self.win_final = min(1_500_000.0, max(300.0, size)) * 100
        self.place_final = self.win_final * chance.uniform(0.18, 0.5)
        self._parts = _perturbed(chance, _PARTS, 0.25)
        self._win_weights = [_mixed(chance, self.strength, 0.5 - 0.09 * k) for k in range(5)]
        # Place bettors back the same runners less keenly, which keeps place odds below win odds.
        self._place_weights = [
            _mixed(chance, _normal([w**0.62 for w in weights]), 0.1) for weights in self._win_weights
        ]
        self.exotic_finals = {
            name: self.win_final * chance.uniform(*bounds)
            for name, bounds in _EXOTICS.items()
            if name != "exacta" or (race.country == "AUS" and chance.random() < 0.3)
        }
        self.commingled = race.country != "NZ" or chance.random() < 0.5
        self._settle = chance.uniform(0.03, 0.15) if self.commingled else 0.0
        self._blocks = self._big_bets(chance)
        self._pace_secs = 360 if self.win_final < 1_000_000 else 180
        self.unknown_hold = chance.choice((0, 0, 3, 5, 8))
        self.unknown_bet = chance.choice((0, 0, 0, 1))
        self.hold_total, self.bet_total = chance.choice((99, 100, 101, 101)), chance.choice((99, 100, 101))
        self._hold_bias = [chance.uniform(0.7, 1.4) for _ in range(self.runners)]
        self._bet_bias = [chance.uniform(0.6, 1.6) for _ in range(self.runners)]
        self.stale_hold = chance.choice((0, 0, 1, 2))
        self._segments = self._scratch_segments()
        self.fixed = _fixed_paths(chance, race, self.strength)

    def _big_bets(self, chance: Random) -> list[tuple[datetime, int, float]]:
        """Single bets and commingled batches that land at once: instant, runner, share of the final win pool."""
        bets = []
        for _ in range(chance.randint(3, 9)):
            before = timedelta(seconds=15 * int(chance.expovariate(1 / 40)))
            runner = chance.choices(range(self.runners), self.strength)[0]
            bets.append((self._close - before, runner, chance.uniform(0.002, 0.02)))
        return sorted(bets)

    def _settled_time(self, at: datetime) -> float:
        """Minutes to the close at which the money seen at `at` stood: far out the pools move only now and then."""
        secs = (self._close - at).total_seconds()
        if secs <= 0:
            return 0.0
        step = 900 if secs > 3900 else self._pace_secs if secs > 1800 else 60 if secs > 600 else 15
        return -(-secs // step) * step / 60

    def _base(self, at: datetime) -> tuple[list[float], list[float]]:
        """Money in cents per runner had nobody been scratched on the day: never falling."""
        minutes = self._settled_time(at)
        arrived = [part * exp(-minutes / scale) for part, scale in zip(self._parts, _SCALES, strict=True)]
        live = 1.0 - self._settle * (at < self.race.script.settled)
        win, place = [], []
        for i in range(self.runners):
            win.append(live * self.win_final * sum(a * w[i] for a, w in zip(arrived, self._win_weights, strict=True)))
            place.append(
                live * self.place_final * sum(a * w[i] for a, w in zip(arrived, self._place_weights, strict=True))
            )
        for when, runner, share in self._blocks:
            if when <= at:
                win[runner] += self.win_final * share
                place[runner] += self.place_final * share * 0.5
        return win, place

    def _scratch_segments(self) -> list[_Segment]:
        """Return the segments between scratchings and refunds, in order of time."""
        dawn = datetime.fromtimestamp(0, self._close.tzinfo)
        early = {s.index for s in self.race.script.scratchings if not s.late}
        none = [0.0] * self.runners
        segments = [_Segment(dawn, none, none, early, dict.fromkeys(self.exotic_finals, 0.0))]
        late = [s for s in self.race.script.scratchings if s.late]
        changes = sorted(
            {(s.at, 0, s) for s in late} | {(s.refunded or s.at, 1, s) for s in late}, key=lambda each: each[:2]
        )
        for at, step, scratching in changes:
            segments.append(self._next(segments[-1], at, scratching, refund=step == 1))
        return segments

    def _next(self, last: _Segment, at: datetime, scratching: Scratching, *, refund: bool) -> _Segment:
        """Return the segment that begins as a runner goes out, or as its money goes back."""
        before = at - timedelta(seconds=15)
        win, place = (last.win[:], last.place[:]) if at == last.since else self._amounts(last, before)
        if not refund:
            return _Segment(at, win, place, last.out | {scratching.index}, last.refunds)
        share = win[scratching.index] / max(1.0, sum(win))
        refunds = {name: back + 1.5 * share * self._exotic(name, before) for name, back in last.refunds.items()}
        win[scratching.index] = place[scratching.index] = 0.0
        return _Segment(at, win, place, last.out, refunds)

    def _exotic(self, name: str, at: datetime) -> float:
        minutes = self._settled_time(at)
        fraction = sum(part * exp(-minutes / scale) for part, scale in zip(self._parts, _SCALES, strict=True))
        return self.exotic_finals[name] * fraction * (1.0 - self._settle * (at < self.race.script.settled))

    def _amounts(self, segment: _Segment, at: datetime) -> tuple[list[float], list[float]]:
        """Money at an instant: what stood when the segment began, and growth shared among those still in."""
        since, win0, place0, out, _ = segment
        win, place = self._base(at)
        if since.year > 1970:
            old_win, old_place = self._base(since - timedelta(seconds=15))
            win = [a - b for a, b in zip(win, old_win, strict=True)]
            place = [a - b for a, b in zip(place, old_place, strict=True)]
        if out:
            win, place = self._redirect(win, out), self._redirect(place, out)
        return [a + b for a, b in zip(win0, win, strict=True)], [a + b for a, b in zip(place0, place, strict=True)]

    def _redirect(self, growth: list[float], out: set[int]) -> list[float]:
        """Return the growth of runners that are out to the others, by strength, so that they keep nothing new."""
        lost = sum(growth[i] for i in out)
        whole = sum(p for i, p in enumerate(self.strength) if i not in out)
        return [0.0 if i in out else amount + lost * self.strength[i] / whole for i, amount in enumerate(growth)]

    def out_at(self, at: datetime) -> set[int]:
        """Indexes of the runners that are scratched at an instant."""
        return {s.index for s in self.race.script.scratchings if s.at <= at}

    def money(self, at: datetime) -> DrawnMoney:
        """All money in the pools at a mark; nothing is left once an abandonment has been refunded."""
        script = self.race.script
        if script.abandoned_event is not None and at >= script.abandoned_event:
            zero = (0,) * self.runners
            return DrawnMoney(zero, zero, dict.fromkeys(self.exotic_finals, 0))
        segment = next(s for s in reversed(self._segments) if s.since <= at)
        win, place = self._amounts(segment, at)
        if script.corrected is not None and at >= script.corrected and script.correction == "pool":
            win = [amount * 1.004 for amount in win]
        exotics = {name: max(0, int(self._exotic(name, at) - segment.refunds[name])) for name in self.exotic_finals}
        return DrawnMoney(_whole(win), _whole(place), exotics)

    def tracker_points(self, money: DrawnMoney, out: set[int]) -> tuple[list[int], list[int]]:
        """Hold and bet points per runner: whole points of its share over all products, with a bias of its own."""
        blend = [0.7 * w + 0.3 * p for w, p in zip(money.win, money.place, strict=True)]
        if sum(blend) < 500:
            return [0] * self.runners, [0] * self.runners
        gone = [s.index for s in self.race.script.scratchings if s.late and s.index in out and not s.leaves]
        stale = self.stale_hold if gone else 0
        hold = apportion(
            self.hold_total - self.unknown_hold - stale,
            [b * bias for b, bias in zip(blend, self._hold_bias, strict=True)],
        )
        bet = apportion(
            self.bet_total - self.unknown_bet, [b**0.8 * bias for b, bias in zip(blend, self._bet_bias, strict=True)]
        )
        if stale:
            hold[gone[0]] += stale
        return hold, bet

    def fixed_at(self, index: int, at: datetime) -> tuple[list[tuple[datetime, float]], float, float]:
        """Fixed prices so far, oldest first, and the current win and place price of a runner; 0 when never priced."""
        path = self.fixed[index]
        scratched = next((s.at for s in self.race.script.scratchings if s.index == index and s.at <= at), at)
        seen = [change for change in path if change[0] <= scratched]
        if not seen:
            return [], 0.0, 0.0
        win = seen[-1][1]
        return seen, win, ladder_price(1 + (win - 1) * (0.27 if self.race.positions_paid == 3 else 0.36))


def _whole(amounts: list[float]) -> tuple[int, ...]:
    """Integer cents; below a dollar nobody has bet yet, so that thin pools miss odds on some runners."""
    return tuple(int(amount) if amount >= 100 else 0 for amount in amounts)


def _strengths(chance: Random, runners: int) -> list[float]:
    """True chances of winning as if all ran; a scratched runner's money goes to the others later."""
    raw = [exp(chance.gauss(0.0, 0.85)) for _ in range(runners)]
    capped = _normal(raw)
    for _ in range(3):
        capped = _normal([min(p, 0.42) for p in capped])
    return capped


def _normal(values: list[float]) -> list[float]:
    whole = sum(values)
    return [value / whole for value in values]


def _perturbed(chance: Random, parts: tuple[float, ...], by: float) -> list[float]:
    return _normal([part * exp(chance.gauss(0.0, by)) for part in parts])


def _mixed(chance: Random, strength: list[float], noise: float) -> list[float]:
    """Where the money of one time scale goes: near the true chances for late money, further off for early money."""
    return _normal([p * exp(chance.gauss(0.0, noise)) for p in strength])


def _fixed_paths(chance: Random, race: FeedRace, strength: list[float]) -> list[list[tuple[datetime, float]]]:
    """Fixed win prices of every runner with the instants of their changes, two days ahead until past the start."""
    opened = race.advertised - timedelta(hours=chance.randint(20, 44), minutes=chance.randint(0, 59))
    paths: list[list[tuple[datetime, float]]] = []
    for i, p in enumerate(strength):
        if any(s.index == i and not s.late and s.at < opened for s in race.script.scratchings):
            paths.append([])
            continue
        guess = p * exp(chance.gauss(0.0, 0.35))
        minutes = sorted(
            (
                *(chance.uniform(2, 900) for _ in range(chance.randint(1, 4))),
                *(chance.uniform(-1.5, 60) for _ in range(chance.randint(1, 6))),
            ),
            reverse=True,
        )
        path = [(opened, ladder_price(0.84 / guess))]
        for k, before in enumerate(minutes, 1):
            near = guess + (p - guess) * k / len(minutes)
            price = ladder_price(0.86 / (near * exp(chance.gauss(0.0, 0.05))))
            when = race.script.closed - timedelta(seconds=15 * round(before * 4))
            if price != path[-1][1] and when > path[-1][0]:
                path.append((when, price))
        paths.append(path)
    return paths
