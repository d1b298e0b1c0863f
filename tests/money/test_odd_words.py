"""Words and numbers that are nearly what they should be: read where they can mean one thing alone, else told."""

from typing import Any

import pytest

from raceday.feed import values
from tests.money.play import parts, play
from tests.money.test_rules import FIRST, check, told
from tests.money.test_variants import held, pools

NEAR = ["ABANDONNED", "Abandon", "abandoned?", "CANCELLED", "Refunded"]


def named(step: Any) -> str:
    """Return what the checks say was left out."""
    return str(check(step, "left_out").value)


@pytest.mark.parametrize("word", NEAR)
def test_a_race_word_near_abandoned_ends_no_race(word: str) -> None:
    """The former status stays with every figure, and the word is told."""
    before, after = play([told(-600), told(-300, word)])
    assert (after.race["status"], after.row.status) == ("Open", before.row.status)
    assert held(after, "win") == held(before, "win") > 0
    assert word in named(after)


@pytest.mark.parametrize("word", NEAR)
def test_a_pool_word_near_abandoned_kills_no_pool(word: str) -> None:
    """The pool lives as before, and its word is told."""
    before, after = play([told(-600), told(-300, tote_pools=pools(place={"status": word}))])
    assert held(after, "place") == held(before, "place") > 0
    assert "tote_pools[Place].status" in named(after)


@pytest.mark.parametrize("word", NEAR)
def test_a_pool_that_was_called_off_stays_so_under_a_word_that_nobody_knows(word: str) -> None:
    """No word but a known one brings a dead pool back: its leftover total counts nowhere."""
    off = told(-300, tote_pools=pools(place={"status": "ABANDONED"}))
    _, before, after = play([told(-600), off, told(-240, tote_pools=pools(place={"status": word}))])
    assert before.pools["placePoolTotal"] == after.pools["placePoolTotal"] == 0
    assert parts(after, "place") == 0
    assert "tote_pools[Place].status" in named(after)


@pytest.mark.parametrize("word", ["open", "Closed", "", None, "FINAL", " interim "])
def test_a_known_pool_word_is_nothing_odd(word: Any) -> None:
    """Any case, blanks around it and none at all are no reason to tell anything."""
    _, after = play([told(-600), told(-300, tote_pools=pools(place={"status": word}))])
    assert not check(after, "left_out").applies


def test_totals_with_commas_between_thousands_are_read() -> None:
    """A number as text is repaired, and nothing is told of it."""
    listed = pools()
    for pool in listed:
        pool["total"] = f"{pool['total']:,.2f}"
    assert any("," in pool["total"] for pool in listed)
    before, after = play([told(-600), told(-300, tote_pools=listed)])
    assert held(after, "win") == held(before, "win") > 0
    assert not check(after, "left_out").applies


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("1,039.71", 103_971),
        ("$1,039.71", 103_971),
        (" $12,345,678 ", 1_234_567_800),
        ("$7.5", 750),
        ("1039.71", 103_971),
        ("10,39.71", None),
        ("1.039,71", None),
        ("12,5", None),
        (",039", None),
        ("1,039.715", None),
        ("1,039 or so", None),
    ],
)
def test_dollars_as_text_are_read_where_they_can_be_one_amount_alone(text: str, cents: int | None) -> None:
    """Commas count between groups of three digits alone; all else is no number."""
    assert values.cents(text) == cents


def test_a_total_whose_commas_stand_oddly_is_told_and_the_former_stays() -> None:
    """Nobody can say what it is: what was known counts, it is named, and the score says that money is missing."""
    before, after = play([told(-600), told(-300, tote_pools=pools(win={"total": "10,39.71"}))])
    assert held(after, "win") == held(before, "win") > 0
    assert "tote_pools[Win].total" in named(after)
    assert (after.row.score or 0) <= 60


@pytest.mark.parametrize("flag", ["SCR", "scratched", 2, {"late": True}])
def test_a_scratching_in_words_that_nobody_knows_is_told(flag: Any) -> None:
    """Whether the runner runs cannot be read, and is not silently yes."""
    runners = [dict(r) for r in FIRST["runners"]]
    runners[0]["is_scratched"] = flag
    (step,) = play([told(-600, runners=runners)])
    assert "runners[0].is_scratched" in named(step)
