"""Which moves were real, from the market's own money and prices; shares no code with the evaluator."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from local.feedsim import FeedDay, MarketState, RunnerState
from local.feedsim.market import WIN_TAKE_OUT
from local.judging.alert_polls import AnswerFaults

KINDS = ("money_win", "money_place", "odds")
POINTS = 5
_TENTH = Fraction(1, 10)


@dataclass(frozen=True, slots=True)
class ColumnInstants:
    """The instants of two columns: `base` is what the first one has grown since, None where it shows all there is."""

    base: datetime | None
    before: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Truth:
    """One race's market, asked for what moved between two columns and whether the answers could show it."""

    day: FeedDay
    race_id: str
    faults: AnswerFaults

    def moved(self, moment: ColumnInstants, entrant_id: str, kind: str) -> float:
        """Return how far a runner really moved, in points of its share or percent of its odds."""
        if kind == "odds":
            return self._shortened(moment, entrant_id)
        now = self._share(moment.before, moment.now, kind, entrant_id)
        return float(now - self._share(moment.base, moment.before, kind, entrant_id))

    def tote_shortened(self, moment: ColumnInstants, entrant_id: str) -> float:
        """Return by how many percent the tote's odds of a runner shortened, before they are rounded."""
        was, now = (self._tote(self._state(at), entrant_id) for at in (moment.before, moment.now))
        return float((was - now) / was * 100) if was and now else 0.0

    def hidden(self, moment: ColumnInstants, entrant_id: str, kind: str) -> str:
        """Return why the answers cannot prove a move, "" where they do."""
        if self._changed(moment.before, moment.now):
            return "scratching"
        if kind == "odds":
            return self._odds_hidden(moment, entrant_id)
        if moment.base is not None and self._changed(moment.base, moment.before):
            return "scratching"
        instants = [at for at in (moment.base, moment.before, moment.now) if at is not None]
        if any(self.faults.lacks_odds(i, at) for at in instants for i in self._running(at)):
            return "missing odds"
        if any(not self._priced(at, kind) for at in instants):
            return "no odds"
        return "" if self._least(moment, entrant_id, kind) >= POINTS else "rounding"

    def _state(self, at: datetime) -> MarketState:
        return self.day.truth(self.race_id, at)

    def _running(self, at: datetime) -> list[int]:
        return [i for i, runner in enumerate(self._state(at).runners) if not runner.scratched]

    def _changed(self, before: datetime, now: datetime) -> bool:
        """Tell whether somebody was scratched, or money paid back, between two instants."""
        a, b = self._state(before), self._state(now)
        out = [{r.entrant_id for r in state.runners if r.scratched} for state in (a, b)]
        return out[0] != out[1] or any(a.pools.get(p, 0) > b.pools.get(p, 0) for p in ("win", "place"))

    def _share(self, before: datetime | None, now: datetime, kind: str, entrant_id: str) -> Fraction:
        old = _cents(self._state(before), kind) if before is not None else {}
        came = {i: max(0, cents - old.get(i, 0)) for i, cents in _cents(self._state(now), kind).items()}
        return Fraction(came.get(entrant_id, 0) * 100, sum(came.values()) or 1)

    def _shortened(self, moment: ColumnInstants, entrant_id: str) -> float:
        was, now = (self._price(at, entrant_id) for at in (moment.before, moment.now))
        return float((was - now) / was * 100) if was and now else 0.0

    def _price(self, at: datetime, entrant_id: str) -> Fraction:
        """Return a runner's fixed price, or where it never had one what the tote would pay if it did not round."""
        state = self._state(at)
        runner = next(r for r in state.runners if r.entrant_id == entrant_id)
        if runner.fixed_win:
            return Fraction(str(runner.fixed_win))
        return self._tote(state, entrant_id)

    def _tote(self, state: MarketState, entrant_id: str) -> Fraction:
        held = _cents(state, "money_win")
        kept = 1 - Fraction(str(WIN_TAKE_OUT))
        return kept * sum(held.values()) / held[entrant_id] if held.get(entrant_id) else Fraction(0)

    def _odds_hidden(self, moment: ColumnInstants, entrant_id: str) -> str:
        states = [self._state(at) for at in (moment.before, moment.now)]
        index = next(i for i, r in enumerate(states[0].runners) if r.entrant_id == entrant_id)
        if any(self.faults.is_suspended(index, at) for at in (moment.before, moment.now)):
            return "suspended"
        if all(state.runners[index].fixed_win for state in states):
            return ""
        return "no fixed price"

    def _priced(self, at: datetime, kind: str) -> bool:
        odds = [_odds(runner, kind) for runner in self._state(at).runners if not runner.scratched]
        return all(o is not None and o > Fraction(104, 100) for o in odds)

    def _least(self, moment: ColumnInstants, entrant_id: str, kind: str) -> Fraction:
        """Return the least that a move can have been, each figure read against it: odds end anywhere in their tenth."""
        now = self._came(moment.before, moment.now, kind, entrant_id, least=True)
        return now - self._came(moment.base, moment.before, kind, entrant_id, least=False)

    def _came(self, before: datetime | None, now: datetime, kind: str, entrant_id: str, *, least: bool) -> Fraction:
        old = self._held(before, kind, entrant_id, least=not least) if before is not None else Fraction(0)
        new = self._held(now, kind, entrant_id, least=least)
        pools = [self._pool(at, kind) for at in (now, before) if at is not None]
        whole = pools[0] - (pools[1] if len(pools) > 1 else 0)
        if whole <= 0:
            return Fraction(0 if least else 100)
        return min(max((new - old) / whole, Fraction(0)), Fraction(1)) * 100

    def _pool(self, at: datetime, kind: str) -> int:
        return self._state(at).pools.get(kind.removeprefix("money_"), 0)

    def _held(self, at: datetime, kind: str, entrant_id: str, *, least: bool) -> Fraction:
        """Return a runner's least or most money, given all odds as they were served."""
        total, mine = Fraction(0), Fraction(0)
        for runner in self._state(at).runners:
            odds = _odds(runner, kind)
            if runner.scratched or odds is None:
                continue
            own = runner.entrant_id == entrant_id
            part = 1 / (odds + _TENTH) if own == least else 1 / odds
            total += part
            mine = part if own else mine
        return self._pool(at, kind) * mine / total if total else Fraction(0)


def _cents(state: MarketState, kind: str) -> Mapping[str, int]:
    return {
        r.entrant_id: r.win_cents if kind == "money_win" else r.place_cents for r in state.runners if not r.scratched
    }


def _odds(runner: RunnerState, kind: str) -> Fraction | None:
    odds = runner.pool_win if kind == "money_win" else runner.pool_place
    return Fraction(str(odds)) if odds else None
