"""A race's polls as the evaluator may meet them: suspended prices, missing odds, lost slots, scratchings."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from local.feedsim import FeedDay, FeedSim
from local.feedsim.model import FeedRace
from local.feedsim.seeded import stream
from raceday.feed.mapping import snapshot_of
from raceday.feed.models import Event
from raceday.racing.buckets import BASELINE
from raceday.racing.compose import PollContext, compose
from raceday.racing.records import Gap, LedgerRow
from raceday.racing.schedule import Intervals, Slot, slots_between

FLAGS = {"with_money_tracker": "true"}
_MINUTE = timedelta(minutes=1)
# How often, for each race: one runner's or the whole market's price suspended, odds gone, slots lost.
_RUNNERS_SUSPENDED, _MARKETS_SUSPENDED, _ODDS_GONE, _ALL_ODDS_GONE, _RUNS_LOST, _SLOT_LOST = 3, 0.4, 3, 0.4, 0.6, 0.05


@dataclass(slots=True)
class AnswerFaults:
    """What is wrong with one race's answers: by runner, the stretches of time in which figures are missing."""

    suspended: dict[int, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    odds_gone: dict[int, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    lost: list[tuple[datetime, datetime]] = field(default_factory=list)
    single_losses: Random | None = None

    @classmethod
    def of(cls, race: FeedRace, seed: int) -> "AnswerFaults":
        """Draw one race's faults."""
        chance = stream(race.race_id, "alert faults", seed)
        runners = range(len(race.runners))
        found = cls(single_losses=chance)
        for _ in range(_RUNNERS_SUSPENDED):
            found.suspended.setdefault(chance.choice(runners), []).append(_stretch(race, chance))
        for _ in range(_ODDS_GONE):
            found.odds_gone.setdefault(chance.choice(runners), []).append(_stretch(race, chance))
        for likely, table in ((_MARKETS_SUSPENDED, found.suspended), (_ALL_ODDS_GONE, found.odds_gone)):
            if chance.random() < likely:
                stretch = _stretch(race, chance)
                for runner in runners:
                    table.setdefault(runner, []).append(stretch)
        if chance.random() < _RUNS_LOST:
            found.lost.append(_stretch(race, chance))
        return found

    def loses(self, at: datetime) -> bool:
        """Tell whether the slot at an instant is never committed."""
        return _within(self.lost, at) or (self.single_losses is not None and self.single_losses.random() < _SLOT_LOST)

    def is_suspended(self, runner: int, at: datetime) -> bool:
        """Tell whether a runner's fixed price is missing at an instant."""
        return _within(self.suspended.get(runner, ()), at)

    def lacks_odds(self, runner: int, at: datetime) -> bool:
        """Tell whether a runner's tote odds are missing at an instant."""
        return _within(self.odds_gone.get(runner, ()), at)


def _stretch(race: FeedRace, chance: Random) -> tuple[datetime, datetime]:
    """Return a stretch of the last hour, mostly of its end, where most moves are."""
    begin = chance.choice((60, 45, 20, 10, 5, 4, 3)) - chance.random()
    return race.advertised - begin * _MINUTE, race.advertised - (begin - chance.choice((0.6, 1.2, 5.5, 11))) * _MINUTE


def _within(stretches: Any, at: datetime) -> bool:
    return any(begin <= at < end for begin, end in stretches)


def polls(day: FeedDay, feed: FeedSim, race: FeedRace, faults: AnswerFaults) -> list[LedgerRow]:
    """Return a race's ledger from T-65 to its end, made of the feed's own answers with the faults in them."""
    rows: list[LedgerRow] = []
    missed: list[Gap] = []
    for slot in _slots(day, race):
        if faults.loses(slot.at):
            missed.append(Gap(slot.at, "feed_timeout"))
            continue
        row = _row(feed, race, faults, slot, rows[-1] if rows else None, tuple(missed))
        rows.append(row)
        missed = []
        if row.status.over:
            break
    return rows


def _slots(day: FeedDay, race: FeedRace) -> Iterator[Slot]:
    """Yield the slots of the plan, which follows the start as it is advertised at the time."""
    after = min(race.advertised, race.script.moved_from or race.advertised) - (BASELINE + 6) * _MINUTE
    while True:
        state = day.truth(race.race_id, after)
        until = state.advertised_start + timedelta(hours=1)
        slot = next(slots_between(state.advertised_start, None, Intervals(), after, until), None)
        if slot is None or day.truth(race.race_id, slot.at).http_status != 200:
            return
        yield slot
        after = slot.at


def _row(
    feed: FeedSim, race: FeedRace, faults: AnswerFaults, slot: Slot, base: LedgerRow | None, gaps: tuple[Gap, ...]
) -> LedgerRow:
    payload = json.loads(feed.event(f"/events/{race.race_id}", race.race_id, FLAGS, slot.at))
    for i, runner in enumerate(payload["data"]["runners"]):
        _break(runner["odds"], faults, i, slot.at)
    event = Event.model_validate(payload)
    snapshot = snapshot_of(event.header, event.data, race.race_id, slot.at)
    return compose(snapshot, base, PollContext(slot.at, "slot", slot.at), snapshot.status, gaps=gaps)


def _break(odds: dict[str, Any], faults: AnswerFaults, runner: int, at: datetime) -> None:
    if faults.is_suspended(runner, at):
        odds["fixed_win"] = odds["fixed_place"] = 0
    if faults.lacks_odds(runner, at):
        odds.pop("pool_win", None)
        odds.pop("pool_place", None)
