"""Each race's ledger as it must be, row by row: from the answer that a row was made of and the rows before it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from local.simulate.oracle import money
from local.simulate.oracle.checks import checks, score_of
from local.simulate.oracle.differences import Findings, Json
from local.simulate.oracle.facts import OVER, Ledger, Look, OracleLine, Poll, Pools
from local.simulate.oracle.late import is_past, shown_dividends
from local.simulate.oracle.leaps import leapt
from local.simulate.oracle.pool_rules import PollEvidence
from local.simulate.oracle.pools import OfJson, off_by_the_list, paid_pools, pools_of
from local.simulate.oracle.reading import ODDS, Reading, Unreadable, read_event, stamp
from local.simulate.oracle.shares import gone, share_out
from local.simulate.served import Record
from raceday.store.port import Row

TABLE, POLLER = "race-polls", "enhanced-race-poller"
# The last re-check comes half an hour after Final, the first look an hour after it.
LOOKS_FROM = timedelta(minutes=45)
# What a row without figures of its own repeats of the row before it.
_REPEATED = ("meetingId", "startTime", "finishedAt", "race", "pools", "runners", "digests", "dividends")
_SHOWN_ODDS = {"fixed_win": "fixedWin", "fixed_place": "fixedPlace", "pool_win": "poolWin", "pool_place": "poolPlace"}


def ledger_of(
    race_id: str, rows: Sequence[Row], record: Record, stored: tuple[str, datetime | None], findings: Findings
) -> Ledger:
    """Work out a race's ledger and compare each row with it; `stored` is its status and start before the first."""
    ledger = Ledger(race_id)
    seen_placings: tuple[dict[str, Any], ...] = ()
    amended: list[tuple[dict[str, Any], ...]] = []
    paid: list[Sequence[Any]] = []
    for i, row in enumerate(rows, 1):
        key = f"n {row['n']} {row['slot'][11:19]}"
        if int(row["n"]) != i:
            findings.add(TABLE, "wrong", race=race_id, key=f"{key}: stands {i}th")
        base = ledger.polls[-1] if ledger.polls else None
        if row["kind"] == "closing":
            _closing(ledger, row, base, findings, key)
            continue
        answer = record.behind(race_id, _at(row["generatedAt"]), _at(row["fetchedAt"]))
        try:
            known, start = (base.status, base.start) if base else stored
            reading = read_event(answer.body, race_id, known, start) if answer is not None else None
        except Unreadable as error:
            findings.add(TABLE, "unexpected", race=race_id, key=f"{key}: made of what cannot be read", found=str(error))
            continue
        if answer is None or reading is None:
            findings.add(TABLE, "unexpected", race=race_id, key=f"{key}: nobody served what it shows")
            continue
        if known not in OVER and not answer.tracked:
            findings.add(TABLE, "wrong", race=race_id, key=f"{key}: asked for without the money tracker", found=known)
        # Where nothing is said of the placings they are no other than before.
        shows = bool(reading.placings or reading.dividends) and "results" not in reading.unread
        evidence = base is not None and (reading.ruled or (shows and reading.placings != seen_placings))
        status, held = decided(known, reading.status, evidence=evidence)
        # Placings or dividends that were amended since are an older picture of the Final race.
        again = (
            reading.placings in amended
            if shows and reading.placings != seen_placings
            else not reading.odd_dividends and is_past(paid, shown_dividends(reading))
        )
        held = held or (known == status == "Final" and again)
        if held and base is not None:
            ledger.polls.append(_held(row, base))
            _compare_held(findings, race_id, key, ledger.polls[-1], base, answer.made)
            continue
        if not held and (reading.placings or status != known) and "results" not in reading.unread:
            if seen_placings and seen_placings != reading.placings:
                amended.append(seen_placings)
            seen_placings = reading.placings
        if reading.dividends and not reading.odd_dividends:
            paid.append(shown_dividends(reading))
        poll = _poll(row, reading, base, status, held, known)
        ledger.polls.append(poll)
        _compare(findings, race_id, key, poll, base, answer.made)
    ledger.looks = _looks(ledger, record)
    return ledger


def _looks(ledger: Ledger, record: Record) -> list[Look]:
    """Return the answers of looks at a finished race: a poller's, later than its polls reach."""
    final = next((poll for poll in ledger.polls if poll.status == "Final"), None)
    found: list[Look] = []
    for answer in record.events.get(ledger.race_id, ()) if final else ():
        if answer.function == POLLER and final is not None and answer.at >= final.slot + LOOKS_FROM:
            with suppress(Unreadable):
                found.append(Look(answer.at, answer.made, read_event(answer.body, ledger.race_id)))
    return found


def decided(known: str, served: str, *, evidence: bool) -> tuple[str, bool]:
    """Return the status to keep, and whether the answer was held back: a finished race goes back by evidence alone."""
    if known not in OVER or served == known:
        return served, False
    if evidence and served in ("Interim", "Final", "Abandoned"):
        return served, False
    return known, True


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _poll(row: Row, reading: Reading, base: Poll | None, status: str, held: bool, known: str) -> Poll:
    lines, pools = figures(reading, base, status, _at(row["generatedAt"]))
    return Poll(
        row=row,
        n=base.n + 1 if base else 1,
        slot=_at(row["slot"]),
        kind=row["kind"],
        status=status,
        before=known,
        start=reading.start,
        generated=_at(row["generatedAt"]),
        reading=reading,
        lines=lines,
        pools=pools,
        held=held,
        finished=_finished(status, base, _at(row["slot"])),
    )


def _finished(status: str, base: Poll | None, slot: datetime) -> datetime | None:
    """Return the slot of the first poll that saw the race over since it was last not."""
    if status not in OVER:
        return None
    return base.finished if base and base.status in OVER else slot


def _held(row: Row, base: Poll) -> Poll:
    """Return an older picture of a finished race: it repeats the figures before it."""
    return replace(
        base, row=row, n=base.n + 1, slot=_at(row["slot"]), kind=row["kind"], before=base.status,
        generated=_at(row["generatedAt"]), held=True,
    )  # fmt: skip


def figures(
    reading: Reading, base: Poll | None, status: str, made: datetime | None = None
) -> tuple[tuple[OracleLine, ...], Pools | None]:
    """Return every runner's line, by number, and the pools with what of them stands on no runner.

    `made` is when the answer was made, by which it is told how soon after the poll before.
    """
    runners = sorted((*reading.runners, *gone(reading.runners, base)), key=lambda r: (r.number, r.id))
    pools = pools_of(reading, base, status)
    everyone = [r.id for r in runners]
    running = [r for r in runners if not r.scratched]
    hold = money.percentages({r.id: r.hold for r in running}, everyone)
    bet = money.percentages({r.id: r.bet for r in running}, everyone)
    parts = {
        product: share_out(
            product,
            runners,
            pools.single.get(product) if pools else None,
            dead=pools is not None and product in pools.dead,
            kept=pools.kept.get(product, "") if pools else "",
            places=reading.places,
            run=reading.status in ("Interim", "Final"),
            before=base,
            other_total=pools.single.get(beside, 0) if pools and beside not in pools.dead else 0,
        )
        for product, beside in (("win", "place"), ("place", "win"))
    }
    win, place = parts["win"][0], parts["place"][0]
    lines = tuple(
        OracleLine(r.id, r.number, r.name, r.scratched, r.odds, hold[r.id], bet[r.id], win[r.id], place[r.id])
        for r in runners
    )
    aside = {product: beside for product, (_, beside) in parts.items()}
    return lines, replace(pools, aside=aside, leapt=leapt(reading, pools, lines, base, made)) if pools else None


def _compare(findings: Findings, race_id: str, key: str, poll: Poll, base: Poll | None, made: datetime | None) -> None:
    """Compare one row with its poll; its score with the mean of its own checks, each of which is compared."""
    reading, row = poll.reading, poll.row
    found = checks(PollEvidence(reading, poll.lines, base, _at(row["fetchedAt"]) - _at(row["generatedAt"]), poll.pools))
    wanted = {
        "raceId": race_id,
        "meetingId": reading.columns["meetingId"],
        "n": poll.n,
        "generatedAt": stamp(made) if made is not None else row["fetchedAt"],
        "startTime": stamp(reading.start),
        "status": poll.status,
        "finishedAt": stamp(poll.finished) if poll.finished else None,
        "race": Json(_race(reading)),
        "pools": None if poll.pools is None else OfJson(poll.pools),
        "runners": Json([_shown(line) for line in poll.lines]),
        "dividends": Json(paid) if (paid := paid_pools(reading, final_only=True)) else None,
        "feedCalls": row["feedCalls"] if base is None else 1,
        "checks": found,
        "score": score_of(row.get("checks"), poll.pools),
        "held": False,
    }
    findings.compare(TABLE, row, wanted, race=race_id, key=key)


def _compare_held(findings: Findings, race_id: str, key: str, poll: Poll, base: Poll, made: datetime | None) -> None:
    """Compare a held row: all that the row before it says, under a number, a slot and times of its own."""
    wanted = {column: base.row.get(column) for column in (*_REPEATED, "status", "checks", "score")}
    generated = stamp(made) if made is not None else poll.row["fetchedAt"]
    wanted |= {"raceId": race_id, "n": poll.n, "generatedAt": generated, "held": True, "feedCalls": 1}
    findings.compare(TABLE, poll.row, wanted, race=race_id, key=f"{key} held")


def _race(reading: Reading) -> dict[str, Any]:
    return {
        "name": reading.columns["name"],
        "number": reading.columns["raceNumber"],
        "meetingName": reading.meeting_name,
        "country": reading.columns["country"],
        "code": reading.columns["type"],
        "actualStart": stamp(reading.actual) if reading.actual else None,
        "positionsPaid": reading.places,
    }


def _shown(line: OracleLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "no": line.number,
        "name": line.name,
        "scratched": line.scratched,
        **{_SHOWN_ODDS[kind]: line.odds[kind] for kind in ODDS},
        "hold": line.hold,
        "bet": line.bet,
        "win": line.win.cents,
        "place": line.place.cents,
        "winSource": line.win.source,
        "placeSource": line.place.source,
    }


def _closing(ledger: Ledger, row: Row, base: Poll | None, findings: Findings, key: str) -> None:
    """A closing row repeats the row before it, with no poll of its own; alone it stands for a race never polled."""
    if base is None:
        wanted: dict[str, Any] = {"pools": None, "runners": Json([]), "dividends": None, "finishedAt": None}
    else:
        wanted = {column: base.row.get(column) for column in (*_REPEATED, "generatedAt")}
    wanted |= {"raceId": ledger.race_id, "n": base.n + 1 if base else 1, "score": None, "checks": Json([])}
    wanted |= {"feedCalls": 0, "feedMs": 0, "storeMs": 0, "lateMs": 0}
    pools = base.pools if base is not None else None
    if base is not None and pools is not None and row["status"] == "Abandoned" and base.status not in OVER:
        pools = off_by_the_list(pools)
        wanted["pools"] = OfJson(pools)
    findings.compare(TABLE, row, wanted, race=ledger.race_id, key=f"{key} closing")
    if base is not None:
        ledger.polls.append(
            replace(
                base, row=row, pools=pools, n=base.n + 1, slot=_at(row["slot"]), kind="closing", status=row["status"],
                before=base.status, held=False,
            )
        )  # fmt: skip
