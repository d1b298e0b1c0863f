"""money-flow-tracker: writes a race's timeline from its ledger, each label once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from appwrite.query import Query

from raceday.call import Call
from raceday.clock import iso
from raceday.container import Container, Kept, forget_oldest
from raceday.errors import StoreConflict
from raceday.ids import row_key
from raceday.ledger import log as ledger
from raceday.ledger.flow import Flow, adds_up, flows, hold_percent, percent, pool_of
from raceday.ledger.timeline import Label, Live, Timeline
from raceday.projections.reading import owes
from raceday.racing.buckets import is_column, secs_to_start
from raceday.racing.records import LedgerRow, RunnerLine
from raceday.tables import MONEY_FLOW

LABEL_TYPE = "bucketed_aggregation"
LIVE_TYPE = "live"
# A feed time this far behind the slot means that the feed has stopped refreshing: it does so every 15 s.
STALE_SECS = 60
_MOST_KNOWN = 300


async def handle(container: Container, call: Call) -> dict[str, Any]:
    """Bring one race's timeline up to date."""
    race_id = call.params["raceId"]
    until_n = ledger.remember(container, call.row) if call.row else 0
    if call.row and not owes(call.table, call.row):
        return {"ok": True, "raceId": race_id, "rows": 0, "owed": False}
    rows = await catch_up(container, race_id, until_n)
    call.log.info("timeline.written", raceId=race_id, rows=rows)
    return {"ok": True, "raceId": race_id, "rows": rows}


@dataclass(frozen=True, slots=True)
class Progress:
    """What a race's timeline already has: intervals, the newest label's ledger row and the newest row of all."""

    intervals: frozenset[int]
    label_n: int
    newest_n: int

    def after(self, entries: "Sequence[Label | Live]") -> "Progress":
        """Return what it is once these entries have their rows."""
        times = [entry.label if isinstance(entry, Label) else entry.minute for entry in entries if entry.state.runners]
        labels = [entry.state.n for entry in entries if isinstance(entry, Label) and entry.state.runners]
        return Progress(
            self.intervals | {time for time in times if time is not None},
            max([self.label_n, *labels]),
            max([self.newest_n, *(entry.state.n for entry in entries if entry.state.runners)]),
        )


_PROGRESS: Kept[dict[str, Progress]] = Kept(dict)


async def is_behind(container: Container, race_id: str) -> bool:
    """Tell whether a race's ledger owes its timeline rows that are not there."""
    progress = await read_progress(container, race_id)
    rows = await ledger.since(container, race_id, progress.label_n or progress.newest_n or 1)
    return any(entry.state.runners for entry in due(rows, progress))


async def catch_up(container: Container, race_id: str, until_n: int = 0) -> int:
    """Write every row a race's timeline owes, oldest first; gives how many were written here.

    Woken by ledger row `until_n`, it goes on from what this process has written. Where another one has been quicker
    their rows meet, and a wake without a row reads everything anew.
    """
    known = container.cache.of(_PROGRESS)
    progress = known.pop(race_id, None) if until_n else None
    if progress is None:
        progress = await read_progress(container, race_id)
    rows = await ledger.since(container, race_id, progress.label_n or progress.newest_n or 1, until_n=until_n)
    entries = due(rows, progress)
    written = await _write(container, entries)
    known[race_id] = progress.after(entries)
    forget_oldest(known, _MOST_KNOWN)
    return written


async def _write(container: Container, entries: Sequence[Label | Live]) -> int:
    written = 0
    for entry in entries:
        made = entry_rows(entry)
        try:
            await container.store.create_many(MONEY_FLOW, made)
            written += len(made)
        except StoreConflict:
            # Another wake of the same race was quicker, and its rows are the same. A refusal for any other cause has
            # to end this wake: a later label written without this one would have it passed over for good.
            if made and await container.store.get(MONEY_FLOW, made[0]["$id"], select=("n",)) is None:
                raise
    return written


def due(ledger: Sequence[LedgerRow], progress: Progress) -> list[Label | Live]:
    """Return the entries that a ledger owes beyond what is there."""
    labels = {i for i in progress.intervals if is_column(i)}
    if labels and ledger and ledger[0].n == progress.label_n:
        walk, rest = Timeline.resume(ledger[0], progress.intervals), ledger[1:]
    else:
        walk, rest = Timeline(written=set(progress.intervals)), ledger
    return [e for e in walk.walk(rest) if isinstance(e, Label) or e.minute is not None or e.state.n > progress.newest_n]


async def read_progress(container: Container, race_id: str) -> Progress:
    """Read how far a race's timeline reaches, by the rows of one of its runners: a label has all runners or none."""
    first = await container.store.find(
        MONEY_FLOW, [Query.equal("raceId", [race_id]), Query.order_desc("n")], limit=1, select=("entrantId",)
    )
    if not first:
        return Progress(frozenset(), 0, 0)
    rows = await container.store.find(
        MONEY_FLOW,
        [Query.equal("raceId", [race_id]), Query.equal("entrantId", [first[0]["entrantId"]])],
        select=("timeInterval", "n"),
    )
    intervals = frozenset(int(row["timeInterval"]) for row in rows if row["timeInterval"] is not None)
    label_ns = [int(r["n"]) for r in rows if r["timeInterval"] is not None and is_column(int(r["timeInterval"]))]
    return Progress(intervals, max(label_ns, default=0), max((int(row["n"]) for row in rows), default=0))


def entry_rows(entry: Label | Live) -> list[dict[str, Any]]:
    """Return the rows of one entry, one for each runner, scratched ones too."""
    if isinstance(entry, Label):
        return [_label_row(entry, flow) for flow in flows(entry)]
    return [_live_row(entry, runner) for runner in entry.state.runners]


def _label_row(entry: Label, flow: Flow) -> dict[str, Any]:
    state, key = entry.state, row_key("bucket", entry.state.race_id, flow.runner.entrant_id, entry.label)
    return {
        **_common(state, flow.runner),
        "$id": key,
        "bucketDocumentId": key,
        "type": LABEL_TYPE,
        "timeInterval": entry.label,
        "timeToStart": entry.label,
        "intervalType": "5m" if entry.label >= 5 else "1m",
        "holdPercentage": flow.hold_percent,
        "winPoolAmount": flow.win_cents,
        "placePoolAmount": flow.place_cents,
        "incrementalAmount": flow.win_growth_cents,
        "incrementalWinAmount": flow.win_growth_cents,
        "incrementalPlaceAmount": flow.place_growth_cents,
        "winPoolPercentage": flow.win_percent,
        "placePoolPercentage": flow.place_percent,
        "isBaseline": flow.is_baseline,
    }


def _live_row(entry: Live, runner: RunnerLine) -> dict[str, Any]:
    state, minute = entry.state, entry.minute
    win, place = runner.win_cents or 0, runner.place_cents or 0
    win_percent = percent(win, pool_of(state, "win"))
    mark = int(state.slot.timestamp()) if minute is None else minute
    kind = "early" if minute is None else "minute"
    key = row_key("live", state.race_id, runner.entrant_id, kind, mark)
    return {
        **_common(state, runner),
        "$id": key,
        "bucketDocumentId": key,
        # Only a row of the labels' type reaches the client's odds columns, and before T-60 only another type
        # stays out of its timeline.
        "type": LIVE_TYPE if minute is None else LABEL_TYPE,
        "timeInterval": minute,
        "timeToStart": minute,
        "intervalType": "live",
        "holdPercentage": hold_percent(runner, win_percent),
        "winPoolAmount": win,
        "placePoolAmount": place,
        "incrementalAmount": 0,
        "incrementalWinAmount": 0,
        "incrementalPlaceAmount": 0,
        "winPoolPercentage": win_percent,
        "placePoolPercentage": percent(place, pool_of(state, "place")),
        "isBaseline": False,
    }


def _common(state: LedgerRow, runner: RunnerLine) -> dict[str, Any]:
    return {
        "raceId": state.race_id,
        "entrantId": runner.entrant_id,
        "poolType": "combined",
        "eventTimestamp": iso(state.slot),
        "pollingTimestamp": iso(state.fetched_at),
        "n": state.n,
        "betPercentage": None if runner.bet is None else float(runner.bet),
        "totalPoolAmount": sum(state.pools.single.values()) if state.pools else 0,
        "fixedWinOdds": _odds(runner, "fixed_win"),
        "fixedPlaceOdds": _odds(runner, "fixed_place"),
        "poolWinOdds": _odds(runner, "pool_win"),
        "poolPlaceOdds": _odds(runner, "pool_place"),
        "shareSource": runner.win_source,
        "dataQualityScore": state.score,
        "mathematicallyConsistent": adds_up(state),
        "isStale": secs_to_start(state.slot, state.generated_at) > STALE_SECS,
    }


def _odds(runner: RunnerLine, kind: str) -> float | None:
    odds = runner.odds(kind)
    return float(odds) if odds is not None and odds > 0 else None
