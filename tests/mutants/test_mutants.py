"""The catalogue of mutants: each has one place, a test and a day; what only crashes is not noticed."""

from pathlib import Path

import pytest

from local.functions import ROOT
from local.mutants.anchor import AnchorGone, Mutant, placed, read_catalogue
from local.mutants.days import DAYS
from local.mutants.trial import outcome_of, try_all

CATALOGUE = read_catalogue()
RULES = {
    "schedule", "labels", "shares", "flow", "score", "ledger", "commit", "aggregator", "alerts", "scheduler",
    "webhook", "imports", "filter", "silks", "store retries", "feed retries", "timeline rows", "entrants",
}  # fmt: skip
TELLS = Mutant("tells", "status", "Decision", "correction: bool = False", "correction: bool = True", "plain", ("t",))


def test_the_catalogue_is_large_and_covers_every_rule() -> None:
    """There are at least eighty mutants, over every rule that matters."""
    assert len(CATALOGUE) >= 80
    assert {mutant.rule for mutant in CATALOGUE} >= RULES


def test_every_mutant_has_tests_and_a_day() -> None:
    """Each mutant names a test, and a day that is there or the reason why there is none."""
    for mutant in CATALOGUE:
        assert bool(mutant.day) != bool(mutant.unseen), mutant.name
        assert mutant.day in DAYS or not mutant.day, mutant.name
        assert mutant.tests, mutant.name


@pytest.mark.parametrize(
    ("symbol", "old"), [("gone_function", "x"), ("decide", "text that is not there"), ("decide", "served")]
)
def test_a_mutant_without_one_place_is_an_error_by_its_name(symbol: str, old: str) -> None:
    """A symbol or a text that is gone, or there more than once, is told with the mutant's name."""
    with pytest.raises(AnchorGone, match=r"^lost-one: "):
        placed(Mutant("lost-one", "status", symbol, old, "y"), ROOT)


def test_a_symbol_is_found_wherever_its_file_stands(tmp_path: Path) -> None:
    """A method in a file that moved is found by its class and its own name."""
    moved = tmp_path / "shared" / "raceday" / "elsewhere" / "deep.py"
    moved.parent.mkdir(parents=True)
    moved.write_text("class A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 1\n")
    found = placed(Mutant("moved", "none", "A.g", "return 1", "return 2"), tmp_path)
    assert found.text.splitlines() == [*moved.read_text().splitlines()[:-1], "        return 2"]


@pytest.mark.parametrize(
    ("told", "survived"),
    [
        ({"tests": {"crashed": "ImportError in t"}, "day": {"crashed": "NameError"}}, ["tests", "day"]),
        ({"tests": {"failed": ["t: assert 1 == 2"]}, "day": {}}, ["day"]),
        ({"tests": {}, "day": {"differs": {"rows that differ": 1}}}, ["tests"]),
        ({"tests": {"failed": ["t: assert 1 == 2"]}, "day": {"differs": {"rows that differ": 1}}}, []),
        ({"error": "its tests fail without the mutant too"}, ["not tried"]),
    ],
)
def test_only_an_assertion_and_a_named_difference_count(told: dict[str, object], survived: list[str]) -> None:
    """A crash at import or in a handler is no kill, and neither is what fails without the mutant."""
    assert outcome_of(TELLS, {"name": TELLS.name, **told}).survived == survived


def test_a_sample_is_tried_in_a_copy_and_noticed() -> None:
    """A mutant is noticed by its test and its day, one that changes nothing survives, and the tree is as it was."""
    real = next(mutant for mutant in CATALOGUE if mutant.name == "t65-is-70")
    same = Mutant("same", "schedule", "T5_SECS", "5 * 60", "60 * 5", real.day, real.tests)
    before = placed(real, ROOT).path.read_text("utf-8")
    noticed, survivor = try_all([real, same], ROOT, 1)
    assert noticed.survived == []
    assert noticed.killer.startswith("tests/racing/test_schedule.py::")
    assert "polls that nothing asks for" in noticed.said
    assert survivor.survived == ["tests", "day"]
    assert placed(real, ROOT).path.read_text("utf-8") == before
