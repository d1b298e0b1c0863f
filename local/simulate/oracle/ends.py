"""How a race's ledger must end, and what polls must have told of it.

It ends with a closing row where the race was given up or called off, and with none without a reason. What such a row
repeats of the row before it is judged with the polls.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from local.simulate.oracle.differences import Findings
from local.simulate.oracle.lists import ListMeeting
from local.simulate.oracle.reading import stamp
from local.simulate.oracle.slots import GIVEN_UP, OVER, rechecks_after
from raceday.store.port import Row
from raceday.tables import RACE_POLLS

# The tick after it writes the row; where ticks and imports fail, a later one does.
AT_ONCE, UNDER_FAULTS = timedelta(minutes=3), timedelta(minutes=45)
# A re-check may be polled for so long.
LIFE = timedelta(seconds=60)
# A tick's clock may be off by so much where clocks are.
CLOCKS = timedelta(minutes=6)
# Each of three instants is rounded to a thousandth.
MS_APART = 3


def judge_ends(
    ledger: Sequence[Row], races: Mapping[str, Row], pages: Sequence[ListMeeting], end: datetime, findings: Findings,
    *, sound: bool,
) -> None:  # fmt: skip
    """Compare the closing rows with the races that were given up or called off by `end`."""
    by_race: dict[str, list[Row]] = defaultdict(list)
    for row in ledger:
        by_race[row["raceId"]].append(row)
    called_off = _called_off(pages)
    for race_id, race in races.items():
        rows = sorted(by_race[race_id], key=lambda row: int(row["n"]))
        given_up = datetime.fromisoformat(race["startTime"]) + GIVEN_UP
        off = called_off.get(race_id)
        for i, row in enumerate(rows):
            if row["kind"] == "closing":
                _closing(row, rows[i - 1] if i else None, off, given_up, findings, sound=sound)
        if rows and (rows[-1]["status"] in OVER or rows[-1]["kind"] == "closing"):
            if sound and rows[-1].get("finishedAt"):
                _rechecked(rows, end, findings)
            continue
        due = min(at for at in (off if rows else None, given_up) if at is not None)
        never = not rows and off is not None
        if not never and due + (AT_ONCE if sound else UNDER_FAULTS) <= end:
            findings.add(RACE_POLLS, "missing", race=race_id, key=f"closing row after {due:%H:%M:%S}")


def _rechecked(rows: Sequence[Row], end: datetime, findings: Findings) -> None:
    """Judge the ledger of a race that is over: each re-check has its row or is told as a gap, once all are past."""
    told = {row["slot"] for row in rows} | {gap["slot"] for row in rows for gap in json.loads(row.get("gaps") or "[]")}
    slots = sorted(rechecks_after(datetime.fromisoformat(rows[-1]["finishedAt"])))
    untold = [at for at in slots if stamp(at) not in told]
    if untold and slots[-1] + LIFE + AT_ONCE <= end:
        key = f"closing row of no re-check at {', '.join(f'{at:%H:%M:%S}' for at in untold)}"
        findings.add(RACE_POLLS, "missing", race=rows[-1]["raceId"], key=key)


def _called_off(pages: Sequence[ListMeeting]) -> dict[str, datetime]:
    """Return when a list first called off each race."""
    found: dict[str, datetime] = {}
    for page in pages:
        for race_id, columns in page.races.items():
            if columns["status"] == "Abandoned":
                found.setdefault(race_id, page.at)
    return found


def _closing(
    row: Row, before: Row | None, off: datetime | None, given_up: datetime, findings: Findings, *, sound: bool
) -> None:
    """Judge one closing row: that it has a reason, and the status and the last gap that go with it."""
    race_id, key = row["raceId"], f"n {row['n']} closing"
    at = datetime.fromisoformat(row["fetchedAt"]) + (timedelta(0) if sound else CLOCKS)
    gaps = json.loads(row.get("gaps") or "[]")
    if before is not None and before["status"] in OVER:
        # The re-checks that nobody made.
        if not gaps or row["status"] != before["status"]:
            findings.add(RACE_POLLS, "wrong", race=race_id, key=f"{key} of no re-check", found=row["status"])
    elif before is not None and off is not None and off <= at:
        if row["status"] != "Abandoned":
            findings.add(RACE_POLLS, "wrong", race=race_id, key=f"{key}: status Abandoned", found=row["status"])
    elif given_up <= at:
        told = {"slot": stamp(given_up), "cause": "given_up"}
        if not gaps or {name: gaps[-1].get(name) for name in told} != told:
            findings.add(RACE_POLLS, "wrong", race=race_id, key=f"{key}: last gap {told}", found=gaps[-1:])
        if before is not None and row["status"] != before["status"]:
            findings.add(RACE_POLLS, "wrong", race=race_id, key=f"{key}: status as before", found=row["status"])
    else:
        findings.add(RACE_POLLS, "unexpected", race=race_id, key=key)


def judge_outcomes(told: Sequence[Mapping[str, Any]], ledger: Sequence[Row], findings: Findings) -> None:
    """Compare what polls told of their slots with the ledger: done is what has its row, late what has a later one."""
    numbers = {(row["raceId"], row["slot"]): int(row["n"]) for row in ledger}
    last: dict[str, str] = {}
    for row in ledger:
        last[row["raceId"]] = max(row["slot"], last.get(row["raceId"], ""))
    for each in (each for each in told if each["kind"] in ("slot", "recheck")):
        race_id, slot, result = each["raceId"], each["slot"], each["result"]
        there = numbers.get((race_id, slot))
        wrong = result in ("committed", "done") and (there is None or there != each["n"])
        if wrong or (result == "late" and not slot < last.get(race_id, "")):
            findings.add(RACE_POLLS, "wrong", race=race_id, key=f"{slot[11:19]}: told as {result}", found=there)


def judge_causes(told: Sequence[Mapping[str, Any]], ledger: Sequence[Row], findings: Findings) -> None:
    """Compare the causes of gaps with what polls told of those slots before, in the container that made the row."""
    rows = {(row["raceId"], int(row["n"])): row for row in ledger if row["kind"] != "closing"}
    failed: dict[tuple[int, str, str], str] = {}
    # A look at results that nobody polls for any more writes no row of the ledger.
    for each in (each for each in told if each["kind"] != "watch"):
        race_id, by = each["raceId"], each["by"]
        if each["result"] in ("failed", "expired") and each["kind"] != "request":
            failed[by, race_id, each["slot"]] = each.get("cause", "")
        row = rows.get((race_id, each["n"])) if each["result"] == "committed" else None
        for gap in json.loads(row.get("gaps") or "[]") if row else ():
            cause = failed.get((by, race_id, gap["slot"]), gap["cause"])
            if gap["cause"] != cause:
                key = f"n {each['n']}: gap of {gap['slot'][11:19]} for {cause}"
                findings.add(RACE_POLLS, "wrong", race=race_id, key=key, found=gap["cause"])


def judge_lateness(ledger: Sequence[Row], findings: Findings) -> None:
    """Compare how late each poll says it was with its slot, its answer's time and the wait for it, by one clock."""
    for row in ledger:
        if row["kind"] not in ("slot", "recheck"):
            continue
        answered = datetime.fromisoformat(row["fetchedAt"]) - datetime.fromisoformat(row["slot"])
        late_ms = max(0.0, answered / timedelta(milliseconds=1) - int(row["feedMs"]))
        if abs(late_ms - int(row["lateMs"])) > MS_APART:
            key = f"n {row['n']}: lateMs {late_ms:.0f}"
            findings.add(RACE_POLLS, "wrong", race=row["raceId"], key=key, found=row["lateMs"])
