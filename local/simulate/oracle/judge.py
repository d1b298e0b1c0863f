"""Every table of a finished day against what it must hold."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from local.simulate.oracle.alerts import judge_alerts, minds_of, users_of
from local.simulate.oracle.cards import judge_entrants, judge_meetings, judge_races
from local.simulate.oracle.closing import judge_closing
from local.simulate.oracle.differences import Findings, Within
from local.simulate.oracle.ends import judge_causes, judge_ends, judge_lateness, judge_outcomes
from local.simulate.oracle.facts import Ledger
from local.simulate.oracle.lists import ListMeeting, listed
from local.simulate.oracle.polls import ledger_of
from local.simulate.oracle.sightings import judge_handed_looks, judge_odds, judge_results, judge_versions
from local.simulate.oracle.state import judge_quarantine, judge_state, judge_untouched
from local.simulate.oracle.timeline import judge_timeline, timelines_of
from local.simulate.oracle.told import judge_beats, judge_health
from local.simulate.oracle.totals import judge_totals
from local.simulate.served import Record
from local.simulate.tables import Tables
from raceday.store.port import Row
from raceday.tables import (
    ALERT_CONFIGS,
    ALERT_FILTERS,
    CLOSING_PRICES,
    ENTRANTS,
    MEETINGS,
    MONEY_FLOW,
    NOTIFICATIONS,
    ODDS_HISTORY,
    QUARANTINE,
    RACE_POLLS,
    RACE_POOLS,
    RACE_RESULT_VERSIONS,
    RACE_RESULTS,
    RACES,
    SUITE_STATE,
)

# A container's clock may be off by so much before it is put right.
_CLOCKS = timedelta(minutes=6)


@dataclass(frozen=True, slots=True)
class Left:
    """What a day has left: its NZ date and span, the rows before and after it; `sound` where nothing was broken."""

    day: date
    begin: datetime
    end: datetime
    before: Tables
    after: Tables
    sound: bool = True


def judge_rows(left: Left, record: Record) -> Findings:
    """Compare every table with what the feed served and the slots that were committed."""
    findings, tables = Findings(), left.after
    pages = list(listed(record.lists))
    span = Within(left.begin - _CLOCKS, left.end + _CLOCKS)
    races = {row["$id"]: row for row in tables[RACES]}
    ledgers = _ledgers(tables[RACE_POLLS], record, pages, findings)
    if not left.sound:
        kept = Counter(row["raceId"] for row in tables[RACE_RESULT_VERSIONS] if row["seenBy"] == "watch")
        for race_id, ledger in ledgers.items():
            ledger.looks_kept = kept[race_id]
    judge_ends(tables[RACE_POLLS], races, pages, left.end, findings, sound=left.sound)
    judge_outcomes(record.outcomes, tables[RACE_POLLS], findings)
    judge_causes(record.outcomes, tables[RACE_POLLS], findings)
    if left.sound:
        judge_lateness(tables[RACE_POLLS], findings)
    sure = left.end if left.sound else max(record.imported, default=left.begin)
    judge_meetings(tables[MEETINGS], pages, span, findings, sure, sorted(record.imported))
    judge_races(tables[RACES], pages, ledgers, record, span, findings, sure)
    judge_entrants(tables[ENTRANTS], races, ledgers, record, span, findings)
    judge_odds(tables[ODDS_HISTORY], races, ledgers, record, span, findings)
    judge_results(tables[RACE_RESULTS], ledgers, left.end, findings, sound=left.sound)
    if left.sound:
        judge_handed_looks(record.looks_handed, ledgers, findings)
    judge_versions(tables[RACE_RESULT_VERSIONS], ledgers, findings)
    judge_closing(tables[CLOSING_PRICES], ledgers, findings)
    judge_totals(tables[RACE_POOLS], races, ledgers, findings, sound=left.sound)
    for race_id, was, now in record.fell_back:
        findings.add(RACE_POOLS, "went back", race=race_id, key=f"from n {was} to n {now}")
    for race_id in record.unlinked:
        findings.add(RACES, "unlinked", race=race_id, key="created without its meeting")
    timelines = timelines_of(ledgers)
    judge_timeline(tables[MONEY_FLOW], timelines, findings)
    begun, ended = (users_of(each[ALERT_CONFIGS], each[ALERT_FILTERS]) for each in (left.before, tables))
    minds = minds_of(begun, ended, record.user_writes, sound=left.sound)
    judge_alerts(tables[NOTIFICATIONS], minds, ledgers, timelines, findings)
    judge_state(tables[SUITE_STATE], left.day, pages, ledgers, timelines, span, findings, sound=left.sound)
    judge_beats(record.beats, record.ticks, findings, sound=left.sound)
    health = (record.alarms, record.ticks, left.begin - _CLOCKS, left.end + _CLOCKS)
    judge_health(tables, *health, findings, sound=left.sound)
    judge_quarantine(tables[QUARANTINE], record, findings)
    judge_untouched(left.before.rows, tables.rows, findings, record.user_writes)
    return findings


def _ledgers(
    rows: Sequence[Row], record: Record, pages: Sequence[ListMeeting], findings: Findings
) -> Mapping[str, Ledger]:
    by_race: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_race[row["raceId"]].append(row)
        if row["$updatedAt"] != row["$createdAt"]:
            findings.add(RACE_POLLS, "changed", race=row["raceId"], key=f"n {row['n']}")
    return {
        race_id: ledger_of(
            race_id, sorted(mine, key=lambda r: int(r["n"])), record, _stored(race_id, pages, mine), findings
        )
        for race_id, mine in sorted(by_race.items())
    }


def _stored(race_id: str, pages: Sequence[ListMeeting], rows: Sequence[Row]) -> tuple[str, datetime | None]:
    """Return a race's status and start before its first poll: its first list's, unless one called it off."""
    first = min(datetime.fromisoformat(row["fetchedAt"]) for row in rows)
    told = [page.races[race_id] for page in pages if race_id in page.races and page.at < first]
    words = [races["status"] for races in told]
    status = "Abandoned" if "Abandoned" in words else words[0] if words else "Open"
    return status, datetime.fromisoformat(told[0]["startTime"]) if told else None
