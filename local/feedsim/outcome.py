"""How a race ends: the order of finish with dead heats and protests, and the dividends that follow from its pools."""

from __future__ import annotations

from datetime import datetime
from math import floor
from random import Random

from local.feedsim.market import PLACE_TAKE_OUT, WIN_TAKE_OUT, DrawnMoney, RaceMarket
from local.feedsim.model import FeedDividend, FeedPlacing, FeedRace
from local.feedsim.seeded import stream

_EXOTIC_TAKE_OUT = 0.22
_INTERIM_PLACINGS = 4


class RaceOutcome:
    """The end of one race; its order is drawn once, by the strength of those that run."""

    def __init__(self, race: FeedRace, market: RaceMarket) -> None:
        self.race = race
        self._market = market
        chance = stream(race.race_id, "outcome")
        out = {scratching.index for scratching in race.script.scratchings}
        self._order = _draw(chance, market.strength, out)
        self._exotic_luck = [chance.uniform(0.6, 1.5) for _ in range(4)]
        self.margins = _margins(chance, len(self._order))
        self.winning_time = round(race.distance / chance.uniform(15.5, 17.0), 2)

    def _order_at(self, at: datetime) -> list[int]:
        """Runner indexes in order of finish as known at an instant: protests and corrections change it."""
        order, script = self._order[:], self.race.script
        if script.protest_upheld and at >= script.final and len(order) > 1:
            order[0], order[1] = order[1], order[0]
        wrong = script.correction == "placings" and script.corrected is not None and at < script.corrected
        if wrong and len(order) > 3:
            order[2], order[3] = order[3], order[2]
        return order

    def placings(self, at: datetime) -> tuple[FeedPlacing, ...]:
        """Results as served: none before Interim, the first four then, all at Final; a dead heat repeats a position."""
        script = self.race.script
        if at < script.interim:
            return ()
        order = self._order_at(at)
        positions = list(range(1, len(order) + 1))
        heat = script.dead_heat_at
        if 0 < heat < len(order):
            positions[heat] = heat
        shown = len(order) if at >= script.final else min(len(order), max(_INTERIM_PLACINGS, heat + 1))
        runners = self.race.runners
        return tuple(
            FeedPlacing(positions[k], runners[i].number, runners[i].entrant_id) for k, i in enumerate(order[:shown])
        )

    def dividends(self, at: datetime, money: DrawnMoney) -> tuple[FeedDividend, ...]:
        """Interim dividends from Interim on and Final ones beside them from Final on."""
        script = self.race.script
        if at < script.interim:
            return ()
        rows = self._rows("Interim", self.placings(script.interim), money)
        if at < script.final:
            return rows
        finals = self._rows("Final", self.placings(at), money)
        if script.correction == "dividends" and script.corrected is not None and at < script.corrected:
            finals = tuple(_off_by_a_bit(row) if row.product == "place" else row for row in finals)
        return rows + finals

    def _rows(self, status: str, placings: tuple[FeedPlacing, ...], money: DrawnMoney) -> tuple[FeedDividend, ...]:
        index = {runner.number: i for i, runner in enumerate(self.race.runners)}
        winners = [p.number for p in placings if p.position == 1]
        placed = [p for p in placings if p.position <= self.race.positions_paid]
        last = [p for p in placed if p.position == max(q.position for q in placed)]
        rows = [
            FeedDividend(
                "win",
                status,
                _dividend(sum(money.win), money.win[index[n]], WIN_TAKE_OUT, len(winners)),
                sum(money.win),
                (n,),
            )
            for n in winners
        ]
        paid = self.race.positions_paid
        for p in placed if any(money.place) else ():
            shared = len(last) if p in last and len(placed) > paid else 1
            amount = _dividend(sum(money.place), money.place[index[p.number]], PLACE_TAKE_OUT, paid * shared)
            rows.append(FeedDividend("place", status, amount, sum(money.place), (p.number,)))
        for k, (product, length) in enumerate((("quinella", 2), ("exacta", 2), ("trifecta", 3), ("first4", 4))):
            if product in money.exotics and money.exotics[product] > 0 and len(placings) >= length:
                rows.append(self._exotic(product, status, placings[:length], money, self._exotic_luck[k]))
        return tuple(rows)

    def _exotic(
        self, product: str, status: str, placings: tuple[FeedPlacing, ...], money: DrawnMoney, luck: float
    ) -> FeedDividend:
        """One row for a bet on several runners, paid as their chances of filling the places ask for."""
        index = {runner.number: i for i, runner in enumerate(self.race.runners)}
        chance, left = 1.0, 1.0
        for p in placings:
            share = self._market.strength[index[p.number]]
            chance *= share / max(0.05, left)
            left -= share
        if product == "quinella":
            chance *= 2
        pays = max(1.0, floor(10 * (1 - _EXOTIC_TAKE_OUT) * luck / max(chance, 1e-5)) / 10)
        pool = money.exotics[product]
        return FeedDividend(product, status, min(pays, max(1.0, pool / 100)), pool, tuple(p.number for p in placings))


def _draw(chance: Random, strength: list[float], out: set[int]) -> list[int]:
    """An order of finish, each place drawn in turn by strength among those left."""
    left = [i for i in range(len(strength)) if i not in out]
    order = []
    while left:
        pick = chance.choices(left, [strength[i] for i in left])[0]
        left.remove(pick)
        order.append(pick)
    return order


def _margins(chance: Random, runners: int) -> list[float]:
    """Lengths behind the winner, growing down the field."""
    margins, behind = [0.0], 0.0
    for _ in range(runners - 1):
        behind += chance.choice((0.1, 0.2, 0.4, 0.8, 1.3, 2.3))
        margins.append(round(behind, 1))
    return margins


def _dividend(pool: int, runner: int, take_out: float, ways: float) -> float:
    """Dollars per dollar, rounded down to 0.1 and never below 1; 0 with nothing on the runner."""
    if runner <= 0:
        return 0.0
    return max(1.0, floor(10 * pool * (1 - take_out) / (ways * runner) + 1e-9) / 10)


def _off_by_a_bit(row: FeedDividend) -> FeedDividend:
    """A dividend as first, wrongly, declared."""
    return FeedDividend(row.product, row.status, round(row.dividend + 0.3, 1), row.pool_cents, row.numbers)
