"""What the suite notes of itself, judged on days on which nothing breaks."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from local.simulate.oracle.differences import Findings, Within
from local.simulate.oracle.state import judge_state
from local.simulate.report import _begun_late
from local.simulate.served import Record
from local.simulate.tables import when

SPAN = Within(datetime(2026, 2, 13, 16, 51, tzinfo=UTC), datetime(2026, 2, 14, 8, tzinfo=UTC))


@pytest.mark.parametrize(("at", "found"), [("2026-02-13T16:58:08.026+00:00", 0), ("2026-02-13T22:10:08.026+00:00", 1)])
def test_the_watchdog_may_stand_in_before_the_first_tick_alone(at: str, found: int) -> None:
    """On a sound day a first container may be slow to come up; later in the day nobody may stand in."""
    findings = Findings()
    rows = [{"$id": "w", "kind": "tick", "name": "watchdog", "status": "done", "at": at}]
    judge_state(rows, date(2026, 2, 14), [], {}, {}, SPAN, findings, sound=True)
    assert len([each for each in findings.found if each.key.endswith("watchdog")]) == found


@pytest.mark.parametrize(("noted_secs", "odds"), [(-1, "entrants"), (5, "entrants"), (-30, "details")])
def test_an_import_by_a_slow_clock_is_made_of_its_own_answer(noted_secs: int, odds: str) -> None:
    """Entrants noted a second before their answer was served came of it all the same, and not of one before."""
    served, record = SPAN.begin + timedelta(minutes=30), Record()
    for minutes, function, body in ((-10, "daily-races", b"details"), (0, "daily-entrants", b"entrants")):
        record.keep("events/r", function, served + timedelta(minutes=minutes), body)
    found = record.import_of("r", served + timedelta(seconds=noted_secs))
    assert found is not None
    assert found.body.decode() == odds


@pytest.mark.parametrize(("told_at", "late"), [("00:09:01.357", 0), ("00:08:59.000", 1)])
def test_a_slot_is_late_where_its_tick_knew_of_the_start(told_at: str, late: int) -> None:
    """A slot of a moved start that was told of after its minute began is the next tick's; told before, it is late."""
    day: Any = "2026-02-14T"
    rows = [
        {"raceId": "r", "n": n, "kind": "slot", "slot": f"{day}{slot}+00:00", "startTime": f"{day}{start}+00:00",
         "$createdAt": f"{day}{made}+00:00", "fetchedAt": f"{day}{made}+00:00"}
        for n, slot, start, made in (
            (1, "00:04:00", "01:00:00", "00:04:01.000"),
            (2, "00:08:55", "00:20:00", told_at),
            (3, "00:09:30", "00:20:00", "00:10:04.138"),
        )
    ]  # fmt: skip
    expected: Any = {"r": SimpleNamespace(sure={when(str(row["slot"])) for row in rows})}
    world: Any = SimpleNamespace(paused=None, counts=SimpleNamespace(asked={}))
    assert _begun_late(expected, rows, world) == late
