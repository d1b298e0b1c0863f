"""Odds history and results: every price that changed, and the placings and dividends as last served."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from local.simulate.oracle.cards import first_sight
from local.simulate.oracle.differences import Findings, Json, Within
from local.simulate.oracle.facts import Ledger, Poll
from local.simulate.oracle.late import in_order, is_overdue, late_versions, next_look, shown_dividends, standing
from local.simulate.oracle.reading import ODDS, stamp
from local.simulate.oracle.words import what_changed
from local.simulate.served import Record
from raceday.store.port import Row
from raceday.tables import ODDS_HISTORY, RACE_RESULT_VERSIONS, RACE_RESULTS

Columns = dict[str, Any]
_KEPT = ("resultStatus", "protestLodged", "protestReason", "resultsData", "dividendsData")


def judge_odds(
    rows: Sequence[Row], races: Mapping[str, Row], ledgers: Mapping[str, Ledger], record: Record, day: Within,
    findings: Findings,
) -> None:  # fmt: skip
    """Compare the odds history with each first price and each price that differs from the one known before."""
    wanted: dict[tuple[str, str, str, int], Columns] = {}
    for race_id, race in races.items():
        known: dict[tuple[str, str], Any] = {}
        for runner in first_sight(record, race, ledgers.get(race_id)):
            for kind in ODDS:
                known[runner.id, kind] = runner.odds[kind]
                if runner.odds[kind] is not None:
                    wanted[race_id, runner.id, kind, 0] = _sighting(race_id, runner.id, kind, 0, runner.odds[kind], day)
        for poll in ledgers[race_id].telling if race_id in ledgers else ():
            for line in poll.lines:
                for kind in ODDS:
                    odds = line.odds[kind]
                    if odds is not None and odds != known.get((line.id, kind)):
                        at = stamp(poll.generated)
                        wanted[race_id, line.id, kind, poll.n] = _sighting(race_id, line.id, kind, poll.n, odds, at)
                    known[line.id, kind] = odds
    findings.match(ODDS_HISTORY, rows, wanted, lambda r: (r["raceId"], r["entrantId"], r["type"], r["n"]))


def _sighting(race_id: str, entrant: str, kind: str, n: int, odds: Any, at: Any) -> Columns:
    return {"raceId": race_id, "entrantId": entrant, "type": kind, "n": n, "odds": odds, "eventTimestamp": at}


def judge_results(
    rows: Sequence[Row], ledgers: Mapping[str, Ledger], end: datetime, findings: Findings, *, sound: bool
) -> None:
    """Compare the results with the last poll that showed any; `resultTime` is when they last changed.

    Where nothing broke, when they are looked at next follows from the last look, and none is overdue at the `end`.
    """
    wanted: dict[str, Columns] = {}
    for race_id, ledger in ledgers.items():
        versions = versions_of(ledger)
        if (found := results_of(ledger)) is None:
            continue
        if sound:
            found["nextLookAt"] = next_look(versions[-1], found["finalAt"], ledger.looks)
        wanted[race_id] = found
    findings.match(RACE_RESULTS, rows, wanted, lambda row: row["$id"], race_of=str)
    for row in rows:
        if sound and is_overdue(row["nextLookAt"], end):
            findings.add(RACE_RESULTS, "missing", race=row["raceId"], key=f"a look at {row['nextLookAt'][11:19]}")


def judge_handed_looks(
    handed: Sequence[tuple[datetime, Sequence[str]]], ledgers: Mapping[str, Ledger], findings: Findings
) -> None:
    """Compare the looks that were handed out, where nothing broke, with those that were due by then.

    When a race is looked at again whose results a look amended follows from that look, and is judged with its row.
    """
    amended = {race_id for race_id, ledger in ledgers.items() if any("seenBy" in v for v in versions_of(ledger))}
    for at, races in handed:
        due = [_due(ledgers.get(race_id), at) for race_id in races if race_id not in amended]
        if not in_order([each if each and each <= stamp(at) else None for each in due]):
            findings.add(RACE_RESULTS, "unexpected", key=f"looks handed out at {at:%H:%M:%S}", found=due)


def _due(ledger: Ledger | None, at: datetime) -> str | None:
    """Return when a race's results were to be looked at next as of an instant."""
    versions = versions_of(ledger) if ledger else []
    if ledger is None or not versions:
        return None
    final = next((v["resultTime"] for v in versions if v["resultStatus"] == "final"), None)
    found: str | None = next_look(versions[-1], final, [look for look in ledger.looks if look.at < at])
    return found


def versions_of(ledger: Ledger) -> list[Columns]:
    """Return each version of one race's results in order."""
    versions: list[Columns] = []
    for poll in ledger.telling:
        shows = bool(poll.reading.placings or poll.reading.dividends or len(poll.reading.unread) == 2)
        # Results do not vanish while the status stays: an answer without them lost them on the way.
        if not shows and (not versions or poll.status == poll.before):
            continue
        if not (versions or poll.reading.placings or poll.reading.dividends):
            continue
        now = {"raceId": ledger.race_id, "race": ledger.race_id, **_columns(poll), **_unsaid(poll, versions)}
        if not versions or {**versions[-1], "resultTime": None} != {**now, "resultTime": None}:
            versions.append(now)
    return [*versions, *late_versions(ledger, versions)]


def _unsaid(poll: Poll, versions: Sequence[Columns]) -> Columns:
    """Return what stays of the version before, where a poll has no placings or dividends to read."""
    columns: list[str] = []
    if "results" in poll.reading.unread:
        columns += ["resultsData", "resultsAvailable"]
    # What a Final paid is void when it is taken back.
    if "dividends" in poll.reading.unread and not (poll.before == "Final" != poll.status):
        columns.append("dividendsData")
    still_final = poll.before == poll.status == "Final"
    if still_final and not poll.reading.placings:
        columns += ["resultsData", "resultsAvailable"]
    found = {column: versions[-1][column] for column in columns} if versions else {}
    told = "dividends" not in poll.reading.unread
    taken_back = poll.before == "Final" != poll.status
    if versions and told and (still_final or (poll.reading.odd_dividends and not taken_back)):
        found["dividendsData"] = Json(standing(poll.reading, versions[-1], final=still_final))
    return found


def results_of(ledger: Ledger) -> Columns | None:
    """Return one race's newest results, None where it has had none."""
    versions = versions_of(ledger)
    if not versions:
        return None
    final = next((v["resultTime"] for v in versions if v["resultStatus"] == "final"), None)
    newest = {k: v for k, v in versions[-1].items() if k != "seenBy"}
    return {**newest, "versions": len(versions), "finalAt": final}


def judge_versions(rows: Sequence[Row], ledgers: Mapping[str, Ledger], findings: Findings) -> None:
    """Compare the kept versions of results with every one that differed from the one before it."""
    wanted: dict[tuple[str, int], Columns] = {}
    for race_id, ledger in ledgers.items():
        versions = versions_of(ledger)
        for n, version in enumerate(versions, 1):
            same = {column: version[column] for column in _KEPT}
            seen = {"raceId": race_id, "version": n, "seenAt": version["resultTime"]}
            seen["seenBy"] = version.get("seenBy", "poll")
            before = versions[n - 2] if n > 1 else None
            seen["changed"] = Json(what_changed(before, version) if before else [])
            wanted[race_id, n] = {**seen, **same}
    findings.match(RACE_RESULT_VERSIONS, rows, wanted, lambda row: (row["raceId"], row["version"]))


def _columns(poll: Poll) -> Columns:
    reading = poll.reading
    return {
        "resultsAvailable": bool(reading.placings),
        "photoFinish": False,
        "stewardsInquiry": False,
        "protestLodged": reading.protest,
        "protestReason": reading.columns["protestReason"],
        "resultStatus": "final" if reading.status == "Final" else "interim",
        "resultTime": poll.fetched,
        "resultsData": Json(list(reading.placings)),
        "dividendsData": Json(shown_dividends(reading)),
        # Of two runners of one number the one that runs is meant.
        "fixedOddsData": Json(
            {str(r.number): _fixed(r) for r in sorted(reading.runners, key=lambda r: (r.number, not r.scratched))}
        ),
    }


def _fixed(runner: Any) -> dict[str, Any]:
    odds = {"fixed_win": runner.odds["fixed_win"], "fixed_place": runner.odds["fixed_place"]}
    return {**odds, "runner_name": runner.name, "entrant_id": runner.id}
