"""From a day that fails to the smallest that still does: fewer races, fewer kinds of faults, a shorter span of them."""

import shlex
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from local.feedsim import FeedDay

T = TypeVar("T")
MINUTE = timedelta(minutes=1)
SHORTEST = timedelta(minutes=2)
MOST_RUNS = 120
# Names no kind of fault: a day shaped by a profile in which nothing strikes.
NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Case:
    """A day cut down: the races that it keeps, the kinds of faults that may strike, and from when until when."""

    races: tuple[str, ...]
    kinds: tuple[str, ...]
    since: datetime
    until: datetime
    faulty: bool = True

    def words(self) -> list[str]:
        """Return the options of `./raceday simulate` that cut a day down to this."""
        words = ["--only", ",".join(self.races)]
        if self.faulty:
            span = "..".join(f"{at:%Y-%m-%dT%H:%M}" for at in (self.since, self.until))
            words += ["--kinds", ",".join(self.kinds) or NOTHING, "--span", span]
        return words


Fails = Callable[[Case], Collection[str]]


class NoRaceOfDay(ValueError):
    """What was to be kept is no race of the day."""


def keep_races(day: FeedDay, wanted: Collection[str]) -> None:
    """Leave only some core races in a day: by their ids, how these begin, or course and number as "Tuiroa R3".

    Raises NoRaceOfDay for what names none, before anything is left out.
    """
    found = {each: _named(day, each) for each in wanted}
    unknown = sorted(each for each, ids in found.items() if not ids)
    kept = set[str]().union(*found.values())
    if unknown or not kept & {race.race_id for race in day.core_races}:
        first = day.meetings[0]
        example = f"{first.name} R{first.races[0].number}"
        raise NoRaceOfDay(
            f"expected ids of the day's races or names as {example!r}, got {', '.join(unknown or wanted)}"
        )
    for meeting in day.meetings:
        meeting.races = [race for race in meeting.races if race.race_id in kept]
    day.meetings = [meeting for meeting in day.meetings if meeting.races]
    day.races = [race for meeting in day.meetings for race in meeting.races]


def _named(day: FeedDay, text: str) -> set[str]:
    return {
        race.race_id
        for meeting in day.meetings
        for race in meeting.races
        if race.race_id.startswith(text) or f"{meeting.name} r{race.number}".lower() == text.lower()
    }


class Shrinker:
    """Cuts a failing case down while it fails in one of the same ways; `told` hears of each step that was kept."""

    def __init__(
        self, fails: Fails, told: Callable[[str], None] = lambda line: None, most_runs: int = MOST_RUNS
    ) -> None:
        self._fails, self._told = fails, told
        self._left = most_runs
        self._ways: frozenset[str] = frozenset()

    def smallest(self, case: Case, ways: Collection[str], suspects: Sequence[str] = ()) -> Case:
        """Return the smallest case found that still fails in one of `ways`; `suspects` are races to try alone first."""
        self._ways = frozenset(ways)
        for few in ([race] for race in suspects):
            if self._still(smaller := replace(case, races=tuple(few))):
                case = smaller
                break
        before = None
        while before != case and self._left:
            before = case
            case = self._shorter(self._few_kinds(self._few_races(case)))
        return case

    def _few_races(self, case: Case) -> Case:
        return replace(case, races=tuple(self._fewer(case.races, lambda few: replace(case, races=few), least=1)))

    def _few_kinds(self, case: Case) -> Case:
        return replace(case, kinds=tuple(self._fewer(case.kinds, lambda few: replace(case, kinds=few), least=0)))

    def _still(self, case: Case) -> bool:
        if not self._left:
            return False
        self._left -= 1
        fails = bool(self._ways & frozenset(self._fails(case)))
        if fails:
            minutes = round((case.until - case.since) / MINUTE)
            self._told(f"{len(case.races)} races, {len(case.kinds)} kinds of faults, {minutes} minutes")
        return fails

    def _fewer(self, items: Sequence[T], made: Callable[[tuple[T, ...]], Case], least: int) -> Sequence[T]:
        """Leave out halves, quarters and so on while the rest still fails."""
        size = max(1, len(items) // 2)
        while len(items) > least:
            for at in range(0, len(items), size):
                rest = (*items[:at], *items[at + size :])
                if len(rest) >= least and self._still(made(rest)):
                    items = rest
                    break
            else:
                if size == 1:
                    break
                size //= 2
            size = min(size, max(1, len(items)))
        return items

    def _shorter(self, case: Case) -> Case:
        """Move the end to the front, then the front to the end, by halves of what is left."""
        if not case.kinds:
            return case
        step = (case.until - case.since) / 2
        while step >= SHORTEST:
            for smaller in (
                replace(case, until=_minute(case.until - step)),
                replace(case, since=_minute(case.since + step)),
            ):
                if smaller.since < smaller.until and self._still(smaller):
                    case = smaller
                    break
            else:
                step /= 2
            step = min(step, (case.until - case.since) / 2)
        return case


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def script(words: Sequence[object], case: Case) -> str:
    """Return a command of its own: the day that failed, cut down."""
    return shlex.join([*map(str, words), *case.words()])
