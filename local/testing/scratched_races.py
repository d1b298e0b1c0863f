"""Races around scratchings, made of true money: what the feed would show at each poll, and whose money it is.

The truth is the cents themselves. Odds, totals and percentages are made of them as the tote makes them: the pool less
a take-out of its own by the money on a runner, rounded down to tenths and never under the stake.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

from raceday.racing.snapshot import Odds, Pool, Runner, Snapshot, Status, Tracker

START = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
PRODUCTS = ("win", "place")
NEVER = 10**6
_MOST_ODDS = 999


class DrawnScratching(NamedTuple):
    """A runner that is out from poll `at` on; `refunded` says from which poll on each pool is without its money."""

    runner: int
    at: int
    refunded: Mapping[str, int]
    leftover_odds: bool


class Silence(NamedTuple):
    """Pool odds that the feed lacks from one poll to before another: of one runner, or of all where it is None."""

    runner: int | None
    since: int
    until: int
    products: tuple[str, ...]


class DrawnRace(NamedTuple):
    """One race as it was drawn: its runners' strength, its scratchings, and what the feed keeps back."""

    size: int
    polls: int
    places: int
    strength: Mapping[str, tuple[float, ...]]
    opening: Mapping[str, float]
    take: Mapping[str, float]
    drift: float
    scratchings: tuple[DrawnScratching, ...]
    silences: tuple[Silence, ...]
    place_off: int
    ends: bool
    tracked: bool


class TrueMoney(NamedTuple):
    """Whose money each pool is at one poll, in cents by entrant: scratched ones are listed while it holds theirs."""

    cents: Mapping[str, Mapping[str, int]]
    out: frozenset[str]
    dead: frozenset[str]

    def total(self, product: str) -> int:
        """Return one pool's total."""
        return sum(self.cents[product].values())


class Served(NamedTuple):
    """What the feed shows at one poll, and what is true."""

    snapshot: Snapshot
    truth: TrueMoney


def entrant(index: int) -> str:
    """Return the id of a race's runner."""
    return f"7b000000-0000-4000-8000-0000000000{index + 1:02d}"


def polls_of(seed: int) -> list[Served]:
    """Return every poll of the race of one seed."""
    chance = Random(seed)
    race = _drawn(chance)
    money = {p: _opening(race, p, chance) for p in PRODUCTS}
    served = []
    for at in range(race.polls):
        if at:
            _grow(race, money, at, chance)
        served.append(_served(race, money, at, chance))
    return served


def _drawn(chance: Random) -> DrawnRace:
    size, polls = chance.randint(4, 16), chance.randint(5, 13)
    shape = chance.choice((0.7, 1.0, 2.0, 4.0))
    win = tuple(max(0.002, chance.gammavariate(shape, 1)) for _ in range(size))
    place = tuple(w ** chance.uniform(0.5, 0.8) for w in win)
    opening = math.exp(chance.uniform(math.log(20_000), math.log(3_000_000)))
    count = chance.choice((0, 1, 1, 1, 2, 2, 3)) if size > 5 else chance.choice((0, 1))
    return DrawnRace(
        size,
        polls,
        3 if size >= 8 else 2 if size >= 5 else 1,
        {"win": win, "place": place},
        {"win": opening, "place": opening * chance.uniform(0.3, 0.9)},
        {p: chance.uniform(0.835, 0.86) for p in PRODUCTS},
        chance.choice((0.0, 0.001, 0.002)),
        tuple(_scratching(i, polls, chance) for i in chance.sample(range(size), count)),
        tuple(_silences(size, polls, chance)),
        chance.randrange(1, polls) if chance.random() < 0.08 else NEVER,
        chance.random() < 0.4,
        chance.random() < 0.6,
    )


def _scratching(index: int, polls: int, chance: Random) -> DrawnScratching:
    at = chance.randrange(polls)
    lag = chance.choice((0, 0, 1, 1, 2, 3, NEVER))
    apart = chance.choice((0, 0, 0, 0, -1, 1, 2))
    refunded = {"win": at + lag, "place": max(at, at + lag + apart)}
    return DrawnScratching(index, at, refunded, chance.random() < 0.25)


def _silences(size: int, polls: int, chance: Random) -> list[Silence]:
    found = []
    for index in (None, *range(size)):
        if chance.random() < (0.12 if index is None else 0.4 / size):
            since = chance.randrange(polls)
            length = 1 if index is None else chance.choice((1, 2, 4, NEVER))
            products = chance.choice((PRODUCTS, PRODUCTS, ("win",), ("place",)))
            found.append(Silence(index, since, since + length, products))
    return found


def _opening(race: DrawnRace, product: str, chance: Random) -> list[int]:
    strength = race.strength[product]
    drawn = [s * chance.uniform(0.85, 1.15) for s in strength]
    return [round(race.opening[product] * d / sum(drawn)) for d in drawn]


def _grow(race: DrawnRace, money: Mapping[str, list[int]], at: int, chance: Random) -> None:
    """Let new bets come in on who still runs, and refunds go out."""
    pace = chance.choice((0.0, 0.02, 0.05, 0.1, 0.25))
    out = {s.runner for s in race.scratchings if s.at <= at}
    for product, cents in money.items():
        for i in range(race.size):
            if i not in out:
                cents[i] += round(cents[i] * pace * chance.uniform(0.4, 1.6))
        for s in race.scratchings:
            if s.at <= at and (at >= s.refunded[product] or _is_final(race, at)):
                cents[s.runner] = 0


def _is_final(race: DrawnRace, at: int) -> bool:
    return race.ends and at == race.polls - 1


def _served(race: DrawnRace, money: Mapping[str, list[int]], at: int, chance: Random) -> Served:
    # A refund at once leaves nothing behind at the first poll either.
    if at == 0:
        for s in race.scratchings:
            for product, cents in money.items():
                if s.at == 0 and s.refunded[product] == 0:
                    cents[s.runner] = 0
    dead = frozenset({"place"}) if at >= race.place_off else frozenset()
    out = frozenset(s.runner for s in race.scratchings if s.at <= at)
    odds = {p: _odds(race, p, money[p], at, chance) for p in PRODUCTS}
    hold = _points(money["win"], out, chance) if race.tracked else None
    runners = tuple(
        Runner(
            entrant(i),
            i + 1,
            f"Runner {i + 1}",
            scratched=i in out,
            odds=Odds(Decimal(5), Decimal(2), odds["win"][i], odds["place"][i]),
            hold_points=None if hold is None else Decimal(hold[i]),
            bet_points=None if hold is None else Decimal(hold[i]),
        )
        for i in range(race.size)
    )
    truth = TrueMoney({p: {entrant(i): c for i, c in enumerate(cents) if c} for p, cents in money.items()},
                  frozenset(entrant(i) for i in out), dead)  # fmt: skip
    return Served(_snapshot(race, runners, truth, at), truth)


def _odds(race: DrawnRace, product: str, money: list[int], at: int, chance: Random) -> list[Decimal | None]:
    places = race.places if product == "place" else 1
    kept = (race.take[product] + race.drift * chance.uniform(-1, 1)) * sum(money) / places
    shown: list[Decimal | None] = [None if not c else _tenths(kept / c) for c in money]
    for s in race.scratchings:
        if s.at <= at and s.leftover_odds and shown[s.runner] is None:
            shown[s.runner] = _tenths(
                kept * sum(race.strength[product]) / race.strength[product][s.runner] / sum(money)
            )
    for silence in race.silences:
        if silence.since <= at < silence.until and product in silence.products:
            shown = [None if silence.runner in (None, i) else o for i, o in enumerate(shown)]
    return shown


def _tenths(odds: float) -> Decimal | None:
    return None if odds > _MOST_ODDS else Decimal(max(10, math.floor(odds * 10))) / 10


def _points(money: list[int], out: frozenset[int], chance: Random) -> list[int]:
    """Return whole points over all products, which follow Win from afar."""
    drawn = [0.0 if i in out else c * chance.uniform(0.7, 1.3) for i, c in enumerate(money)]
    return [round(100 * d / (sum(drawn) or 1)) for d in drawn]


def _snapshot(race: DrawnRace, runners: tuple[Runner, ...], truth: TrueMoney, at: int) -> Snapshot:
    status = Status.FINAL if _is_final(race, at) else Status.OPEN
    when = START - timedelta(minutes=65) + timedelta(minutes=5 * at)
    held = sum((r.hold_points or Decimal(0) for r in runners), Decimal(0))
    return Snapshot(
        race_id="7b000000-0000-4000-8000-00000000aaaa",
        meeting_id="7b000000-0000-4000-8000-00000000bbbb",
        meeting_name="Made",
        name="Made",
        number=1,
        status=status,
        start=START,
        generated_at=when,
        country="NZ",
        code="T",
        entrant_count=race.size,
        field_size=sum(not r.scratched for r in runners),
        positions_paid=race.places,
        runners=runners,
        pools=tuple(Pool(p, truth.total(p), "ABANDONED" if p in truth.dead else "OPEN") for p in PRODUCTS),
        tracker=Tracker(held, held, Decimal(0), Decimal(0), len(runners)) if race.tracked else None,
    )
