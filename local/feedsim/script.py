"""What happens on a day: delays, scratchings, a moved start, abandonments, protests, dead heats and corrections."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import exp

from local.feedsim.marks import ceil_mark, floor_mark, nz_midnight
from local.feedsim.model import FeedRace, MeetingFacts, RaceScript, Scratching, Turn
from local.feedsim.options import DayOptions
from local.feedsim.seeded import stream
from local.feedsim.troubles import write_troubles

CORE_COUNTRIES = ("AUS", "NZ")
CORE_CATEGORIES = ("T", "H")
MAX_DELAY_SECS = 1423
_RUN_SECS = {"T": (65, 190), "H": (115, 205), "G": (25, 45)}
_MINUTE = timedelta(minutes=1)


def is_core(race: FeedRace) -> bool:
    """Whether a race belongs to those asked for: Australian or New Zealand gallops or harness."""
    return race.country in CORE_COUNTRIES and race.category in CORE_CATEGORIES


def write_scripts(seed: int, day: date, meetings: list[MeetingFacts], options: DayOptions) -> None:
    """Return every race its script, in place; the disruptions fall on core races only."""
    for meeting in meetings:
        for race in meeting.races:
            race.script = _usual(race, options)
            _scratch_before_the_day(race, nz_midnight(day), options)
    chance = stream(seed, day, "script")
    core = [meeting for meeting in meetings if is_core(meeting.races[0])]
    abandoned = _abandon(seed, day, core, options)
    pool = [race for meeting in core for race in meeting.races if race.race_id not in abandoned]
    chance.shuffle(pool)

    def deal(name: str, change: Callable[[FeedRace], None], races: Iterable[FeedRace]) -> None:
        for race in list(races)[: options.count(name)]:
            change(race)

    deal("moved_starts", _move_start, pool)
    deal("protests", _protest, pool[3:])
    deal("dead_heats", _dead_heat, pool[3 + options.count("protests") :])
    deal("corrections", _correct, pool[1:])
    _late_scratchings(seed, day, pool, options.count("late_scratchings"))
    write_troubles(seed, day, pool, options)
    _late_arrivals(seed, day, core, options)
    _turn_weather(seed, day, core)


def _delay_secs(race: FeedRace) -> float:
    """Seconds between the advertised and the true start: median about 68, seldom over five minutes, never negative."""
    return min(MAX_DELAY_SECS, max(5.0, 60 * exp(stream(race.race_id, "delay").gauss(0.0, 0.75)) + 4))


def _usual(race: FeedRace, options: DayOptions) -> RaceScript:
    chance = stream(race.race_id, "script")
    jump = race.advertised + timedelta(seconds=int(_delay_secs(race)) if options.delays else 20)
    closed = ceil_mark(jump)
    run = chance.randint(*_RUN_SECS[race.category])
    interim = ceil_mark(jump + timedelta(seconds=run + chance.randint(20, 150)))
    final = ceil_mark(interim + timedelta(seconds=chance.choice((15, 75, 120, 180, 240, 330))))
    settled = ceil_mark(closed + timedelta(seconds=chance.choice((0, 15, 30, 45, 60))))
    return RaceScript(jump=jump, closed=closed, interim=interim, final=final, settled=min(settled, interim))


def _shift(script: RaceScript, by: timedelta) -> RaceScript:
    return replace(
        script,
        jump=script.jump + by,
        closed=script.closed + by,
        interim=script.interim + by,
        final=script.final + by,
        settled=script.settled + by,
    )


def _scratch_before_the_day(race: FeedRace, midnight: datetime, options: DayOptions) -> None:
    """About one runner in eight is out before the day begins, never leaving fewer than five."""
    chance = stream(race.race_id, "scratched")
    free = len(race.runners) - 5
    out = [i for i in range(len(race.runners)) if chance.random() < 0.12][: max(0, free)]
    scratchings = tuple(
        Scratching(index=i, at=floor_mark(midnight - timedelta(minutes=chance.randint(90, 3000))), late=False)
        for i in out
    )
    race.script = replace(race.script, scratchings=scratchings)
    left = len(race.runners) - len(out)
    race.positions_paid = 3 if left >= 8 else 2 if left >= 5 else 1


def _late_scratchings(seed: int, day: date, pool: list[FeedRace], count: int) -> None:
    """Runners that go out between 75 minutes and one minute before the start, with money already on them."""
    chance = stream(seed, day, "late scratchings")
    for race in pool[:count]:
        script = race.script
        gone = {scratching.index for scratching in script.scratchings}
        left = [i for i in range(len(race.runners)) if i not in gone]
        if len(left) <= 4:
            continue
        at = floor_mark(race.advertised - timedelta(seconds=chance.choice((75, 200, 290, 700, 1700, 4300))))
        late = Scratching(index=chance.choice(left), at=at, late=True)
        race.script = replace(script, scratchings=(*script.scratchings, late))


def _move_start(race: FeedRace) -> None:
    """The advertised start is published again, mostly 5 to 15 minutes later, half an hour or less before it."""
    chance = stream(race.race_id, "moved")
    by = chance.choice((5, 5, 8, 8, 10, 15, -2)) * _MINUTE
    old = race.advertised
    race.script = replace(_shift(race.script, by), moved_at=old - chance.choice((4, 12, 25)) * _MINUTE, moved_from=old)
    race.advertised = old + by


def _protest(race: FeedRace) -> None:
    chance = stream(race.race_id, "protest")
    upheld = chance.random() < 0.5
    text = f"Protest {'UPHELD' if upheld else 'DISMISSED'} 2nd vs 1st"
    race.script = replace(
        race.script, final=race.script.final + chance.randint(4, 12) * _MINUTE, protest=text, protest_upheld=upheld
    )


def _dead_heat(race: FeedRace) -> None:
    race.script = replace(race.script, dead_heat_at=stream(race.race_id, "dead heat").choice((1, 2, 3)))


def _correct(race: FeedRace) -> None:
    """Dividends, with them the win pool, or the order are put right some minutes after Final."""
    chance = stream(race.race_id, "correction")
    at = race.script.final + chance.choice((3, 9, 14, 26)) * _MINUTE
    race.script = replace(race.script, corrected=at, correction=chance.choice(("dividends", "pool", "placings")))


def _abandon(seed: int, day: date, core: list[MeetingFacts], options: DayOptions) -> set[str]:
    """Abandon single races, tails of meetings and whole meetings; returns the ids of all of them."""
    chance = stream(seed, day, "abandoned")
    rest = core[:]
    chance.shuffle(rest)
    taken: set[str] = set()
    for meeting in _take(rest, options.count("abandoned_meetings"), 1):
        at = floor_mark(meeting.races[0].advertised - 95 * _MINUTE)
        taken |= _abandon_races(meeting.races, at, tail=False)
    for meeting in _take(rest, options.count("abandoned_tails"), 4):
        races = meeting.races[-3:]
        at = floor_mark(races[0].advertised - chance.randint(2, 9) * _MINUTE)
        taken |= _abandon_races(races, at, tail=True)
    singles = [race for meeting in rest for race in meeting.races[1:-1]]
    chance.shuffle(singles)
    for race in singles[: options.count("abandoned_races")]:
        minutes = chance.choice((-2, 3, 8, 31))
        taken |= _abandon_races([race], floor_mark(race.advertised - minutes * _MINUTE), tail=False)
    return taken


def _take(meetings: list[MeetingFacts], count: int, at_least: int) -> list[MeetingFacts]:
    """Remove up to `count` meetings with enough races from a list and return them."""
    chosen = [meeting for meeting in meetings if len(meeting.races) >= at_least][:count]
    for meeting in chosen:
        meetings.remove(meeting)
    return chosen


def _abandon_races(races: list[FeedRace], at: datetime, *, tail: bool) -> set[str]:
    for i, race in enumerate(races):
        chance = stream(race.race_id, "abandoned")
        stuck = tail and i == 0
        gone = tail and i == len(races) - 1
        # An abandonment after the start needs a race that never got away, else it would be run by then.
        script = race.script if at < race.advertised else _shift(race.script, 30 * _MINUTE)
        event = ceil_mark(at + timedelta(seconds=chance.choice((0, 15, 45))))
        race.script = replace(
            script,
            abandoned_list=at,
            abandoned_event=None if stuck else event,
            stuck_open=stuck,
            gone=event + timedelta(seconds=60) if gone else None,
        )
    return {race.race_id for race in races}


def _late_arrivals(seed: int, day: date, core: list[MeetingFacts], options: DayOptions) -> None:
    """Some meetings, and last races of others, are published only in the course of the day."""
    chance = stream(seed, day, "late arrivals")
    order = sorted(core, key=lambda meeting: meeting.races[0].advertised, reverse=True)
    for meeting in order[: options.count("late_meetings")]:
        meeting.visible = floor_mark(meeting.races[0].advertised - chance.randint(100, 200) * _MINUTE)
        for race in meeting.races:
            race.script = replace(race.script, visible=meeting.visible)
    others = [meeting for meeting in order[options.count("late_meetings") :] if len(meeting.races) > 2]
    for meeting in others[: options.count("late_races")]:
        last = meeting.races[-1]
        visible = floor_mark(last.advertised - chance.randint(90, 150) * _MINUTE)
        last.script = replace(last.script, visible=visible)


def _turn_weather(seed: int, day: date, core: list[MeetingFacts]) -> None:
    """Rain comes over about a third of the meetings, between two of their races, and the track goes down."""
    chance = stream(seed, day, "weather")
    for meeting in core:
        if chance.random() < 0.35 and len(meeting.races) > 2 and meeting.category == "T":
            at = floor_mark(chance.choice(meeting.races[1:]).advertised - 17 * _MINUTE)
            for race in meeting.races:
                race.turn = Turn(at, chance.choice(("showers", "SHOWERY")), chance.choice(("Soft5", "Soft6")))
