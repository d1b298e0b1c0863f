"""Closing prices as they must be: each runner's odds when they counted, from the polls and the results alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from local.simulate.oracle.differences import AnyOf, Findings, Json
from local.simulate.oracle.facts import OVER, Ledger, OracleLine, Poll
from local.simulate.oracle.reading import ODDS, stamp
from local.simulate.oracle.sightings import versions_of
from raceday.store.port import Row
from raceday.tables import CLOSING_PRICES

Told = dict[str, Any]
_MINUTES = {"T60": 60, "T5": 5, "T1": 1}
_NOTHING: Told = {"reason": "no price shown"}


def judge_closing(rows: Sequence[Row], ledgers: Mapping[str, Ledger], findings: Findings) -> None:
    """Compare the closing prices of every race that has ended with its polls."""
    wanted: dict[tuple[str, str], Told] = {}
    for race_id, ledger in ledgers.items():
        if ledger.polls and (ledger.polls[-1].status in OVER or ledger.polls[-1].kind == "closing"):
            for line in {line.id: line for poll in ledger.polls for line in poll.lines}.values():
                wanted[race_id, line.id] = _row(ledger, line)
    findings.match(CLOSING_PRICES, rows, wanted, lambda row: (row["raceId"], row["entrantId"]))


def _row(ledger: Ledger, line: OracleLine) -> Told:
    told = {kind: _moments(ledger, line.id, kind) | {"Dividend": _dividend(ledger, line, kind)} for kind in ODDS}
    jump = _jump(ledger)
    flat = {
        f"{kind.split('_')[0]}{kind.split('_')[1].title()}{when}": value.get("price")
        for kind, moments in told.items()
        for when, value in moments.items()
        if when != "Dividend" or kind.startswith("pool")
    }
    detail = {kind: {when.lower(): value for when, value in moments.items()} for kind, moments in told.items()}
    ends = tuple(poll.n for poll in ledger.polls if poll.status in OVER or poll.kind == "closing")
    head = {"raceId": ledger.race_id, "entrantId": line.id, "runnerNumber": line.number, "name": line.name}
    return {**head, **flat, "jumpAt": stamp(jump) if jump else None, "n": AnyOf(ends), "detail": Json(detail)}


def _jump(ledger: Ledger) -> datetime | None:
    told = [poll.reading.actual for poll in ledger.polls if poll.reading.actual]
    return told[-1] if told else None


def _moments(ledger: Ledger, entrant: str, kind: str) -> dict[str, Told]:
    jump, start = _jump(ledger), ledger.polls[-1].start
    polls = [p for p in ledger.polls if p.kind != "closing" and (p.slot <= jump if jump else p.status == "Open")]
    shown = [(p, line.odds[kind]) for p in polls if (line := p.line(entrant)) and line.odds[kind] is not None]
    found: dict[str, Told] = {"Opening": {"reason": "no poll showed one"}}
    if shown:
        found["Opening"] = _price(*shown[0])
    for name, minutes in _MINUTES.items():
        moment = start - timedelta(minutes=minutes)
        before = [p for p in polls if p.slot <= moment]
        found[name] = _seen(before[-1], entrant, kind, moment) if before else {"reason": "no poll before it"}
    found["Last"] = _last(polls, entrant, kind, jump)
    if ledger.polls[-1].status == "Abandoned" and jump is None:
        found["Last"] = {"reason": "abandoned, no jump"}
    return found


def _last(polls: Sequence[Poll], entrant: str, kind: str, jump: datetime | None) -> Told:
    seen = [_seen(poll, entrant, kind, jump) for poll in polls]
    # Polls without a price at the end are passed over; a runner that is out, or gone, has none.
    while len(seen) > 1 and seen[-1] == _NOTHING:
        seen.pop()
    return seen[-1] if seen else {"reason": "no poll before it"}


def _seen(poll: Poll, entrant: str, kind: str, moment: datetime | None) -> Told:
    line = poll.line(entrant)
    if line is None:
        return {"reason": "not in the field"}
    if line.scratched:
        return {"reason": "scratched"}
    if line.odds[kind] is None:
        return _NOTHING
    late = {} if moment is None else {"stale_secs": max(0, round((moment - poll.generated).total_seconds()))}
    return _price(poll, line.odds[kind]) | late


def _price(poll: Poll, odds: Any) -> Told:
    return {"price": odds, "at": stamp(poll.generated), "source": f"poll {poll.n}"}


def _dividend(ledger: Ledger, line: OracleLine, kind: str) -> Told:
    if kind.startswith("fixed"):
        return {"reason": "a fixed bet pays the price it was taken at"}
    newest = ledger.polls[-1].line(line.id)
    if newest is None or newest.scratched:
        return {"reason": "scratched"}
    versions = versions_of(ledger)
    if not versions or not versions[-1]["resultsAvailable"]:
        return {"reason": "no results"}
    name = {"pool_win": "pool win", "pool_place": "pool place"}[kind]
    declared = [d for d in versions[-1]["dividendsData"].value if str(d["product_name"]).lower() == name]
    paid = [d for d in declared if line.number in [p["runner_number"] for p in d["positions"]]]
    if not paid:
        return {"reason": "not placed" if declared else "no dividend declared"}
    at = versions[-1]["resultTime"]
    return {"price": paid[0]["dividend"], "at": at, "source": f"{paid[0]['status'].lower()} dividend"}
