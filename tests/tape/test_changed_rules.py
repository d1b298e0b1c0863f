"""A changed rule lists the rows that it moves: those that differ in a second run of the whole day, and no other."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from local.tape.reader import Tape
from local.tape.verify import RowDifference, compare
from raceday.racing import holders, validation
from raceday.racing.shares import Share, Shares
from raceday.tables import MONEY_FLOW, NOTIFICATIONS, RACE_POLLS
from tests.tape.kit import taped_day
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
                RACE_POLLS: {"racing/shares"},
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
    listed = compare(stored, replayed(Tape.open(path), stored).store.tables)
    _, second = taped_day.__wrapped__(1, 3)
    monkeypatch.undo()
    assert keyed(listed) == keyed(compare(stored, second))
    named: dict[str, set[str]] = {}
    for each in listed:
        named.setdefault(each.table, set()).add(each.rule)
    assert named == rules
    assert len(listed) > 20
