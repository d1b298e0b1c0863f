"""The page made of a run's results: every mutant once, in order, and nothing of a run that was not whole."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from local.commands.mutants import mutants
from local.docs.pages import DOCS
from local.mutants import table
from local.mutants.anchor import Mutant, read_catalogue
from local.mutants.trial import TrialOutcome

PAGE = DOCS / "mutants.md"
FOUND = Mutant("found", "flow", "f", "a", "b", "plain", ("tests/x/test_y.py::test_z",))
HIDDEN = Mutant("hidden", "silks", "g", "a", "b", "", ("tests/x/test_y.py::test_q",), "no day draws silks")


def rows() -> list[dict[str, Any]]:
    """Return what a run tells of both, the later one first."""
    return [
        TrialOutcome(HIDDEN, "tests/x/test_y.py::test_q[1]: assert 1 == 2").row(),
        TrialOutcome(FOUND, "tests/x/test_y.py::test_z: assert []", "2 rows that differ: a|b").row(),
    ]


def test_each_mutant_has_its_line_with_who_noticed() -> None:
    """A line has the name, the rule, the test without its parameters, the day, and what it said or why it cannot."""
    text = table.page([FOUND, HIDDEN], rows())
    assert text.splitlines()[-2:] == [
        "| found | flow | `x/test_y.py::test_z` | plain | 2 rows that differ: a/b |",
        "| hidden | silks | `x/test_y.py::test_q` | - | no day draws silks |",
    ]
    assert "2 mutants, 2 noticed by a test, 1 by a simulated day, 1 that no day can tell;\n0 survived" in text


def test_a_survivor_is_told_as_one() -> None:
    """What nobody noticed is no kill in the table either."""
    alive = [TrialOutcome(FOUND, "", "").row(), rows()[0]]
    text = table.page([FOUND, HIDDEN], alive)
    assert "| found | flow | - | plain | SURVIVED (tests and day) |" in text
    assert ";\n1 survived" in text


def test_a_partial_page_says_who_was_not_tried() -> None:
    """What has no result, or one of another text, is neither noticed nor alive there."""
    for given in (rows()[1:], [rows()[1], {**rows()[0], "digest": "another"}]):
        text = table.page([FOUND, HIDDEN], given, partial=True)
        assert (
            "2 mutants, 1 noticed by a test, 1 by a simulated day, 1 that no day can tell;\n0 survived; 1 were" in text
        )
        assert text.splitlines()[-1] == "| hidden | silks | - | - | not tried |"


def test_the_page_names_the_catalogue_as_it_is() -> None:
    """Each mutant stands there once and in order, with its rule, one of its tests, and its day or why there is none."""
    lines = [line.strip("| ").split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    shown, catalogue = lines[1:], read_catalogue()
    assert [cells[:2] for cells in shown] == [[mutant.name, mutant.rule] for mutant in catalogue]
    for mutant, (_, _, test, day, words) in zip(catalogue, shown, strict=True):
        named = {f"`{node.split('[')[0].removeprefix('tests/')}`" for node in mutant.tests}
        assert day == (mutant.day or "-"), mutant.name
        assert test in (named if words != table.UNTRIED else {"-"}), f"{mutant.name}: {test}"
        assert words, mutant.name
        assert not words.startswith("SURVIVED"), mutant.name


@pytest.mark.parametrize(("given", "first"), [(rows()[:1], "found"), (rows()[1:], "hidden"), ([], "found, hidden")])
def test_a_run_of_some_makes_no_page(given: list[dict[str, Any]], first: str) -> None:
    """Results that lack mutants of the catalogue are refused with the first names."""
    with pytest.raises(ValueError, match=rf"got none of {first}$"):
        table.page([FOUND, HIDDEN], given)


def test_a_result_of_another_text_test_or_day_makes_no_page() -> None:
    """A mutant that was changed since it was tried has to be tried again."""
    for changed in (replace(FOUND, new="c"), replace(FOUND, tests=("t::t",)), replace(FOUND, day="pair")):
        with pytest.raises(ValueError, match=r"older ones of found$"):
            table.page([changed, HIDDEN], rows())


def test_of_several_results_the_last_counts() -> None:
    """What was tried again replaces what was found before; results of mutants that are gone are passed over."""
    again = TrialOutcome(FOUND, "tests/x/test_y.py::test_z: assert []", "3 rows that differ").row()
    gone = {**again, "mutant": "gone"}
    text = table.page([FOUND, HIDDEN], [*rows(), again, gone])
    assert "3 rows that differ |" in text
    assert "2 rows that differ" not in text
    assert "gone" not in text


def test_the_command_prints_the_page_of_a_file(tmp_path: Path) -> None:
    """`--table FILE` prints the page; a file that is none, or of another catalogue, is one line and exit code 2."""
    whole = [TrialOutcome(each, "tests/t.py::t: assert 0", "1 rows that differ").row() for each in read_catalogue()]
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps({"mutants": whole}))
    bad.write_text(json.dumps({"mutants": whole[:3]}))
    printed = CliRunner().invoke(mutants, ["--table", str(good)], standalone_mode=False)
    assert (printed.return_value, printed.output) == (0, table.page(read_catalogue(), whole))
    for file in (bad, tmp_path / "none.json"):
        refused = CliRunner().invoke(mutants, ["--table", str(file)], standalone_mode=False)
        assert refused.return_value == 2
        assert refused.stderr.startswith("raceday mutants: --table: ")
        assert len(refused.stderr.splitlines()) == 1
