"""What the suite tells of itself is judged: beats, alarms, the row of its health, and when results are looked at."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.simulate import run as running
from local.simulate.oracle.differences import Findings
from local.simulate.oracle.judge import Left, judge_rows
from local.simulate.oracle.told import judge_beats, judge_health
from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from local.simulate.served import Alarmed, Beat, Record
from local.simulate.tables import Tables
from raceday.store.port import Row
from raceday.tables import QUARANTINE, RACE_POLLS, RACE_RESULTS, RACES, SUITE_STATE

DAY = datetime(2026, 2, 14, 1, tzinfo=UTC)
PAUSED = (datetime(2026, 2, 13, 22, 0, tzinfo=UTC), datetime(2026, 2, 13, 22, 30, tzinfo=UTC))
WELL = json.dumps({"unstarted": []})
BADLY = json.dumps({"unstarted": ["enhanced-race-poller"]})


@pytest.fixture(scope="module")
def day() -> tuple[Left, Record]:
    """Return one small day with a pause, which has gaps to tell of, and nothing wrong."""
    kept: list[tuple[Left, Record]] = []

    def keep(left: Left, record: Record) -> Findings:
        kept.append((left, record))
        return judge_rows(left, record)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "judge_rows", keep)
        report = simulate_day(DayPlan(seed=3, races=1, depth="port", paused=PAUSED))
    assert report["judged"]["count"] == 0
    return kept[0]


def again(day: tuple[Left, Record], **changed: Any) -> list[str]:
    """Judge the day once more with other words told outside, or with another row of the suite's health."""
    left, record = day
    rows = [*left.after[SUITE_STATE]]
    at = next(i for i, row in enumerate(rows) if row["kind"] == "health")
    data = json.loads(rows[at]["data"])
    if "health" in changed:
        rows[at] = {**rows[at], **changed.pop("health")(data)}
    judged = judge_rows(replace(left, after=Tables({**left.after.rows, SUITE_STATE: rows})), replace(record, **changed))
    return [f"{each.what}: {each.key}" for each in judged.found]


def test_a_pause_is_told_once_in_half_an_hour(day: tuple[Left, Record]) -> None:
    """The operator hears of the gaps of a pause; without that, or twice in a row, the day is wrong."""
    alarms = day[1].alarms
    assert {kind for alarmed in alarms for kind, _ in alarmed.kinds} == {"gaps"}
    assert again(day, alarms=[]) == ["missing: alarm gaps"]
    soon = replace(alarms[0], at=alarms[0].at + timedelta(minutes=5))
    assert again(day, alarms=[alarms[0], soon]) == ["doubled: alarm gaps"]


@pytest.mark.parametrize(
    "kinds",
    [
        ("gaps", "99 slots of the last hour were not polled (99 paused)"),
        ("gaps", "2 slots of the last hour were not polled (1 paused)"),
        ("races", "1 races in trouble, first r: unfinished an hour after its start"),
        ("quarantine", "1 kinds of payload of the last hour could not be read, last r: status"),
        ("standstill", "the scheduler stood still from 1 to 2"),
        ("webhook", "behind the ledger: money-flow-tracker for 2 of 2 races; is the webhook switched off?"),
    ],
)
def test_an_alarm_of_nothing_is_unexpected(day: tuple[Left, Record], kinds: tuple[str, str]) -> None:
    """Gaps that were not, and troubles that the day has not, are no alarms of it."""
    at = day[1].alarms[-1].at + timedelta(minutes=40)
    found = again(day, alarms=[*day[1].alarms, Alarmed(at, (kinds,))])
    assert found == [f"unexpected: alarm {kinds[0]} at {at:%H:%M:%S}"]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (lambda data: {"status": "ok"}, "health status"),
        (lambda data: {"data": json.dumps({**data, "gaps": data["gaps"][1:]})}, "health causes"),
        (lambda data: {"data": json.dumps({**data, "gaps": [], "causes": {}})}, "health gaps"),
        (lambda data: {"data": json.dumps({**data, "failures": ["x"]})}, "health failures"),
        (lambda data: {"data": json.dumps({**data, "races": [{"race": "r", "why": "unfinished"}]})}, "health races"),
        (lambda data: {"data": json.dumps({**data, "lagging": {"x": {"looks": 2}}})}, "health lagging"),
    ],
)
def test_a_row_of_health_that_says_otherwise_is_named(day: tuple[Left, Record], changed: Any, named: str) -> None:
    """Status, gaps, causes, races and lags of the health row each follow from the day."""
    assert any(named in line for line in again(day, health=changed))


@pytest.mark.parametrize(
    ("beats", "found"),
    [
        ([("master-race-scheduler", True, WELL)], 0),
        ([("master-race-scheduler", True, BADLY)], 1),
        ([("master-race-scheduler", False, WELL)], 1),
        ([("master-race-scheduler", False, json.dumps({"error": "X"}))], 0),
        ([("daily-meetings", True, WELL)], 1),
        ([], 1),
        ([("master-race-scheduler", True, WELL)] * 2, 1),
    ],
)
def test_beats_are_those_of_the_ticks(beats: Sequence[tuple[str, bool, str]], found: int) -> None:
    """One tick beats once, the scheduler's alone, and well where it started all that it had to."""
    findings = Findings()
    judge_beats([Beat(DAY, *beat) for beat in beats], [{"unstarted": []}], findings, sound=True)
    assert len(findings.found) == found


@pytest.mark.parametrize(("minutes", "missing"), [(150, True), (90, False)])
def test_what_is_quarantined_on_a_broken_day_has_two_hours_to_be_told(minutes: int, *, missing: bool) -> None:
    """A day on which things break may be late with an alarm, and not without it for ever."""
    findings = Findings()
    none: dict[str, Sequence[Row]] = {table: [] for table in (RACE_POLLS, RACES, SUITE_STATE)}
    rows = [{"$createdAt": (DAY - timedelta(minutes=minutes)).isoformat()}]
    judge_health(Tables({**none, QUARANTINE: rows}), [], [], DAY - timedelta(days=1), DAY, findings, sound=False)
    assert [each.key for each in findings.found] == (["alarm quarantine"] if missing else [])


@pytest.mark.parametrize(("minutes", "what"), [(1, ["wrong"]), (-60, ["wrong", "missing"]), (None, ["wrong"])])
def test_results_are_looked_at_next_when_they_must_be(
    day: tuple[Left, Record], minutes: int | None, what: list[str]
) -> None:
    """Another instant than an hour after Final is wrong, and one that passed without a look is missed too."""
    left, record = day
    row = left.after[RACE_RESULTS][0]
    at = datetime.fromisoformat(row["nextLookAt"])
    changed = None if minutes is None else (at + timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
    tables = Tables({**left.after.rows, RACE_RESULTS: [{**row, "nextLookAt": changed}]})
    found = judge_rows(replace(left, after=tables), record).found
    assert [each.what for each in found] == what


def test_a_look_before_its_time_is_unexpected(day: tuple[Left, Record]) -> None:
    """A poller that is sent to look at results half an hour after Final was sent too early."""
    final = datetime.fromisoformat(day[0].after[RACE_RESULTS][0]["finalAt"])
    race = day[0].after[RACE_RESULTS][0]["raceId"]
    early, due = ((final + timedelta(minutes=minutes), (race,)) for minutes in (30, 61))
    assert again(day, looks_handed=[due]) == []
    assert [line.split(":")[0] for line in again(day, looks_handed=[early])] == ["unexpected"]
