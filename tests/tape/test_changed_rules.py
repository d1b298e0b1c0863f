"""A changed rule lists the rows that it moves: those that differ in a second run of the whole day, and no other."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from local.simulate.plan import DayPlan
from local.simulate.port_store import PortBackend
from local.tape.blame import PROJECTED, blamed, projected
from local.tape.reader import Tape
from local.tape.replay import Rows
from local.tape.verify import RULES, RowDifference, compare
from raceday.racing import holders, validation
from raceday.racing.shares import Share, Shares
from raceday.tables import CLOSING_PRICES, MONEY_FLOW, NOTIFICATIONS, RACE_POLLS
from tests.tape.kit import DAY, simulated, taped_day
from tests.tape.test_replay import replayed

Patch = Callable[[pytest.MonkeyPatch], None]


def narrower(patch: pytest.MonkeyPatch) -> None:
    """Narrow one tolerance."""
    patch.setattr(validation, "_WIN_TOLERANCE", 0.02)


def half_by_hold(patch: pytest.MonkeyPatch) -> None:
    """Take every share half from the odds and half from the tracker's holds, where pool odds alone counted."""

    def pool_shares(running: Any, odds: Any, book: Fraction, unrefunded: Any, past: Any) -> Shares:
        right: Shares = before(running, odds, book, unrefunded, past)
        holds = {r.entrant_id: Fraction(max(r.hold_points or Decimal(0), Decimal(0))) for r in running}
        total = sum(holds.values())
        if not total or right.unrefunded or any(s.source != "pool_odds" for s in right.runners.values()):
            return right
        return Shares(
            {i: Share(((s.part or Fraction(0)) + holds[i] / total) / 2, "hold") for i, s in right.runners.items()}, {}
        )

    before = vars(holders)["pool_shares"]
    patch.setattr(holders, "pool_shares", pool_shares)


def told(stored: Rows, made: Rows) -> list[RowDifference]:
    """Return what differs, each row with the rule that moved it."""
    return asyncio.run(blamed(compare(stored, made), stored, made))


def keyed(found: list[RowDifference]) -> dict[tuple[str, str], tuple[str, str, tuple[str, ...]]]:
    """Return differences by key: what of it, by which rule, and which columns."""
    return {(d.table, d.row_id): (d.what, d.rule, tuple(d.columns)) for d in found}


FLOW, ALERTS = "through ledger/timeline and flow", "through projections/alerts"


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (
            narrower,
            {RACE_POLLS: {"check win_identity"}, MONEY_FLOW: {f"check win_identity, {FLOW}"}},
        ),
        (
            half_by_hold,
            {
                # Half the shares moved between two polls is money that goes back, and told as that.
                RACE_POLLS: {"racing/shares", "check runner_growth", "check runner_growth, racing/shares"},
                MONEY_FLOW: {f"racing/shares, {FLOW}"},
                NOTIFICATIONS: {f"racing/shares, {ALERTS}"},
            },
        ),
    ],
    ids=["tolerance", "share source"],
)
def test_a_changed_rule_lists_what_a_second_run_moves(
    change: Patch, rules: dict[str, set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row by row and column by column the replay's list is the difference to a full second run under the new rule."""
    path, stored = taped_day(1, 3)
    change(monkeypatch)
    listed = told(stored, replayed(Tape.open(path), stored).store.tables)
    backend = PortBackend()
    simulated(DayPlan(seed=1, races=3, day=DAY, depth="port", steady_users=True), backend)
    assert backend.memory is not None
    assert keyed(listed) == keyed(told(stored, backend.memory.tables))
    named: dict[str, set[str]] = {}
    for each in listed:
        named.setdefault(each.table, set()).add(each.rule)
    assert named == rules
    assert len(listed) > 20


def test_a_spoilt_row_beside_moved_polls_is_not_laid_on_a_rule_that_did_not_move_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two rules move a race and stored rows are spoilt: each names what moved it, a spoilt one that nothing did."""
    path, stored = taped_day(1, 1)
    narrower(monkeypatch)
    half_by_hold(monkeypatch)
    made = replayed(Tape.open(path), stored).store.tables
    assert {d.rule for d in told(stored, made) if d.table == NOTIFICATIONS} == {f"racing/shares, {ALERTS}"}
    hurt = {table: dict(rows) for table, rows in stored.items()}
    untouched = next(k for k, r in sorted(hurt[CLOSING_PRICES].items()) if r["fixedWinLast"] is not None)
    hurt[CLOSING_PRICES][untouched] = {**hurt[CLOSING_PRICES][untouched], "fixedWinLast": 0.5}
    moved = next(d for d in told(stored, made) if d.table == MONEY_FLOW and "score" not in str(d.columns).lower())
    hurt[MONEY_FLOW][moved.row_id] = {**hurt[MONEY_FLOW][moved.row_id], "fixedWinOdds": 0.5}
    found = {(d.table, d.row_id): d.rule for d in told(hurt, made)}
    prices, flow = RULES[CLOSING_PRICES], RULES[MONEY_FLOW]
    assert found[CLOSING_PRICES, untouched] == f"stored row altered, or {prices} changed; nothing it is made of moved"
    assert found[MONEY_FLOW, moved.row_id] == (
        f"racing/shares, {FLOW}; beside that the stored row was altered, or {flow} changed"
    )


def test_the_projections_run_once_make_what_they_made_poll_by_poll() -> None:
    """What a rule is named by is what the day had: one run over a race's whole ledger gives the stored rows."""
    _, stored = taped_day(1, 1)
    race_id = next(iter(stored[RACE_POLLS].values()))["raceId"]
    made = asyncio.run(projected(race_id, {table: stored[table] for table in stored.keys() - set(PROJECTED)}))
    differing = compare(stored, made, tables=PROJECTED)
    assert {(d.table, *d.columns) for d in differing} <= {(CLOSING_PRICES, "n")}
    assert all(made[table] for table in PROJECTED)
