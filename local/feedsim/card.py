"""The programme of a day: which meetings race where, when each race starts, and who runs in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from local.feedsim import words
from local.feedsim.form import runner_form
from local.feedsim.marks import nz_instant
from local.feedsim.model import FeedRace, MeetingFacts, RaceScript, RunnerFacts
from local.feedsim.options import DayOptions
from local.feedsim.seeded import stream, uuid_of

_CORE = (
    ("NZ", "NZ", "T"),
    ("AUS", "NSW", "T"),
    ("NZ", "NZ", "H"),
    ("AUS", "VIC", "H"),
    ("AUS", "QLD", "T"),
    ("AUS", "SA", "T"),
    ("AUS", "TAS", "H"),
    ("AUS", "VIC", "T"),
    ("AUS", "NSW", "H"),
)
_DOGS = (("AUS", "VIC"), ("NZ", "NZ"), ("AUS", "NSW"), ("AUS", "QLD"))
_FOREIGN = (
    ("UK", "UK", "T"),
    ("HK", "HK", "T"),
    ("USA", "CA", "T"),
    ("FR", "FR", "H"),
    ("IRE", "IRE", "G"),
    ("JPN", "JPN", "T"),
    ("SGP", "SGP", "T"),
)
_WEATHER = ("FINE", "Fine", "OCAST", "Overcast", "SHOWERY", "Showery", "showers", "")
_TRACKS = {
    "T": ("Good4", "Good", "Soft5", "Soft7", "Heavy8", "Synthetic", "Good3", "Firm"),
    "H": ("Good", "Fast", "Easy", "Slow"),
    "G": ("Good",),
}
_DISTANCES = {"T": (1000, 1200, 1400, 1600, 2100), "H": (1609, 2200, 2400, 2700), "G": (318, 375, 520, 650)}
_FIELD = {"T": (7, 15), "H": (7, 13), "G": (7, 8)}


@dataclass(frozen=True, slots=True)
class _Plan:
    country: str
    state: str
    category: str
    races: int
    first_minutes: int
    gap_minutes: int


def meeting_count(races: int) -> int:
    """How many meetings share a number of races: six races each on a small day, eight on a usual one."""
    return max(1, round(races / (6 if races < 40 else 8)))


def programme(seed: int, day: date, races: int, options: DayOptions) -> list[MeetingFacts]:
    """All meetings of a day: those of the races asked for, and those that a filter has to drop."""
    chance = stream(seed, day, "programme")
    plans = [*_core_plans(chance, races, options.first_race_minutes), *_other_plans(chance, options)]
    return [_meeting(seed, day, index, plan, options) for index, plan in enumerate(plans)]


def _core_plans(chance: Random, races: int, first_minutes: int) -> list[_Plan]:
    """Gallops and harness in New Zealand and Australia, the last meeting some hours after the first."""
    count = meeting_count(races)
    sizes = [races // count + (1 if i < races % count else 0) for i in range(count)]
    for i in range(0, count - 1, 2):
        shift = chance.randint(0, 1) if sizes[i + 1] > 3 else 0
        sizes[i], sizes[i + 1] = sizes[i] + shift, sizes[i + 1] - shift
    span = 8 * 60 + 30 if races < 40 else 10 * 60 + 20
    plans = []
    for i, size in enumerate(sizes):
        country, state, category = _CORE[i % len(_CORE)]
        if i == count - 1 and races >= 40:
            country, state, category = "AUS", "WA", "T"
        offset = round(span * i / max(1, count - 1)) if i else 0
        jitter = 0 if i in (0, count - 1) else chance.randint(-12, 12)
        plans.append(_Plan(country, state, category, size, first_minutes + offset + jitter, chance.randint(28, 37)))
    return plans


def _other_plans(chance: Random, options: DayOptions) -> list[_Plan]:
    plans = []
    for i in range(options.count("greyhound_meetings")):
        country, state = _DOGS[i % len(_DOGS)]
        plans.append(
            _Plan(
                country,
                state,
                "G",
                chance.randint(6, 12),
                options.first_race_minutes + 15 + chance.randint(0, 420),
                chance.randint(18, 23),
            )
        )
    for i in range(options.count("foreign_meetings")):
        country, state, category = _FOREIGN[i % len(_FOREIGN)]
        plans.append(_Plan(country, state, category, chance.randint(5, 9), chance.randint(120, 1500), 30))
    return plans


def _meeting(seed: int, day: date, index: int, plan: _Plan, options: DayOptions) -> MeetingFacts:
    chance = stream(seed, day, "meeting", index)
    meeting_id = uuid_of(seed, day, "meeting", index)
    tote = plan.country in {"AUS", "NZ", "HK"}
    meeting = MeetingFacts(
        meeting_id=meeting_id,
        name=words.track_name(stream(seed, "tracks", plan.country), plan.country, index, plan.category),
        date=day,
        country=plan.country,
        state=plan.state,
        category=plan.category,
        track_condition=chance.choice(_TRACKS[plan.category]),
        tote_number=3 + index if tote else None,
        races=[],
    )
    if tote:
        meeting.details["video_channels"] = chance.choice(
            (["Trackside1"], ["Trackside2"], ["Trackside1", "Trackside2"])
        )
        meeting.details |= _multi_legs(plan)
    start = nz_instant(day, plan.first_minutes)
    for number in range(1, plan.races + 1):
        meeting.races.append(_race(seed, day, meeting, number, start, options))
        start += timedelta(minutes=plan.gap_minutes + chance.randint(-3, 5))
    return meeting


def _multi_legs(plan: _Plan) -> dict[str, list[int] | list[list[int]]]:
    """Which races of a meeting are legs of a multi-leg bet."""
    n = plan.races
    legs: dict[str, list[int] | list[list[int]]] = {}
    if n >= 4:
        legs["early_quaddie"] = [1, 2, 3, 4]
        legs["quaddie"] = [n - 3, n - 2, n - 1, n]
    if plan.country == "NZ" and n >= 3:
        legs["tote_running_double"] = [[i, i + 1] for i in range(1, n, 2)]
        legs["tote_treble"] = [[i, i + 1, i + 2] for i in range(1, n - 1, 3)]
    return legs


def _race(seed: int, day: date, meeting: MeetingFacts, number: int, start: datetime, options: DayOptions) -> FeedRace:
    race_id = uuid_of(seed, day, meeting.meeting_id, number)
    chance = stream(race_id, "race")
    category = meeting.category
    distance = chance.choice(_DISTANCES[category]) + chance.choice((0, 0, 5, 40))
    size = chance.randint(*_FIELD[category])
    serial = int(race_id[:6], 16)
    paid = 3 if size >= 8 else 2 if size >= 5 else 1
    track = meeting.track_condition if chance.random() < 0.95 else "Soft5"
    race = FeedRace(
        race_id=race_id,
        meeting_id=meeting.meeting_id,
        number=number,
        name=words.race_name(chance, category, distance),
        country=meeting.country,
        category=category,
        state=meeting.state,
        advertised=start,
        distance=distance,
        weather=chance.choice(_WEATHER),
        track_condition=track,
        positions_paid=paid,
        runners=_runners(chance, race_id, meeting, size, serial, options),
        script=RaceScript(jump=start, closed=start, interim=start, final=start, settled=start),
    )
    tips = [runner.entrant_id for runner in chance.sample(race.runners, min(4, size))]
    race.details = {
        "serial": serial,
        "tips": tips,
        "comment": " ".join(
            words.sentence(chance, r.name, r.number) for r in race.runners[: 2 if options.form == "compact" else 6]
        ),
        "rail": chance.choice(("", "+3m Entire.", "True | No Rain Last 24 Hours")) if category == "T" else "",
        "start_type": chance.choice(("Mobile", "Mobile", "Standing")) if category == "H" else "",
        "direction": chance.choice(("Left", "Right")),
        "prize": chance.choice((12000, 17000, 27500, 60000, 150000)),
        "zero_actual_start": chance.random() < 0.5,
    }
    return race


def _runners(
    chance: Random, race_id: str, meeting: MeetingFacts, size: int, serial: int, options: DayOptions
) -> tuple[RunnerFacts, ...]:
    barriers = list(range(1, size + 1))
    if meeting.category == "T":
        chance.shuffle(barriers)
    names: set[str] = set()
    runners = []
    for number in range(1, size + 1):
        name = words.horse_name(chance)
        while name in names:
            name = words.horse_name(chance)
        names.add(name)
        entrant_id = uuid_of(race_id, "runner", number)
        front = 7 if size > 8 else size
        position = f"Fr{number}" if number <= front else f"Sr{number - front}"
        runners.append(
            RunnerFacts(
                entrant_id=entrant_id,
                number=number,
                name=name,
                barrier=barriers[number - 1],
                barrier_position=position if meeting.category == "H" else None,
                horse_id=chance.randint(300_000, 2_400_000),
                form=runner_form(
                    chance,
                    category=meeting.category,
                    country=meeting.country,
                    name=name,
                    number=number,
                    entrant_id=entrant_id,
                    race_serial=serial,
                    compact=options.form == "compact",
                ),
            )
        )
    return tuple(runners)
