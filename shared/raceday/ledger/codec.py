"""A ledger row as the columns of table race-polls, and back; structures are JSON text."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from raceday.clock import instant, iso
from raceday.racing.records import (
    Check,
    Digests,
    Gap,
    LedgerHead,
    LedgerRow,
    PoolTotals,
    RaceFacts,
    RunnerLine,
    Settlement,
)
from raceday.racing.snapshot import Status
from raceday.tables import race_polls

_ODDS_KEYS = {"fixed_win": "fixedWin", "fixed_place": "fixedPlace", "pool_win": "poolWin", "pool_place": "poolPlace"}

# What the scheduler compares of a row.
HEAD = ("raceId", "n", "slot", "kind", "status", "startTime", "finishedAt", "pools", "gaps")
_COLUMNS = frozenset(column.key for column in race_polls.TABLE.columns)


def to_row(ledger: LedgerRow) -> dict[str, Any]:
    """Return the columns of table race-polls; structures become JSON text."""
    return {
        "raceId": ledger.race_id,
        "meetingId": ledger.meeting_id,
        "n": ledger.n,
        "slot": iso(ledger.slot),
        "kind": ledger.kind,
        "fetchedAt": iso(ledger.fetched_at),
        "generatedAt": iso(ledger.generated_at),
        "startTime": iso(ledger.start),
        "status": ledger.status.value,
        "finishedAt": iso(ledger.finished_at) if ledger.finished_at else None,
        "score": ledger.score,
        "feedCalls": ledger.feed_calls,
        "feedMs": ledger.feed_ms,
        "storeMs": ledger.store_ms,
        "lateMs": ledger.late_ms,
        "held": ledger.held,
        "race": _dump(_race_out(ledger.race)),
        "pools": _dump(_pools_out(ledger.pools)),
        "runners": _dump([_runner_out(r) for r in ledger.runners]),
        "checks": _dump([_check_out(c) for c in ledger.checks]),
        "gaps": _dump([{"slot": iso(g.slot), "cause": g.cause} for g in ledger.gaps]),
        "digests": _dump(
            {
                "race": ledger.digests.race,
                "results": ledger.digests.results,
                "entrants": dict(ledger.digests.entrants),
            }
        ),
        "dividends": _dump(None if ledger.dividends is None else dict(ledger.dividends)),
    }


def from_row(row: Mapping[str, Any], *, selected: Collection[str] | None = None) -> LedgerRow:
    """Read a row of table race-polls, of which only the columns `selected` were read where they are named.

    What was not read counts as empty; raises KeyError for a column that should be there and is not.
    """
    absent = (_COLUMNS if selected is None else selected) - row.keys()
    if absent:
        raise KeyError(f"race-polls: {sorted(absent)} of row {row.get('$id')} was not read")
    digests = _load(row.get("digests")) or {}
    return LedgerRow(
        race_id=row["raceId"],
        meeting_id=row["meetingId"],
        n=int(row["n"]),
        slot=instant(row["slot"]),
        kind=row["kind"],
        fetched_at=instant(row["fetchedAt"]),
        generated_at=instant(row["generatedAt"]),
        start=instant(row["startTime"]),
        status=Status(row["status"]),
        race=_race_in(_load(row.get("race")) or {}),
        pools=_pools_in(_load(row.get("pools"))),
        runners=tuple(_runner_in(r) for r in _load(row.get("runners")) or ()),
        checks=tuple(_check_in(c) for c in _load(row.get("checks")) or ()),
        gaps=read_gaps({"gaps": row.get("gaps")}),
        digests=Digests(digests.get("race", ""), digests.get("results", ""), digests.get("entrants") or {}),
        dividends=_load(row.get("dividends")),
        score=row.get("score"),
        feed_calls=int(row.get("feedCalls") or 0),
        feed_ms=int(row.get("feedMs") or 0),
        store_ms=int(row.get("storeMs") or 0),
        late_ms=int(row.get("lateMs") or 0),
        held=bool(row.get("held")),
        finished_at=_instant(row.get("finishedAt")),
    )


def read_head(row: Mapping[str, Any]) -> LedgerHead:
    """Read what the scheduler compares of a row, from the columns of HEAD."""
    return LedgerHead(
        race_id=row["raceId"],
        n=int(row["n"]),
        slot=instant(row["slot"]),
        kind=row["kind"],
        status=Status(row["status"]),
        start=instant(row["startTime"]),
        gaps=tuple(gap.slot for gap in read_gaps(row)),
        has_pools=bool(row["pools"]),
        finished_at=_instant(row["finishedAt"]),
    )


def read_gaps(row: Mapping[str, Any]) -> tuple[Gap, ...]:
    """Read the gaps that a row tells of."""
    return tuple(Gap(instant(gap["slot"]), gap["cause"]) for gap in _load(row["gaps"]) or ())


def _instant(text: str | None) -> datetime | None:
    return instant(text) if text else None


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _dump(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _load(text: str | None) -> Any:
    # Floats become decimals, so that odds compare exactly with the feed's own.
    return None if text is None or text == "" else json.loads(text, parse_float=Decimal)


def _race_out(race: RaceFacts) -> dict[str, Any]:
    return {
        "name": race.name,
        "number": race.number,
        "meetingName": race.meeting_name,
        "country": race.country,
        "code": race.code,
        "actualStart": iso(race.actual_start) if race.actual_start else None,
        "positionsPaid": race.positions_paid,
    }


def _race_in(data: Mapping[str, Any]) -> RaceFacts:
    return RaceFacts(
        name=data.get("name", ""),
        number=data.get("number", 0),
        meeting_name=data.get("meetingName", ""),
        country=data.get("country", ""),
        code=data.get("code", ""),
        actual_start=_instant(data.get("actualStart")),
        positions_paid=data.get("positionsPaid"),
    )


def _pools_out(pools: PoolTotals | None) -> dict[str, Any] | None:
    if pools is None:
        return None
    told: dict[str, Any] = {**pools.single, "multi": dict(pools.multi)}
    if pools.dead:
        told["dead"] = list(pools.dead)
    if pools.kept:
        told["kept"] = dict(pools.kept)
    if pools.unlikely:
        told["unlikely"] = dict(pools.unlikely)
    if pools.lived:
        told["lived"] = dict(pools.lived)
    if pools.settled:
        told["settled"] = {product: _settlement_out(s) for product, s in pools.settled.items()}
    return told


def _settlement_out(settled: Settlement) -> dict[str, Any]:
    told = {
        "unrefunded": dict(settled.unrefunded),
        "unattributed": settled.unattributed_cents,
        "decision": settled.word,
        "why": settled.why,
    }
    return told | ({"last": dict(settled.last)} if settled.last else {})


def _pools_in(data: dict[str, Any] | None) -> PoolTotals | None:
    if data is None:
        return None
    settled = {
        product: Settlement(s["unrefunded"], s["unattributed"], s["decision"], s["why"], s.get("last") or {})
        for product, s in (data.get("settled") or {}).items()
    }
    single = {k: v for k, v in data.items() if isinstance(v, int)}
    return PoolTotals(
        single,
        data.get("multi") or {},
        tuple(data.get("dead") or ()),
        data.get("kept") or {},
        settled,
        data.get("unlikely") or {},
        data.get("lived") or {},
    )


def _runner_out(r: RunnerLine) -> dict[str, Any]:
    return {
        "id": r.entrant_id,
        "no": r.number,
        "name": r.name,
        "scratched": r.scratched,
        **{key: _number(r.odds(kind)) for kind, key in _ODDS_KEYS.items()},
        "hold": _number(r.hold),
        "bet": _number(r.bet),
        "win": r.win_cents,
        "place": r.place_cents,
        "winSource": r.win_source,
        "placeSource": r.place_source,
    }


def _runner_in(data: Mapping[str, Any]) -> RunnerLine:
    return RunnerLine(
        entrant_id=data["id"],
        number=data["no"],
        name=data["name"],
        scratched=data["scratched"],
        **{kind: _decimal(data.get(key)) for kind, key in _ODDS_KEYS.items()},
        hold=_decimal(data.get("hold")),
        bet=_decimal(data.get("bet")),
        win_cents=data.get("win"),
        place_cents=data.get("place"),
        win_source=data.get("winSource", "none"),
        place_source=data.get("placeSource", "none"),
    )


def _check_out(c: Check) -> dict[str, Any]:
    return {
        "name": c.name,
        "applies": c.applies,
        "ok": c.ok,
        "weight": c.weight,
        "score": c.score,
        "value": c.value,
        "expected": c.expected,
    }


def _check_in(data: Mapping[str, Any]) -> Check:
    value = data.get("value")
    return Check(
        name=data["name"],
        applies=data["applies"],
        ok=data["ok"],
        weight=float(data["weight"]),
        score=float(data["score"]),
        value=float(value) if isinstance(value, (int, Decimal)) else value,
        expected=data.get("expected", ""),
    )
