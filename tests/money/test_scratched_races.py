"""Races around scratchings drawn out of true money: no row puts money elsewhere without saying so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.judging.money_truth import NOTICEABLE, judge, misplaced, rounding, rows_of, settled
from local.testing.scratched_races import PRODUCTS, polls_of
from raceday.racing.records import LedgerRow

SEEDS = range(300)


def test_no_row_is_wrong_and_does_not_say_so() -> None:
    """Of 300 races no pool of any poll stands elsewhere by more than 4.5 % and rounding, without a word."""
    counts = judge(SEEDS)
    assert counts.rows > 5_000
    assert counts.wrong == []
    assert counts.told
    # What was known before and what a total did make most of those right that nobody can be sure of.
    assert len(counts.told) <= counts.rows // 250


def test_what_odds_prove_is_seldom_called_undecided() -> None:
    """Of rows whose odds alone decide, at most one in two hundred of all says undecided, and few rows do at all."""
    counts = judge(SEEDS)
    assert len(counts.needless) <= counts.rows // 200
    assert counts.undecided <= counts.rows // 30


def test_the_judge_sees_money_on_the_wrong_runner() -> None:
    """A tenth of a pool moved from one runner to another is noticed."""
    served = polls_of(1)[:1]
    (row,) = rows_of(served)
    assert misplaced(row, served[0], "win")[0] <= NOTICEABLE
    assert row.pools is not None
    lines = [line for line in row.runners if not line.scratched]
    moved = (row.pools.cents("win") or 0) // 10
    wrong = {
        lines[0].entrant_id: (lines[0].win_cents or 0) + moved,
        lines[1].entrant_id: (lines[1].win_cents or 0) - moved,
    }
    spoilt = row._replace(
        runners=tuple(r._replace(win_cents=wrong.get(r.entrant_id, r.win_cents)) for r in row.runners)
    )
    assert misplaced(spoilt, served[0], "win")[0] > NOTICEABLE


def parts(row: LedgerRow, product: str) -> int:
    """Return all parts of a pool together."""
    assert row.pools is not None
    cents = sum((line.win_cents if product == "win" else line.place_cents) or 0 for line in row.runners)
    return cents + row.pools.beside_cents(product)


@given(st.integers(0, 2**32))
def test_every_poll_of_any_race_shares_out_the_whole_pool(seed: int) -> None:
    """Runners, unrefunded and unattributed money are the pool; nobody who runs is unrefunded; a word stands beside."""
    served = polls_of(seed)
    for row, each in zip(rows_of(served), served, strict=True):
        assert row.pools is not None
        for product in PRODUCTS:
            assert parts(row, product) == row.pools.cents(product)
            aside = settled(row, product)
            assert set(aside.unrefunded) <= each.truth.out
            assert not any(aside.unrefunded.values()) or aside.word in ("unrefunded", "undecided", "kept")


@pytest.mark.parametrize(
    ("seed", "why"),
    [
        (71, "a runner at the floor keeps what it had while a silent scratched one is in doubt"),
        (81, "who was let go in doubt is not held again because the total grew"),
        (89, "a fall of what was held is a refund, whatever was in doubt before"),
        (157, "a silent runner beside one at the floor has what it had, the other one the rest"),
    ],
)
def test_doubt_moves_no_money_that_was_known(seed: int, why: str) -> None:
    """In each such race everybody's money is where it is at every poll, sure or not."""
    served = polls_of(seed)
    for at, (row, each) in enumerate(zip(rows_of(served), served, strict=True)):
        for product in PRODUCTS:
            off, where = misplaced(row, each, product)
            assert off <= NOTICEABLE + rounding(each, product), f"{why}: poll {at} {product} {where}"


def test_no_silent_runner_that_was_backed_holds_nothing() -> None:
    """A runner that held money is never shown with 0 of a pool that lives, whatever its odds do not tell."""
    for seed in range(250, 300):
        served = polls_of(seed)
        had: set[tuple[str, str]] = set()
        for row, each in zip(rows_of(served), served, strict=True):
            for product in set(PRODUCTS) - each.truth.dead:
                for line in row.runners:
                    cents = line.win_cents if product == "win" else line.place_cents
                    assert line.scratched or cents != 0 or (product, line.entrant_id) not in had
                    had |= {(product, line.entrant_id)} if cents else set()
