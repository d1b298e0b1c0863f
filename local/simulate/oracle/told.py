"""What the suite tells of itself: beats to a watcher outside, alarms to an operator, and the row of its health."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from local.simulate.oracle.differences import Findings, Within
from local.simulate.oracle.slots import GIVEN_UP, OVER
from local.simulate.served import Alarmed, Beat
from local.simulate.tables import Tables
from raceday.store.port import Row
from raceday.tables import QUARANTINE, RACE_POLLS, RACES, SUITE_STATE

SCHEDULER = "master-race-scheduler"
HEALTH = "health"
_HOUR = timedelta(hours=1)
# The suite looks itself over so often; the tick that does may last so long.
_LOOKS, _TICK = timedelta(minutes=6), timedelta(minutes=1)
# Of each kind an alarm comes once in half an hour.
_STILL = timedelta(minutes=4)
_QUIET = timedelta(minutes=30)
# A store that breaks may keep a look from what it would tell for so long.
_UNDER_FAULTS = timedelta(hours=2)
# A race is polled until six hours after its start, and looked after for so long at least.
_WATCHED = GIVEN_UP - _HOUR
_NEVER = datetime.max.replace(tzinfo=UTC)
_COUNTED = re.compile(r"(\d+) slots of the last hour were not polled \((.*)\)")
_NOTHING: Mapping[str, Any] = {
    "standstills": [], "quarantined": [], "imports": [], "failures": [], "key": {}, "stood_in": ""
}  # fmt: skip
Told = tuple[str, str, str]


def judge_beats(beats: Sequence[Beat], ticks: Sequence[Mapping[str, Any]], findings: Findings, *, sound: bool) -> None:
    """Compare what the watcher heard with the ticks: the scheduler alone beats, well where all was started.

    Where nothing broke each tick has beaten once.
    """
    for beat in beats:
        told = json.loads(beat.summary)
        well = "error" not in told and not told.get("unstarted")
        if beat.function != SCHEDULER or beat.done != well:
            how = "well" if beat.done else "badly"
            findings.add(SUITE_STATE, "wrong", key=f"beat at {beat.at:%H:%M:%S} of {beat.function}", found=how)
    own = sum("stoodIn" not in tick for tick in ticks)
    if sound and len(beats) != own:
        findings.add(SUITE_STATE, "wrong", key=f"beats of {own} ticks", found=len(beats))


def judge_health(
    tables: Tables, alarms: Sequence[Alarmed], ticks: Sequence[Mapping[str, Any]], begin: datetime, end: datetime,
    findings: Findings, *, sound: bool,
) -> None:  # fmt: skip
    """Compare alarms and the last row of health with the gaps, the races and the quarantine of the day."""
    told = _told_gaps(tables[RACE_POLLS])
    stuck = {row["$id"]: _stuck(row, tables[RACE_POLLS]) for row in tables[RACES]}
    for alarmed in alarms:
        for kind, text in alarmed.kinds:
            if not _is_true(kind, text, alarmed.at, told, stuck, tables[QUARANTINE], sound=sound):
                findings.add(SUITE_STATE, "unexpected", key=f"alarm {kind} at {alarmed.at:%H:%M:%S}", found=text)
    _judge_pace(alarms, findings, sound=sound)
    patience = _LOOKS + _TICK if sound else _UNDER_FAULTS
    due = {
        "gaps": [made for made, _ in told],
        "races": [since for span in stuck.values() if span and (since := span[0]) + patience < span[1]],
        "standstill": _standstills(ticks),
        "quarantine": [datetime.fromisoformat(row["$createdAt"]) for row in tables[QUARANTINE]],
    }
    heard = {kind for alarmed in alarms for kind, _ in alarmed.kinds}
    for kind, instants in due.items():
        if kind not in heard and any(at + patience < end for at in instants):
            findings.add(SUITE_STATE, "missing", key=f"alarm {kind}")
    if sound:
        for row in tables[SUITE_STATE]:
            if row["kind"] == HEALTH:
                _judge_row(row, told, stuck, Within(begin, end), findings)


def _standstills(ticks: Sequence[Mapping[str, Any]]) -> list[datetime]:
    """Return the ticks before which nobody's had come to its end for longer than three minutes, for certain."""
    instants = sorted(datetime.fromisoformat(tick["minute"]) for tick in ticks)
    return [later for earlier, later in pairwise(instants) if later - earlier > _STILL]


def _told_gaps(ledger: Sequence[Row]) -> list[tuple[datetime, Told]]:
    """Return each gap of the ledger with when it was told of."""
    return [
        (datetime.fromisoformat(row["$createdAt"]), (row["raceId"], gap["slot"], gap["cause"]))
        for row in ledger
        for gap in json.loads(row.get("gaps") or "[]")
    ]


def _stuck(race: Row, ledger: Sequence[Row]) -> tuple[datetime, datetime] | None:
    """Return from when to when a race is unfinished though an hour past its start, None where it never is."""
    polls = [row for row in ledger if row["raceId"] == race["$id"]]
    since = datetime.fromisoformat(race["startTime"]) + _HOUR
    ends = [datetime.fromisoformat(row["$createdAt"]) for row in polls if row["status"] in OVER]
    # Nobody polls a race that was given up, and it stays unfinished.
    until = min(ends, default=since if race["status"] in OVER else _NEVER)
    return (since, until) if since < until else None


def _is_true(
    kind: str, text: str, at: datetime, told: Sequence[tuple[datetime, Told]],
    stuck: Mapping[str, tuple[datetime, datetime] | None], quarantined: Sequence[Row], *, sound: bool,
) -> bool:  # fmt: skip
    """Tell whether there is what an alarm tells of; what only a broken day has to tell is believed on one."""
    if kind == "gaps":
        found = _COUNTED.fullmatch(text)
        if found is None:
            return False
        known = [gap for made, gap in told if made <= at + _TICK]
        causes = Counter({word: int(count) for count, word in re.findall(r"(\d+) (\w+)", found[2])})
        within = Counter(cause for _, _, cause in known)
        return int(found[1]) == causes.total() and (causes <= within or not sound) and bool(known)
    if kind == "races":
        spans = [span for span in stuck.values() if span is not None]
        slack = _TICK if sound else _UNDER_FAULTS
        return "without entrants" in text or any(since - slack <= at and at - slack <= until for since, until in spans)
    if kind == "quarantine":
        return bool(quarantined)
    return not sound


def _judge_pace(alarms: Sequence[Alarmed], findings: Findings, *, sound: bool) -> None:
    last: dict[str, datetime] = {}
    for alarmed in alarms if sound else ():
        for kind, _ in alarmed.kinds:
            if kind in last and alarmed.at - last[kind] < _QUIET - _TICK:
                findings.add(SUITE_STATE, "doubled", key=f"alarm {kind}", found=f"{alarmed.at:%H:%M:%S}")
            last[kind] = alarmed.at


def _judge_row(
    row: Row, told: Sequence[tuple[datetime, Told]], stuck: Mapping[str, tuple[datetime, datetime] | None],
    span: Within, findings: Findings,
) -> None:  # fmt: skip
    data, at = json.loads(row["data"]), datetime.fromisoformat(row["at"])
    for name, value in _NOTHING.items():
        if data[name] != value:
            findings.add(SUITE_STATE, "wrong", key=f"health {name}", found=data[name])
    gaps = {(gap["race"], gap["slot"], gap["cause"]) for gap in data["gaps"]}
    recent = [(made, gap) for made, gap in told if datetime.fromisoformat(gap[1]) >= at - _HOUR]
    sure = [g for made, g in recent if made + _LOOKS < at and datetime.fromisoformat(g[1]) > at - _HOUR + _TICK]
    if not gaps <= {gap for made, gap in recent if made <= at + _TICK} or not set(sure[-50:]) <= gaps:
        findings.add(SUITE_STATE, "wrong", key=f"health gaps, {len(sure)} of the last hour", found=len(gaps))
    if data["causes"] != dict(Counter(cause for _, _, cause in gaps)):
        findings.add(SUITE_STATE, "wrong", key="health causes", found=data["causes"])
    races = {each["race"] for each in data["races"] if "unfinished" in each["why"]}
    spans = {race_id: each for race_id, each in stuck.items() if each is not None}
    may = {race_id for race_id, (since, until) in spans.items() if since <= at + _TICK and at - _TICK <= until}
    must = {
        race_id
        for race_id, (since, until) in spans.items()
        if since + _TICK <= at < min(until, since + _WATCHED) - _TICK
    }
    if not must <= races <= may:
        findings.add(SUITE_STATE, "wrong", key=f"health races {sorted(must)}", found=sorted(races))
    if any(lag["looks"] > 1 for lag in data["lagging"].values()):
        findings.add(SUITE_STATE, "wrong", key="health lagging", found=data["lagging"])
    status = "warning" if data["gaps"] or data["races"] else "ok"
    if row["status"] != status or not span.holds(data["tick"]):
        findings.add(SUITE_STATE, "wrong", key=f"health status {status}", found=row["status"])
