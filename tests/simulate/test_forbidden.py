"""What no row of a day tells, and its judge watches all the same."""

import json
from datetime import UTC, datetime

from local.feedsim import DayOptions
from local.simulate.oracle.checks import score_of
from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from local.simulate.served import Record
from local.simulate.verdict import fine, replay, troubles

PAUSED = (datetime(2026, 2, 13, 22, 0, tzinfo=UTC), datetime(2026, 2, 13, 22, 30, tzinfo=UTC))


def test_totals_that_go_back_are_told() -> None:
    """An older poll's totals after a newer one's are a fault, even where the newer ones come back."""
    record = Record()
    for n in (1, 3, 2, 4, 4):
        record.total("r1", n)
    record.total("r2", 1)
    assert record.fell_back == [("r1", 3, 2)]


def test_a_check_that_nobody_knows_has_no_score() -> None:
    """A row with a check under another name has no right score, and the judge does not die of it."""
    row = {"name": "win_identity", "applies": True, "ok": True, "score": 1.0}
    assert score_of(json.dumps([row]), None) == 100
    assert score_of(json.dumps([row, {**row, "name": "weather"}]), None) is None


def test_a_day_with_a_pause_wants_no_poll_in_it() -> None:
    """While an operator has paused the pollers nothing is polled and nothing missing, and gaps tell of it."""
    plan = DayPlan(seed=3, races=1, depth="port", options=DayOptions(moved_starts=0), paused=PAUSED)
    report = simulate_day(plan)
    assert fine(report), troubles(report)
    assert report["polls"]["gaps"] > 5
    assert "--paused 2026-02-13T22:00..2026-02-13T22:30" in replay(report)


def test_a_deed_that_was_forbidden_fails_the_day() -> None:
    """A start in a pause, or a forged delivery that was let in, fails a day by itself."""
    report = simulate_day(DayPlan(seed=3, races=1, depth="port"))
    assert fine(report), troubles(report)
    report["forbidden"] = ["money-flow-tracker let in a forged signature"]
    assert troubles(report) == {"deeds that were forbidden": 1}
