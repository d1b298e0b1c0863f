"""The judge of the evaluator: it counts what is there, and bites when the evaluator tells what is not."""

import pytest
from click.testing import CliRunner

from local.commands.alerts import alerts as command
from local.judging import alert_score
from raceday.ledger.timeline import Label
from raceday.projections import alerts
from raceday.racing.movements import Movement


def test_the_evaluator_tells_what_is_real_and_nothing_else() -> None:
    """Over a generated day with suspended prices, missing odds, scratchings and gaps no alert is false."""
    found = alert_score.score(1, races=8)
    assert all(k.false == 0 for k in found.kinds.values()), found.as_json()
    assert all(k.recall is None or k.recall >= alert_score.LEAST_RECALL for k in found.kinds.values())
    assert found.kinds["odds"].shown > 20
    assert found.kinds["money_win"].shown > 0
    assert all(found.faults[word] > 0 for word in ("suspensions", "odds missing", "gaps", "late scratchings"))
    assert found.spanning > 0


@pytest.mark.parametrize("said", ["everything", "nothing"])
def test_the_judge_bites(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An evaluator that tells everything has false alerts, one that tells nothing no recall; both are not good."""

    def all_moved(_: Label, now: Label) -> list[Movement]:
        return [Movement(r.entrant_id, "odds", 9.0, 9.0, "fixed", 2.0, 1.8) for r in now.state.runners]

    monkeypatch.setattr(alerts, "moved", all_moved if said == "everything" else lambda _a, _b: [])
    found = alert_score.score(1, races=2)
    odds = found.kinds["odds"]
    assert not found.good
    assert (odds.false > 0, odds.recall) == ((True, 1.0) if said == "everything" else (False, 0.0))


def test_the_command_prints_counts_of_each_kind() -> None:
    """The table has a line for each kind, with what was real, shown, told and false."""
    result = CliRunner().invoke(command, ["score", "--days", "1", "--races", "2"], standalone_mode=False)
    lines = result.output.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["kind", "money_win", "money_place", "odds"]
    assert "2 races" in lines[0]
