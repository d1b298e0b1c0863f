"""The suite's own notes, the quarantine, and the tables that no function of a day may touch."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from local.simulate.oracle.alerts import last_minute
from local.simulate.oracle.differences import Findings, Json, Within
from local.simulate.oracle.facts import Ledger
from local.simulate.oracle.lists import ListMeeting
from local.simulate.oracle.reading import Unreadable, opened, read_event, stamp
from local.simulate.oracle.timeline import DueEntry
from local.simulate.served import Record, UserWrite
from raceday.store.port import Row
from raceday.tables import ALERT_CONFIGS, ALERT_FILTERS, QUARANTINE, SILKS, SUITE_STATE

# Of these the value alone is kept.
_MEMBERS = ("dividends[", "tote_pools[", "header.generated_time")
# Minutes of the eve at which each daily schedule is due, in UTC.
DUE = {"daily-meetings": (17, 0), "daily-races": (17, 10), "daily-entrants": (17, 20), "prune": (17, 40)}
Columns = dict[str, Any]
# A container's clock may be off by so much.
_CLOCKS = timedelta(minutes=7)


def judge_state(
    rows: Sequence[Row], day: date, lists: Sequence[ListMeeting], ledgers: Mapping[str, Ledger],
    timelines: Mapping[str, Sequence[DueEntry]], span: Within, findings: Findings, *, sound: bool,
) -> None:  # fmt: skip
    """Compare what imports, schedules and the evaluator note of themselves; counts only where nothing broke."""
    wanted: dict[tuple[str, str], Columns] = {}
    for name in DUE:
        wanted["run", name] = {"kind": "run", "name": name, "status": "finished", "at": stamp(_due(name, day))}
        if name != "prune":
            wanted["import", name] = {"kind": "import", "name": name, "status": "done", "at": span}
    if sound:
        for name, told in _counts(day, lists).items():
            wanted["import", name]["data"] = Json(told)
        wanted["health", "suite"] = {"kind": "health", "name": "suite", "at": span}
    wanted["tick", "master-race-scheduler"] = _tick("master-race-scheduler", span)
    # On a day on which nothing breaks nobody stands in, but for a first container that is slow to come up.
    may_stand_in = Within(span.begin, _due("daily-meetings", day)) if sound else span
    if any(row["kind"] == "tick" and row["name"] == "watchdog" for row in rows if may_stand_in.holds(row["at"])):
        wanted["tick", "watchdog"] = _tick("watchdog", may_stand_in)
    for race_id, ledger in ledgers.items():
        if (cursor := _cursor(ledger, timelines[race_id])) is not None:
            kind = "alert-cursor"
            wanted[kind, race_id] = {"kind": kind, "name": race_id, "status": None, "at": span, "data": Json(cursor)}
    kinds = ("import", "run", "tick", "alert-cursor", *(("health",) if sound else ()))
    judged = [row for row in rows if row["kind"] in kinds]
    findings.match(SUITE_STATE, judged, wanted, lambda row: (row["kind"], row["name"]))


def _due(name: str, day: date) -> datetime:
    hour, minute = DUE[name]
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC) - timedelta(days=1)


def _tick(keeper: str, at: Within) -> Columns:
    return {"kind": "tick", "name": keeper, "status": "done", "at": at}


def _counts(day: date, lists: Sequence[ListMeeting]) -> dict[str, Columns]:
    """Return what each import's last run has to say of itself: refreshes, details, entrants."""
    newest = max((page.at for page in lists), default=None)
    described = _due("daily-races", day)
    last_minutes = [page for page in lists if newest and newest - page.at < timedelta(minutes=1)]
    at_first = {race for page in lists if page.at < described for race in page.races}
    done = {"date": day.isoformat(), "left": 0, "failures": 0}
    return {
        "daily-meetings": {**done, "meetings": len({page.meeting["meetingId"] for page in last_minutes})},
        "daily-races": {**done, "races": len(at_first)},
        "daily-entrants": done,
    }


def _cursor(ledger: Ledger, timeline: Sequence[DueEntry]) -> Columns | None:
    labels = [entry for entry in timeline if entry.is_label]
    reminded = last_minute(ledger) is not None
    if not labels and not reminded:
        return None
    newest = labels[-1] if labels else None
    return {
        "intervals": [entry.interval for entry in labels],
        "before_n": newest.base.n if newest and newest.base else 0,
        "last_n": newest.poll.n if newest else 0,
        "reminded": reminded,
    }


def judge_quarantine(rows: Sequence[Row], record: Record, findings: Findings) -> None:
    """Compare the quarantine with the events that nobody can read: no row without one, or of too many."""
    met: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for race_id, answers in record.events.items():
        for answer in answers:
            try:
                opened(answer.body, race_id)
                for name in read_event(answer.body, race_id).left:
                    met[race_id, name].append(answer.at)
            except Unreadable as error:
                if str(error).startswith("race."):
                    met[race_id, str(error)].append(answer.at)
    wanted: dict[tuple[str, str], Columns] = {}
    for row in rows:
        key = (row["subject"], row["field"])
        if times := met.get(key):
            newest = Within(times[0] - _CLOCKS, times[-1] + _CLOCKS)
            wanted[key] = {"subject": key[0], "field": key[1], "seenAt": newest}
            # Who met it may have been stopped before it was kept; a member is kept once by each container.
            is_member = key[1].startswith(_MEMBERS)
            counted = (1 if is_member else max(1, len(times) // 2)) <= row["seen"] <= len(times)
            if not counted or row["raceId"] != key[0] or not (is_member or _is_kept(row["payload"], *key)):
                findings.add(QUARANTINE, "wrong", race=key[0], key=f"{key[1]} seen {row['seen']} of {len(times)}")
    findings.match(QUARANTINE, rows, wanted, lambda row: (row["subject"], row["field"]))


def _is_kept(payload: str | None, race_id: str, name: str) -> bool:
    """Tell whether a kept payload is the race's own event, or another's where that is what is wrong with it.

    Of a start that a poll could do without its value alone is kept.
    """
    if payload is None:
        return name == "race.advertised_start"
    try:
        return bool((json.loads(payload or "")["data"]["race"]["event_id"] == race_id) != (name == "race.event_id"))
    except (ValueError, KeyError, TypeError):
        return False


def judge_untouched(
    before: Mapping[str, Iterable[Row]],
    after: Mapping[str, Iterable[Row]],
    findings: Findings,
    writes: Iterable[UserWrite] = (),
) -> None:
    """Compare the tables that belong to users, or to a function that no day runs: users alone change them."""
    for table in (ALERT_CONFIGS, ALERT_FILTERS, SILKS):
        wanted = {row["$id"]: {k: v for k, v in row.items() if k[0] != "$"} for row in before[table]}
        for write in writes:
            if write.table == table:
                wanted[write.row_id] = {**wanted.get(write.row_id, {}), **write.row}
        findings.match(table, after[table], wanted, lambda row: row["$id"], race_of=lambda key: "")
