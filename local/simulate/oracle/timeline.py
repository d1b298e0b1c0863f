"""The timeline as it must be: which columns and refreshes a race's polls make, and every figure of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

from local.simulate.oracle.cards import ODDS_COLUMNS
from local.simulate.oracle.differences import Findings, Near
from local.simulate.oracle.facts import ENDS, Ledger, OracleLine, Poll
from local.simulate.oracle.money import Amount
from local.simulate.oracle.reading import ODDS, stamp
from raceday.store.port import Row
from raceday.tables import MONEY_FLOW

LABEL, LIVE = "bucketed_aggregation", "live"
FIRST = 60
STALE = timedelta(seconds=60)
Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DueEntry:
    """Rows that are due: of a column, with the one before it, or of a refresh; `interval` is None before T-60."""

    poll: Poll
    interval: int | None
    is_label: bool = False
    base: Poll | None = None


def label_at(secs: int) -> int | None:
    """Return the column of an instant so many seconds before the start: the last one at or after it."""
    if secs > FIRST * 60:
        return None
    return secs // 60 if secs < 300 else secs // 300 * 5


def secs_left(poll: Poll) -> int:
    """Return the seconds from a poll's slot to the start that it saw."""
    return int((poll.start - poll.slot).total_seconds())


def with_figures(polls: Sequence[Poll]) -> list[Poll]:
    """Let a poll that listed no pools stand on the totals and amounts known before it."""
    found: list[Poll] = []
    known: Poll | None = None
    for poll in polls:
        if poll.pools is None and known is not None:
            lines = tuple(_carried(line, known.line(line.id)) for line in poll.lines) or known.lines
            poll = replace(poll, pools=known.pools, lines=lines)
        elif known is not None:
            poll = replace(poll, lines=tuple(_last_known(poll, line, known.line(line.id)) for line in poll.lines))
        known = poll if poll.pools is not None else known
        found.append(poll)
    return found


def _last_known(poll: Poll, line: OracleLine, before: OracleLine | None) -> OracleLine:
    """Let a runner of whom a poll cannot tell keep what it had, in a pool that there is."""
    if before is None:
        return line
    win = before.win if line.win.cents is None and poll.cents("win") else line.win
    place = before.place if line.place.cents is None and poll.cents("place") else line.place
    return replace(line, win=replace(line.win, cents=win.cents), place=replace(line.place, cents=place.cents))


def _carried(line: OracleLine, before: OracleLine | None) -> OracleLine:
    return line if before is None else replace(line, win=before.win, place=before.place)


def entries(polls: Sequence[Poll]) -> list[DueEntry]:
    """Return everything that one race's timeline must hold, in order."""
    made = with_figures(polls)
    found: list[DueEntry] = []
    written: set[int] = set()
    base: Poll | None = None
    shut_at: int | None = None
    shut = False
    for i, poll in enumerate(made):
        left = secs_left(poll)
        label, ends = label_at(left), poll.status in ENDS
        if label is None:
            if ends:
                break
            found.append(DueEntry(poll, None))
            continue
        if poll.status != "Open" and not shut:
            shut, shut_at = True, label
        minute = left // 60
        if 300 < left < 3600 and left % 300 == 150 and not ends and minute not in written:
            written.add(minute)
            found.append(DueEntry(poll, minute))
        if (ends or left == label * 60 or _passed(label, made, i)) and label not in written:
            moved = _totals(poll) != _totals(base)
            if not shut or label == shut_at or moved:
                found.append(DueEntry(poll, label, is_label=True, base=base))
                written.add(label)
                base = poll
        if ends:
            break
    return found


def _totals(poll: Poll | None) -> tuple[Mapping[str, int], Mapping[str, int]] | None:
    return (poll.pools.single, poll.pools.multi) if poll and poll.pools else None


def _passed(label: int, polls: Sequence[Poll], i: int) -> bool:
    """Tell whether the race went on past a column with the next poll; a start put back takes the column away."""
    if i + 1 == len(polls):
        return False
    after = label_at(secs_left(polls[i + 1]))
    return after is not None and after < label


def timelines_of(ledgers: Mapping[str, Ledger]) -> dict[str, list[DueEntry]]:
    """Return every race's entries."""
    return {race_id: entries(ledger.polls) for race_id, ledger in ledgers.items()}


def judge_timeline(rows: Sequence[Row], timelines: Mapping[str, Sequence[DueEntry]], findings: Findings) -> None:
    """Compare the timeline, rows of columns and refreshes alike, with what the polls make due."""
    wanted: dict[tuple[Any, ...], Columns] = {}
    for race_id, found in timelines.items():
        for entry in found:
            wanted |= rows_of(race_id, entry)
    findings.match(MONEY_FLOW, rows, wanted, _key)
    for row in rows:
        if row["bucketDocumentId"] != row["$id"]:
            findings.compare(MONEY_FLOW, row, {"bucketDocumentId": row["$id"]}, race=row["raceId"], key=row["$id"])
        if row["$updatedAt"] != row["$createdAt"]:
            findings.add(MONEY_FLOW, "changed", race=row["raceId"], key=row["$id"])


def _key(row: Row) -> tuple[Any, ...]:
    interval = row["timeInterval"]
    when = row["eventTimestamp"] if interval is None else None
    return row["raceId"], row["entrantId"], interval, row["intervalType"], when


def rows_of(race_id: str, entry: DueEntry) -> dict[tuple[Any, ...], Columns]:
    """Return an entry's rows by key, one for each runner."""
    when = stamp(entry.poll.slot) if entry.interval is None else None
    kind = ("5m" if (entry.interval or 0) >= 5 else "1m") if entry.is_label else "live"
    shared = _shared(race_id, entry, kind)
    return {(race_id, line.id, entry.interval, kind, when): shared | _own(entry, line) for line in lines_of(entry)}


def lines_of(entry: DueEntry) -> list[OracleLine]:
    """Return an entry's runners; one that left the race with money keeps a last line without any."""
    lines = list(entry.poll.lines)
    here = {line.id for line in lines}
    for line in entry.base.lines if entry.base else ():
        if line.id not in here and (line.win_cents or line.place_cents):
            none = dict.fromkeys(ODDS)
            lines.append(
                OracleLine(line.id, line.number, line.name, True, none, None, None, *(Amount(None, "none"),) * 2)
            )
    return lines


def growth_of(entry: DueEntry, line: OracleLine) -> tuple[int, int]:
    """Return a runner's Win and Place growth since the column before; the first one's is 0 anywhere but at T-60."""
    win, place = line.win_cents, line.place_cents
    if entry.is_label and entry.base is not None:
        before = entry.base.line(line.id)
        grown = win - (before.win_cents if before else 0), place - (before.place_cents if before else 0)
        # What a pool gives back that was called off, or takes in again, is no flow.
        off = [any(poll.is_dead(product) for poll in (entry.poll, entry.base)) for product in ("win", "place")]
        return 0 if off[0] else grown[0], 0 if off[1] else grown[1]
    return (win, place) if entry.is_label and entry.interval == FIRST else (0, 0)


def _own(entry: DueEntry, line: OracleLine) -> Columns:
    """Return the columns that are one runner's."""
    poll, win, place = entry.poll, line.win_cents, line.place_cents
    growth = growth_of(entry, line)
    of_win, of_place = _percent(win, poll.cents("win")), _percent(place, poll.cents("place"))
    tracked = line.hold if line.hold is not None and not line.scratched else Fraction(0)
    return {
        "entrantId": line.id,
        "holdPercentage": of_win if of_win is not None else tracked,
        "betPercentage": line.bet,
        "winPoolPercentage": of_win,
        "placePoolPercentage": of_place,
        "winPoolAmount": win,
        "placePoolAmount": place,
        "incrementalAmount": growth[0],
        "incrementalWinAmount": growth[0],
        "incrementalPlaceAmount": growth[1],
        "shareSource": line.win.source,
        **{ODDS_COLUMNS[kind]: line.odds[kind] for kind in ODDS},
    }


def _shared(race_id: str, entry: DueEntry, kind: str) -> Columns:
    """Return the columns that all of an entry's rows have alike."""
    poll = entry.poll
    return {
        "raceId": race_id,
        "type": LIVE if entry.interval is None else LABEL,
        "eventTimestamp": stamp(poll.slot),
        "pollingTimestamp": poll.fetched,
        "timeToStart": entry.interval,
        "timeInterval": entry.interval,
        "totalPoolAmount": sum(poll.pools.single.values()) if poll.pools else 0,
        "dataQualityScore": poll.score,
        "n": poll.n,
        "poolType": "combined",
        "intervalType": kind,
        "isBaseline": entry.is_label and entry.base is None,
        "mathematicallyConsistent": _adds_up(poll),
        "isStale": poll.slot - poll.generated > STALE,
    }


def _percent(part: int, whole: int) -> Near | None:
    return Near(part * 100 / whole) if whole > 0 else None


def _adds_up(poll: Poll) -> bool:
    win, place = sum(line.win_cents for line in poll.lines), sum(line.place_cents for line in poll.lines)
    win, place = win + poll.aside("win").cents, place + poll.aside("place").cents
    return win == poll.cents("win") and place == poll.cents("place")
