"""Scores separate sound answers from those that are broken in one way."""

import pytest

from local.judging.broken_answers import BREAKAGES
from local.judging.score_table import SOUND_AT_LEAST, Half, generated, halves, recorded, table
from raceday.racing.score import FAILED_AT_MOST, UNDECIDED_AT_MOST
from raceday.racing.validation import WEIGHTS
from tests.recorded import RECORDED, needs_recorded


@pytest.fixture(scope="module")
def judged() -> tuple[Half, Half]:
    """Return both halves of a generated day that nothing was calibrated on."""
    return halves(generated(2, 8))


def test_all_answers_of_a_race_are_of_one_half(judged: tuple[Half, Half]) -> None:
    """What was calibrated on shares no race with what is reported, and each half has some."""
    races = [{name.split()[0] for name, *_ in half.sound} for half in judged]
    assert all(len(names) > 2 for names in races)
    assert not races[0] & races[1]


def test_every_sound_answer_scores_ninety(judged: tuple[Half, Half]) -> None:
    """No check costs a sound answer much; what nobody can decide is capped."""
    scores = [score for half in judged for _, score, _ in half.sound]
    assert len(scores) > 30
    assert min(scores) >= SOUND_AT_LEAST
    assert all(score <= UNDECIDED_AT_MOST for half in judged for _, score in half.undecided)


def test_nearly_every_wrong_figure_of_the_money_caps_the_score(judged: tuple[Half, Half]) -> None:
    """Of answers whose Win or Place is broken at most one in fifty scores over 60: one answer cannot tell those."""
    money = [score for half in judged for _, each, score, _ in half.broken if each.money]
    assert len(money) > 200
    assert sum(score > FAILED_AT_MOST for score in money) <= len(money) // 50


def test_each_way_to_break_an_answer_is_tried_and_mostly_seen(judged: tuple[Half, Half]) -> None:
    """Every breakage fits some answer, names a check, and that check fails for most of them."""
    for each in BREAKAGES:
        assert each.check in WEIGHTS
        names = [found for half in judged for _, other, _, found in half.broken if other is each]
        assert names, each.name
        assert 2 * sum(each.check in found for found in names) > len(names), each.name


def test_the_table_has_a_line_for_each_check(judged: tuple[Half, Half]) -> None:
    """The page lists all checks in their order."""
    lines = table(judged[1]).splitlines()[2 : 2 + len(WEIGHTS)]
    assert [line.split("`")[1] for line in lines] == list(WEIGHTS)


@needs_recorded
def test_recorded_answers_are_told_apart() -> None:
    """Every recorded answer is sound, and broken in its money none scores over 60."""
    both = halves(recorded(RECORDED))
    assert [half.outside() for half in both] == [[], []]
    assert sum(len(half.sound) for half in both) == 29
