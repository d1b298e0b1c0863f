"""What is made once in a run of the tests is made once, and no reader can change it for another."""

import os
from pathlib import Path

import pytest

from tests.once import VARIABLE, file_once, kept, value_once


def test_a_value_is_made_once_and_each_reader_has_a_copy() -> None:
    """Whoever changes what was given to them changes it for themselves."""
    made: list[int] = []

    def make() -> dict[str, list[int]]:
        made.append(1)
        return {"rows": [1, 2]}

    with kept():
        first = value_once("rows", make)
        first["rows"].append(3)
        assert value_once("rows", make) == {"rows": [1, 2]}
    assert made == [1]


def test_what_could_not_be_made_is_tried_again() -> None:
    """Whoever fails half-way leaves nothing that the next would take for whole."""

    def fail(folder: Path) -> None:
        folder.mkdir()
        raise RuntimeError

    with kept():
        with pytest.raises(RuntimeError):
            file_once("tree", fail)
        assert list(file_once("tree", lambda folder: folder.mkdir()).iterdir()) == []


def test_a_run_within_a_run_has_its_own() -> None:
    """A mutant's tests read no day of the code that is sound, and leave the outer run's days as they are."""
    outer = os.environ[VARIABLE]
    with kept():
        inner = os.environ[VARIABLE]
        assert value_once("day", lambda: "broken") == "broken"
    assert not Path(inner).exists()
    assert os.environ[VARIABLE] == outer
