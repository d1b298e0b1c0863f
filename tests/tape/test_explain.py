"""Every stored figure of a day is made again from the tape, and one that was changed is marked."""

import pytest

from local.tape.explain import RaceStory, check_lines, day_figures, runner_lines
from local.tape.reader import Tape
from raceday.racing.records import LedgerRow
from raceday.tables import MONEY_FLOW, RACE_POLLS, RACES
from tests.tape.kit import taped_day


def test_no_figure_of_a_day_differs() -> None:
    """Every column of every poll and label of a day comes out of the tape as it is stored."""
    path, stored = taped_day(1, 3)
    found = list(day_figures(stored, Tape.open(path), sorted(stored[RACES])))
    assert len(found) > 20_000
    assert [f"{race} {figure}" for race, figure in found if figure.differs] == []


def test_a_changed_figure_is_marked_where_it_stands_and_nowhere_else() -> None:
    """One cent changed in the ledger and one on the timeline are each found, for the tape does not say so."""
    path, stored = taped_day(1, 3)
    hurt = {table: dict(rows) for table, rows in stored.items()}
    label = next(k for k, r in sorted(hurt[MONEY_FLOW].items()) if r["timeInterval"] == 15)
    race = hurt[MONEY_FLOW][label]["raceId"]
    hurt[MONEY_FLOW][label] = {**hurt[MONEY_FLOW][label], "winPoolAmount": -5}
    poll = next(k for k, r in sorted(hurt[RACE_POLLS].items()) if r["raceId"] == race and r["n"] == 9)
    hurt[RACE_POLLS][poll] = {**hurt[RACE_POLLS][poll], "score": 1}
    found = [figure for _, figure in day_figures(hurt, Tape.open(path), [race]) if figure.differs]
    assert sorted(figure.name.split()[-1] for figure in found) == ["score", "winPoolAmount"]


def test_a_runner_at_a_label_is_told_step_by_step() -> None:
    """Answer, pool, odds, share, cents, growth and every check of one figure stand there, none of them differing."""
    path, stored = taped_day(1, 3)
    story = RaceStory(stored, Tape.open(path), min(r["raceId"] for r in stored[RACE_POLLS].values()))
    line = next(r for r in story.labels[3].state.runners if not r.scratched)
    text = "\n".join(runner_lines(story, line.number, story.labels[3].label))
    for word in ("part 1 record", "win pool", "pool_win", "before apportioning", "since poll", "win_identity"):
        assert word in text
    assert "!=" not in text
    with pytest.raises(LookupError, match="no runner 99"):
        runner_lines(story, 99, story.labels[3].label)
    told = story.by_n(story.labels[3].state.n)
    told.stored = replace_cents(told.stored, line.entrant_id)
    assert "!=" in "\n".join(runner_lines(story, line.number, story.labels[3].label))


def test_a_check_that_differs_says_in_what() -> None:
    """Another score or another limit with the same value is named, and what is equal is not."""
    path, stored = taped_day(1, 3)
    story = RaceStory(stored, Tape.open(path), min(r["raceId"] for r in stored[RACE_POLLS].values()))
    told = story.told[3]
    first, *others = told.stored.checks
    told.stored = told.stored._replace(checks=(first._replace(score=0.5, expected="else"), *others))
    marked = [line for line in check_lines(told) if "!=" in line]
    assert [line.partition("  != ")[2] for line in marked] == [
        f"made again score {first.score}, expected {first.expected}"
    ]


def replace_cents(row: LedgerRow, entrant_id: str) -> LedgerRow:
    """Return a ledger row with one cent more on a runner."""
    runners = tuple(
        r._replace(win_cents=(r.win_cents or 0) + 1) if r.entrant_id == entrant_id else r for r in row.runners
    )
    return row._replace(runners=runners)
