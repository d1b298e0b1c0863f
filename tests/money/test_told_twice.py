"""A pool that is listed twice is told and neither of its totals taken blindly; so is an answer that tells no time."""

import copy
from typing import Any

import pytest

from raceday.racing.score import FAILED_AT_MOST
from raceday.tables import QUARANTINE
from tests.money.play import Step, play
from tests.money.test_rules import FIRST, told

SOUND_AT_LEAST = 90
Pools = list[dict[str, Any]]


def twice(product: str, factor: float, *, first: bool = False, **changes: Any) -> Pools:
    """Return the generated pools, one of them listed once more with so many times its total."""
    every: Pools = copy.deepcopy(FIRST["tote_pools"])
    own = next(pool for pool in every if pool["product_type"] == product)
    other = own | {"total": round(own["total"] * factor, 2)} | changes
    return [other, *every] if first else [*every, other]


def values_told(step: Step) -> str:
    """Return what the check of the totals says."""
    found = next(c for c in step.row.checks if c.name == "pool_values")
    return "" if found.ok else str(found.value)


@pytest.mark.parametrize("product", ["Win", "Place"])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("factor", [0.01, 0.5, 3])
def test_a_pool_with_two_totals_is_told_and_the_known_one_stays(product: str, factor: float, *, first: bool) -> None:
    """Whichever comes first, the one nearer to the poll before counts, and nobody believes it."""
    before, both = play([told(-300), told(-240, tote_pools=twice(product, factor, first=first))])
    column = f"{product.lower()}PoolTotal"
    assert both.pools[column] == before.pools[column]
    assert values_told(both) == f"bad {product.lower()} twice"
    assert (both.row.score or 0) <= FAILED_AT_MOST


def test_a_pool_with_two_totals_is_told_at_first_sight() -> None:
    """There is nothing to be near to, and the score says so."""
    (both,) = play([told(-300, tote_pools=twice("Win", 0.01))])
    assert values_told(both) == "bad win twice"
    assert (both.row.score or 0) <= FAILED_AT_MOST


@pytest.mark.parametrize(
    "listed",
    [
        twice("Win", 1),
        twice("Win", 3, status="ABANDONED"),
        twice("Quinella", 3),
    ],
)
def test_a_repetition_that_contradicts_no_main_pool_is_sound(listed: Pools) -> None:
    """The same total again, one that is called off, and another product's."""
    *_, both = play([told(-300), told(-240, tote_pools=listed)])
    assert values_told(both) == ""
    assert (both.row.score or 0) >= SOUND_AT_LEAST


@pytest.mark.parametrize("made", [None, "", "soon", [], {}])
def test_an_answer_that_does_not_tell_when_it_was_made_is_named(made: Any) -> None:
    """It counts as made when it came, and the row and the quarantine say that nobody knows."""
    answer = told(-240)
    answer["answer"]["header"]["generated_time"] = made
    without = told(-210)
    del without["answer"]["header"]["generated_time"]
    for step in play([told(-300), answer, without])[1:]:
        found = next(c for c in step.row.checks if c.name == "left_out")
        assert found.value == "header.generated_time"
        assert step.row.generated_at == step.row.fetched_at
        assert (step.row.score or 0) >= SOUND_AT_LEAST
        assert "header.generated_time" in {row["field"] for row in step.tables[QUARANTINE].values()}
