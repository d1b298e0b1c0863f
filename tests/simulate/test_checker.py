"""What the checker says of a day whose rows or transactions are not as they must be."""

from datetime import date, timedelta

import pytest

from local.feedsim import DayOptions, generate_day
from local.simulate.absent import answerable, never_polled
from local.simulate.checker import _left
from local.simulate.faults.script import Hit, Run, Script
from local.simulate.plan import Plan
from local.simulate.run import simulate_day
from local.simulate.verdict import fine
from local.simulate.world import World


class _Still:
    """A world in which nothing is on its way."""

    class platform:
        in_flight = 0

    class backend:
        waiting = 0


def test_a_race_without_a_row_has_its_slots_unreported() -> None:
    """A race that was stored hours before its start and never polled owes every slot up to the start."""
    day = generate_day(1, date(2026, 2, 14), 3)
    race = next(r for r in day.core_races if r.script.abandoned_list is None and r.script.moved_at is None)
    found = never_polled(day, race.race_id, race.advertised - timedelta(hours=4), race.advertised + timedelta(hours=1))
    assert len(found.unreported) == len(found.missing) > 30
    assert max(found.missing) < race.advertised


def test_a_slot_that_no_answer_could_fill_is_not_lost() -> None:
    """Once an event is gone, or its list alone has called it off, no attempt could be complete."""
    day = generate_day(1, date(2026, 2, 14), 12, options=DayOptions(abandoned_tails=1))
    scripts = {race.race_id: race.script for race in day.core_races}
    ends = {i: s.gone or s.abandoned_list for i, s in scripts.items() if s.gone or s.stuck_open}
    assert len(ends) == 2
    for race_id, end in ends.items():
        assert end is not None
        assert answerable(day, race_id, end - timedelta(seconds=15))
        assert not answerable(day, race_id, end)


@pytest.mark.parametrize(("struck", "unexplained"), [(0, 2), (1, 1), (5, 0)])
def test_only_struck_activations_may_leave_transactions(struck: int, unexplained: int) -> None:
    """A transaction that expired without an end needs an activation that a fault struck."""
    at = generate_day(1, date(2026, 2, 14), 1).core_races[0].advertised
    script = Script(runs=[Run("f", {}, at, hits=[Hit("store.timeout_before", at)]) for _ in range(struck)])
    left = _left(_Still(), {"opened": 9, "open": 0, "expired": 2}, script)  # type: ignore[arg-type]
    assert left["transactions_unexplained"] == unexplained


def test_a_day_whose_races_were_never_stored_is_not_fine() -> None:
    """A day under faults of which nothing was imported does not pass for one in which nothing was lost."""

    def silent(world: World) -> object:
        from local.simulate.faults import profile

        seams = profile("all")(world)
        seams.triggers = lambda minute: 0  # type: ignore[method-assign]
        return seams

    report = simulate_day(Plan(seed=1, races=2, depth="port"), seams=silent)  # type: ignore[arg-type]
    assert report["stored"]["absent"] == 2
    assert not fine(report)
