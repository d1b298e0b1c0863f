"""One race's book: its market, outcome and multi-leg pools behind one question, what is true at this instant?"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from math import floor
from typing import Any

from local.feedsim.market import PLACE_TAKE_OUT, WIN_TAKE_OUT, DrawnMoney, RaceMarket, pool_odds
from local.feedsim.marks import MARK_SECS, floor_mark
from local.feedsim.model import DayEvent, FeedDividend, FeedRace, MarketState, RunnerState
from local.feedsim.multileg import LegPool
from local.feedsim.outcome import RaceOutcome
from local.feedsim.seeded import stream

_KEPT_STATES = 8
MARK = timedelta(seconds=MARK_SECS)


class RaceBook:
    """Answers for one race; states are kept for the last few marks, since list, event and oracle ask for the same."""

    def __init__(self, race: FeedRace, legs: list[LegPool], *, feature: bool = False, dead_pools: bool = True) -> None:
        self.race = race
        self.legs = legs
        self.market = RaceMarket(race, feature)
        self.outcome = RaceOutcome(race, self.market)
        chance = stream(race.race_id, "quirks")
        self.frozen_odds = [chance.random() < 0.4 for _ in race.runners]
        self.dead_pool = "trifecta" if chance.random() < 0.015 and dead_pools else ""
        self.siblings: dict[int, RaceBook] = {}
        self.flucs: dict[tuple[int, int], dict[str, Any]] = {}
        self._states: dict[datetime, MarketState] = {}

    def status(self, at: datetime) -> str:
        """The event's own status at an instant."""
        script = self.race.script
        if script.stuck_open:
            return "Open"
        if script.abandoned_event is not None and at >= script.abandoned_event:
            return "Abandoned"
        return (
            "Final"
            if at >= script.final
            else "Interim"
            if at >= script.interim
            else ("Closed" if at >= script.closed else "Open")
        )

    def list_status(self, at: datetime) -> str:
        """The status of the race in the meetings list, which knows of an abandonment first."""
        script = self.race.script
        if script.abandoned_list is not None and at >= script.abandoned_list:
            return "Abandoned"
        return self.status(at)

    def http_status(self, at: datetime) -> int:
        """200, or 404 before the race is published and after an abandoned event was taken away."""
        script = self.race.script
        hidden = script.visible is not None and at < script.visible
        return 404 if hidden or (script.gone is not None and at >= script.gone) else 200

    def state(self, at: datetime) -> MarketState:
        """The state served at an instant, which is that of its 15 s mark."""
        mark = floor_mark(at)
        known = self._states.get(mark)
        if known is None:
            if len(self._states) >= _KEPT_STATES:
                self._states.pop(next(iter(self._states)))
            known = self._states[mark] = self._build(mark)
        return known

    def _build(self, mark: datetime) -> MarketState:
        script, status = self.race.script, self.status(mark)
        money, dead = self._pools(mark)
        runners = self._runners(mark, money)
        ended = status in {"Interim", "Final"}
        started = status in {"Closed", "Interim", "Final"}
        weather, track = self.race.conditions_at(mark)
        tracked = any(runner.hold_points for runner in runners)
        return MarketState(
            race_id=self.race.race_id,
            mark=mark,
            http_status=self.http_status(mark),
            status=status,
            list_status=self.list_status(mark),
            advertised_start=self.race.advertised_at(mark),
            actual_start=script.jump if started else None,
            pools={"win": sum(money.win), "place": sum(money.place), **money.exotics},
            multi_leg={pool.product: pool.total(mark) for pool in self.legs},
            runners=runners,
            unknown_hold_points=self.market.unknown_hold if tracked else 0,
            unknown_bet_points=self.market.unknown_bet if tracked else 0,
            placings=self.outcome.placings(mark) if ended else (),
            dividends=self.outcome.dividends(mark, money) + self._leg_dividends(mark) if ended else (),
            protest=script.protest if ended else "",
            field_size=sum(not runner.scratched for runner in runners),
            weather=weather,
            track_condition=track,
            dead=dead,
            told=next((d.how for d in reversed(script.dropped) if d.since <= mark), ""),
            leapt={p: leap.factor for leap in script.leaps if leap.since <= mark < leap.until for p in leap.products},
        )

    def _pools(self, mark: datetime) -> tuple[DrawnMoney, dict[str, int]]:
        """Return the money, and what is served as the totals of pools that were called off."""
        money, off, dead = self.market.money(mark), self.race.script.place_off, {}
        if self.dead_pool and mark >= self.race.script.closed:
            money.exotics[self.dead_pool] = dead[self.dead_pool] = 0
        if off is not None and mark >= off:
            dead["place"] = min(sum(money.place), sum(self._left_place(off)))
            money = replace(money, place=(0,) * self.market.runners)
        return money, dead

    def _left_place(self, off: datetime) -> tuple[int, ...]:
        """Return the Place money that stood as its betting was called off."""
        return self.market.money(off - MARK).place

    def _leg_dividends(self, mark: datetime) -> tuple[FeedDividend, ...]:
        """Dividends of the multi-leg pools that end with this race, once every leg is final."""
        rows = []
        for pool in self.legs:
            books = [self.siblings[number] for number in pool.legs]
            if pool.legs[-1] == self.race.number and all(book.status(mark) == "Final" for book in books):
                winners = tuple(book.outcome.placings(mark)[0].number for book in books)
                total = pool.total(mark)
                pays = max(1.0, floor(total * 0.75 / (10 * (1 + pool.legs[0]))) / 10)
                rows.append(FeedDividend(pool.product, "Final", pays, total, winners))
        return tuple(rows)

    def _runners(self, mark: datetime, money: DrawnMoney) -> tuple[RunnerState, ...]:
        market, out = self.market, self.market.out_at(mark)
        hold, bet = market.tracker_points(money, out)
        prices = [market.fixed_at(i, mark) for i in range(market.runners)]
        running = [i for i in range(market.runners) if i not in out and prices[i][0]]
        favourite = min(running, key=lambda i: (prices[i][1], i), default=-1)
        mover = max(running, key=lambda i: (_firming(prices[i][0]), -i), default=-1)
        win_odds, place_odds = self._pool_odds(mark, money)
        scratchings = {s.index: s for s in self.race.script.scratchings if s.index in out}
        states = []
        for i, runner in enumerate(self.race.runners):
            pool_win, pool_place = win_odds[i], place_odds[i]
            gone = scratchings.get(i)
            if gone and self.frozen_odds[i] and not money.win[i] and not money.place[i]:
                pool_win = round(prices[i][1] * 0.9 + 0.6, 1)
                pool_place = round(prices[i][2] * 0.9 + 0.4, 1)
            shut = {s.kind for s in self.race.script.suspensions
                    if s.since <= mark < s.until and s.index in (i, None)}  # fmt: skip
            if "pool" in shut:
                pool_win = pool_place = None
            states.append(
                RunnerState(
                    entrant_id=runner.entrant_id,
                    number=runner.number,
                    scratched=i in out,
                    scratched_at=gone.at if gone else None,
                    fixed_win=0.0 if "fixed" in shut else prices[i][1],
                    fixed_place=0.0 if "fixed" in shut else prices[i][2],
                    pool_win=pool_win,
                    pool_place=pool_place,
                    win_cents=0 if gone else money.win[i],
                    place_cents=0 if gone else money.place[i],
                    held_win_cents=money.win[i] if gone else 0,
                    held_place_cents=money.place[i] if gone else 0,
                    listed=not (gone and gone.leaves),
                    hold_points=hold[i],
                    bet_points=bet[i],
                    favourite=i == favourite,
                    mover=i == mover,
                )
            )
        return tuple(states)

    def _pool_odds(self, mark: datetime, money: DrawnMoney) -> tuple[list[float | None], list[float | None]]:
        """Return everybody's odds in both pools; those of a dead Place pool are old ones, or back when all is over."""
        script, place = self.race.script, money.place
        if script.place_off is not None and mark >= script.place_off and (script.odds_left or mark >= script.final):
            place = self._left_place(script.place_off)
        win_pool, place_pool, paid = sum(money.win), sum(place), self.race.positions_paid
        return (
            [pool_odds(win_pool, cents, WIN_TAKE_OUT) for cents in money.win],
            [pool_odds(place_pool, cents, PLACE_TAKE_OUT, paid) for cents in place],
        )

    def events(self) -> list[DayEvent]:
        """All that changes abruptly, in order of time; growth of the pools apart."""
        race, script = self.race, self.race.script
        rows: list[tuple[datetime | None, str, str]] = [
            (race.turn.at if race.turn else None, "turned", race.turn.track_condition if race.turn else ""),
            (script.visible, "visible", ""),
            (script.gone, "gone", "404"),
            (script.moved_at, "moved_start", race.advertised.isoformat()),
            (script.abandoned_list, "list_status", "Abandoned"),
            *((s.at, "scratched", race.runners[s.index].entrant_id) for s in script.scratchings),
            *((s.refunded, "refunded", race.runners[s.index].entrant_id) for s in script.scratchings),
            (script.place_off, "place_off", ""),
            *((d.since, "dropped", d.how) for d in script.dropped),
            *((s.since, "suspended", s.kind) for s in script.suspensions),
            *((leap.since, "leapt", ",".join(leap.products)) for leap in script.leaps),
        ]
        if script.abandoned_list is None:
            rows += [
                (script.closed, "status", "Closed"),
                (script.interim, "status", "Interim"),
                (script.final, "status", "Final"),
                (script.corrected, "corrected", script.correction),
            ]
            if self.market.commingled:
                rows.append((script.settled, "settled", ""))
        elif not script.stuck_open:
            rows.append((script.abandoned_event, "status", "Abandoned"))
        return sorted(
            (DayEvent(at, race.race_id, kind, detail) for at, kind, detail in rows if at is not None),
            key=lambda event: (event.at, event.kind, event.detail),
        )


def _firming(changes: list[tuple[datetime, float]]) -> float:
    """How far a fixed price has come in since it opened, as a share of the opening price."""
    return (changes[0][1] - changes[-1][1]) / changes[0][1]
