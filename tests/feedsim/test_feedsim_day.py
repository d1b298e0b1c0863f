"""The programme of a generated day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from local.feedsim import DayOptions, FeedDay, FeedSim, generate_day
from local.feedsim.marks import NZ, floor_mark, nz_instant, nz_midnight
from local.feedsim.model import FeedRace
from tests.feedsim.asking import HEADERS
from tests.feedsim.conftest import DATE


def test_same_seed_gives_the_same_bytes() -> None:
    """Two days made from one seed serve identical bytes at an instant, and another seed does not."""
    bodies = []
    for seed in (5, 5, 6):
        day = generate_day(seed=seed, date=DATE, races=6)
        at = day.core_races[2].advertised + timedelta(seconds=41)
        feed = FeedSim(day)
        bodies.append(
            [
                feed.respond(f"/affiliates/v1/racing/{path}", "with_money_tracker=1", HEADERS, at)
                for path in ("meetings", "list", f"events/{day.core_races[2].race_id}")
            ]
        )
    assert bodies[0] == bodies[1]
    assert bodies[0] != bodies[2]


@pytest.mark.parametrize("races", [1, 2, 7, 24, 50, 96])
def test_day_has_the_races_asked_for(races: int) -> None:
    """The number of AU and NZ gallops and harness races is exact; greyhounds and other countries come on top."""
    day = generate_day(seed=3, date=DATE, races=races)
    assert len(day.core_races) == races
    assert {race.country for race in day.core_races} <= {"AUS", "NZ"}
    assert {race.category for race in day.core_races} <= {"T", "H"}
    assert any(race.category == "G" and race.country in {"AUS", "NZ"} for race in day.races)
    assert any(race.country not in {"AUS", "NZ"} for race in day.races)


@pytest.mark.parametrize("seed", range(1, 9))
def test_day_runs_from_before_noon_to_late_evening(seed: int) -> None:
    """The first race is at 11:45 NZ time and the last one in the evening of the same day."""
    day = generate_day(seed=seed, date=DATE, races=24)
    starts = [race.advertised for race in day.core_races]
    first, last = starts[0].astimezone(NZ), starts[-1].astimezone(NZ)
    assert (first.date(), first.hour, first.minute) == (DATE, 11, 45)
    assert last.date() == DATE
    assert last.hour >= 20


def test_big_day_runs_past_midnight(feedsim_big_day: FeedDay) -> None:
    """On a day of 96 races the last meeting, in Western Australia, ends after NZ midnight and keeps its date."""
    last = feedsim_big_day.core_races[-1]
    assert last.advertised.astimezone(NZ).date() == DATE + timedelta(days=1)
    assert feedsim_big_day.meeting(last.meeting_id).date == DATE
    assert last.state == "WA"


def test_ids_and_numbers_are_sound(feedsim_big_day: FeedDay) -> None:
    """Ids never repeat, races are numbered from one in order of their starts, and runners from one."""
    ids = [race.race_id for race in feedsim_big_day.races] + [m.meeting_id for m in feedsim_big_day.meetings]
    ids += [runner.entrant_id for race in feedsim_big_day.races for runner in race.runners]
    assert len(ids) == len(set(ids))
    for meeting in feedsim_big_day.meetings:
        assert [race.number for race in meeting.races] == list(range(1, len(meeting.races) + 1))
        first_starts = [race.script.moved_from or race.advertised for race in meeting.races]
        assert first_starts == sorted(first_starts)
    for race in feedsim_big_day.races:
        assert [runner.number for runner in race.runners] == list(range(1, len(race.runners) + 1))


def _slots(race: FeedRace, end: datetime, first: datetime) -> int:
    """Polls of one race by the published schedule: 30 min, 2.5 min from T-65, 30 s from T-5 until the end."""
    count, at = 0, first
    while at <= end:
        count += 1
        left = (race.advertised - at).total_seconds() / 60
        step = 30.0 if left > 65 else 2.5 if left > 5 else 0.5
        at += timedelta(minutes=min(step, left - 65) if left > 65 else step)
    return count


@pytest.mark.parametrize("seed", range(1, 6))
def test_default_day_needs_a_thousand_polls(seed: int) -> None:
    """Polled as scheduled from the morning import on, a default day takes more than a thousand polls."""
    day = generate_day(seed=seed, date=DATE, races=24)
    imported = nz_instant(DATE, 9 * 60)
    total = 0
    for race in day.core_races:
        script = race.script
        total += _slots(race, script.abandoned_list or script.final, imported)
    assert total >= 1000


@pytest.mark.parametrize("day", [date(2026, 4, 5), date(2025, 9, 28), date(2026, 1, 1)])
def test_daylight_saving_days_keep_their_order(day: date) -> None:
    """On nights when the clocks change races keep their order and no two share an instant within a meeting."""
    generated = generate_day(seed=2, date=day - timedelta(days=1), races=96)
    for meeting in generated.meetings:
        starts = [race.script.moved_from or race.advertised for race in meeting.races]
        assert starts == sorted(set(starts))


def test_options_are_checked() -> None:
    """Wrong sizes, unknown forms and negative counts are refused with the name of the field."""
    with pytest.raises(ValueError, match="races"):
        generate_day(seed=1, date=DATE, races=0)
    with pytest.raises(ValueError, match="form"):
        DayOptions(form="huge")
    with pytest.raises(ValueError, match="protests"):
        DayOptions(protests=-1)
    with pytest.raises(ValueError, match="options"):
        generate_day(seed=1, date=DATE, races=2, options=DayOptions(), form="full")


def test_calm_day_has_no_disruptions() -> None:
    """A calm day moves, scratches late, abandons and corrects nothing."""
    day = generate_day(seed=1, date=DATE, races=30, options=DayOptions.calm())
    for race in day.races:
        script = race.script
        assert (script.moved_at, script.abandoned_list, script.corrected, script.protest) == (None, None, None, "")
        assert not any(scratching.late for scratching in script.scratchings)


def test_late_meetings_and_races_appear_in_the_course_of_the_day() -> None:
    """What is published late is missing from the lists, and its events answer 404, until its instant."""
    day = generate_day(seed=4, date=DATE, races=24, late_meetings=1, late_races=1)
    feed = FeedSim(day)
    hidden = [race for race in day.core_races if race.script.visible is not None]
    assert len({race.meeting_id for race in hidden}) == 2
    for race in hidden:
        visible = race.script.visible
        assert visible is not None
        before, after = visible - timedelta(seconds=1), visible
        assert day.truth(race.race_id, before).http_status == 404
        assert day.truth(race.race_id, after).http_status == 200
        for at, shown in ((before, False), (after, True)):
            body = feed.meetings("/affiliates/v1/racing/meetings", {"date_from": DATE.isoformat()}, at)
            assert (race.race_id.encode() in body) is shown


def test_marks() -> None:
    """Instants floor to quarters of a minute, and NZ midnight follows the zone's rules."""
    at = datetime(2026, 3, 1, 0, 0, 44, 999_999, tzinfo=UTC)
    assert floor_mark(at) == datetime(2026, 3, 1, 0, 0, 30, tzinfo=UTC)
    assert nz_midnight(date(2026, 3, 1)) == datetime(2026, 2, 28, 11, tzinfo=UTC)
    assert nz_midnight(date(2026, 7, 1)) == datetime(2026, 6, 30, 12, tzinfo=UTC)
    with pytest.raises(ValueError, match="aware"):
        floor_mark(at.replace(tzinfo=None))
