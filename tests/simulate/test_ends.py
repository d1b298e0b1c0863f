"""How the judge holds a race's last row against what ended the race, and what it sees of rows as they are created."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.simulate.oracle.differences import Findings
from local.simulate.oracle.ends import judge_causes, judge_ends, judge_lateness, judge_outcomes
from local.simulate.oracle.lists import ListMeeting
from local.simulate.oracle.slots import expect
from local.simulate.served import Record

START = datetime(2026, 2, 14, 1, 0, tzinfo=UTC)
GIVEN_UP = START + timedelta(hours=6)
OFF = START - timedelta(minutes=10)
RACE = {"startTime": START.isoformat()}


def row(n: int, kind: str, status: str, at: datetime, *gaps: tuple[datetime, str]) -> dict[str, Any]:
    """Return what a ledger row says of itself."""
    told = [{"slot": slot.isoformat(timespec="milliseconds"), "cause": cause} for slot, cause in gaps]
    return {
        "raceId": "r", "n": n, "kind": kind, "status": status, "fetchedAt": at.isoformat(), "gaps": json.dumps(told),
        "slot": at.isoformat(timespec="milliseconds"),
    }  # fmt: skip


def judged(*rows: dict[str, Any], off: bool = False, minutes: int = 420, sound: bool = True) -> list[str]:
    """Return what is wrong with a race's last rows, `minutes` after its start."""
    findings = Findings()
    pages = [ListMeeting(OFF, OFF, {}, {"r": {"status": "Abandoned"}})] if off else []
    judge_ends(rows, {"r": RACE}, pages, START + timedelta(minutes=minutes), findings, sound=sound)
    return [f"{each.what} {each.key}" for each in findings.found]


POLLED = row(1, "slot", "Closed", START)
CLOSING = row(2, "closing", "Closed", GIVEN_UP, (GIVEN_UP, "given_up"))


def test_a_race_that_never_ended_is_closed_after_six_hours() -> None:
    """Without its closing row a race that was given up is a difference, polled or not; before that it is none."""
    missing = ["missing closing row after 07:00:00"]
    assert judged(POLLED) == judged() == missing
    assert judged(POLLED, minutes=360) == []
    assert judged(POLLED, minutes=390, sound=False) == []
    assert judged(POLLED, sound=False) == missing
    assert judged(POLLED, CLOSING) == judged(row(1, "slot", "Final", START)) == []


def test_rechecks_that_nobody_made_are_told_by_a_closing_row() -> None:
    """A race that is over has each re-check as a row or a gap, once the last one has expired and a tick has come."""
    due = [START + timedelta(minutes=m) for m in (6, 11, 21, 36)]
    final, first, second, third = (
        row(i, "recheck" if i > 1 else "slot", "Final", at) | {"finishedAt": due[0].isoformat()}
        for i, at in enumerate(due, 1)
    )
    told = row(3, "closing", "Final", due[3] + timedelta(minutes=2), (due[2], "no_attempt"), (due[3], "no_attempt"))
    missing = "missing closing row of no re-check at"
    assert judged(final, first, second, third) == judged(final, first, told) == []
    assert judged(final, first) == [f"{missing} 01:21:00, 01:36:00"]
    assert judged(final, second, third) == [f"{missing} 01:11:00"]
    assert judged(final, minutes=39) == judged(final, sound=False) == []


def test_a_race_that_its_list_called_off_is_closed_as_abandoned() -> None:
    """A race whose event never said so gets its row at once; one that was never polled has no ledger to close."""
    closing = row(2, "closing", "Abandoned", OFF + timedelta(minutes=1))
    assert judged(POLLED, off=True, minutes=0) == ["missing closing row after 00:50:00"]
    assert judged(POLLED, closing, off=True) == judged(off=True) == []
    assert judged(POLLED, closing | {"status": "Open"}, off=True) == ["wrong n 2 closing: status Abandoned"]


@pytest.mark.parametrize(
    ("closing", "wrong"),
    [
        (row(2, "closing", "Closed", START + timedelta(hours=5), (GIVEN_UP, "given_up")), "unexpected n 2 closing"),
        (row(2, "closing", "Closed", GIVEN_UP), "wrong n 2 closing: last gap"),
        (row(2, "closing", "Closed", GIVEN_UP, (GIVEN_UP, "no_attempt")), "wrong n 2 closing: last gap"),
        (row(2, "closing", "Final", GIVEN_UP, (GIVEN_UP, "given_up")), "wrong n 2 closing: status as before"),
    ],
)
def test_a_closing_row_has_a_reason_and_says_it(closing: dict[str, Any], wrong: str) -> None:
    """Too early, without the gap that tells it, or with another status than the row before, it is wrong."""
    (found,) = judged(POLLED, closing)
    assert found.startswith(wrong)


def test_a_closing_row_after_the_end_tells_of_rechecks() -> None:
    """A row that follows Final is there for the re-checks that nobody made."""
    final = row(1, "slot", "Final", START)
    told = row(2, "closing", "Final", START + timedelta(hours=1), (START + timedelta(minutes=30), "no_attempt"))
    assert judged(final, told) == []
    assert judged(final, told | {"gaps": "[]"}) == ["wrong n 2 closing of no re-check"]


@pytest.mark.parametrize(
    ("result", "slot", "n", "right"),
    [
        ("committed", 1, 2, True),
        ("done", 1, 2, True),
        ("done", 1, 1, False),
        ("done", 2, 2, False),
        ("late", 1, 2, False),
        ("late", 0, 2, True),
        ("expired", 2, 0, True),
    ],
)
def test_what_a_poll_told_of_its_slot_is_so(result: str, slot: int, n: int, right: bool) -> None:
    """A slot that is told as done has its row under the number told; one that is told as late has a later one."""
    slots = [(START + timedelta(minutes=i)).isoformat(timespec="milliseconds") for i in range(3)]
    ledger = [{"raceId": "r", "n": i + 1, "slot": at} for i, at in enumerate(slots[:2])]
    findings = Findings()
    told = {"raceId": "r", "kind": "slot", "slot": slots[slot], "result": result, "n": n}
    judge_outcomes([told], ledger, findings)
    assert (findings.found == []) is right


@pytest.mark.parametrize(("late_ms", "right"), [(1250, True), (1, False), (1500, False)])
def test_a_poll_tells_how_late_it_was(late_ms: int, right: bool) -> None:
    """Sent a second and a quarter after its slot, answered a quarter of a second later."""
    at = START + timedelta(seconds=1.5)
    polled = row(1, "slot", "Open", at) | {"slot": START.isoformat(), "feedMs": 250, "lateMs": late_ms}
    findings = Findings()
    judge_lateness([polled], findings)
    assert (findings.found == []) is right


@pytest.mark.parametrize(
    ("by", "cause", "wrong"),
    [(1, "feed_timeout", []), (1, "no_attempt", ["n 2: gap of 00:59:30 for feed_timeout"]), (2, "no_attempt", [])],
)
def test_a_gap_says_what_its_own_container_knew(by: int, cause: str, wrong: list[str]) -> None:
    """The container that met a failure names it in the row that it makes next; another one cannot."""
    failed = START - timedelta(seconds=30)
    asked = {"raceId": "r", "kind": "slot"}
    told = [
        {
            **asked,
            "slot": failed.isoformat(timespec="milliseconds"),
            "result": "failed",
            "cause": "feed_timeout",
            "by": 1,
        },
        {**asked, "slot": START.isoformat(timespec="milliseconds"), "result": "committed", "n": 2, "by": by},
    ]
    findings = Findings()
    judge_causes(told, [row(2, "slot", "Open", START, (failed, cause))], findings)
    assert [each.key for each in findings.found] == wrong


def test_a_look_at_results_explains_no_gap() -> None:
    """A look that stored an amended result made no row of the ledger, and has no number."""
    look = {"raceId": "r", "kind": "watch", "slot": START.isoformat(timespec="milliseconds"), "by": 1}
    findings = Findings()
    judge_causes([{**look, "result": "committed"}], [row(2, "slot", "Open", START)], findings)
    assert findings.found == []


@pytest.mark.parametrize(("link", "unlinked"), [("m", []), ({"$id": "m"}, []), (None, ["r"]), ("other", ["r"])])
def test_a_race_created_without_its_meeting_is_kept(link: Any, unlinked: list[str]) -> None:
    """A link is the other row or its id."""
    record = Record()
    record.race_created({"$id": "r", "meetingId": "m", "meeting": link})
    assert record.unlinked == unlinked


class _Feed:
    """A race that starts at one instant and is Final five minutes later."""

    def status(self, race_id: str, at: datetime) -> str:
        return "Final" if at >= START + timedelta(minutes=5) else "Open"

    list_status = status

    def start(self, race_id: str, at: datetime) -> datetime:
        return START

    def there(self, race_id: str, at: datetime) -> bool:
        return True


def test_a_slot_that_was_passed_by_tells_nothing() -> None:
    """Where pollers are paused over the end of a race, the first slot after it is the one that sees it over."""
    listed, end = [START - timedelta(hours=2)], START + timedelta(hours=2)
    back = START + timedelta(minutes=20)
    plain = expect(_Feed(), "r", listed, end)
    paused = expect(_Feed(), "r", listed, end, passed=lambda at: START <= at < back)
    assert plain.finished == START + timedelta(minutes=5)
    assert paused.finished == back
    assert plain.sure - paused.sure == {START + timedelta(seconds=30 * i) for i in range(11)}
