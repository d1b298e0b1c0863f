"""What the densest minutes of a crowded day are counted from."""

from datetime import UTC, datetime, timedelta

import pytest

from local.bench.crowd import Watched, arguments, main

AT = datetime(2026, 2, 14, 4, 0, tzinfo=UTC)


def test_activations_are_counted_at_once_and_by_the_minute() -> None:
    """Two that overlap count two at once, one that begins as another ends does not; minutes outside count nowhere."""
    watched = Watched()
    for name, begins, lasts in (("poller", 0, 3000), ("poller", 1, 1000), ("tracker", 3, 1000), ("poller", 70, 500)):
        watched.done(name, "a", AT + timedelta(seconds=begins), lasts, {}, False)
    end = AT + timedelta(minutes=2)
    assert watched.at_once(AT, end) == 2
    assert watched.at_once(AT, end, "tracker") == 1
    assert watched.a_minute(AT, end) == [3, 1]
    assert watched.a_minute(AT, AT + timedelta(minutes=1)) == [3]


def test_a_crowded_day_is_told_by_its_densest_minutes() -> None:
    """The races around those minutes are kept, every sure slot is polled, and seconds a poll are told, not rows."""
    found = main(60, "lean")
    assert 0 < found["kept"] < 60
    assert found["polls"] > 0
    assert found["missing"] == 0
    assert found["invocations_a_minute"]["most"] >= found["invocations_a_minute"]["mean"] > 0
    assert found["gib_secs_a_poll"] > 0
    assert not [key for key in found if any(word in key for word in ("read", "written", "calls", "dollars"))]


@pytest.mark.parametrize("text", ["0", "5001", "-3", "1.5", "many", "", "٣", "9" * 5000])
def test_another_number_of_races_is_refused_in_a_line(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no number from 1 to 5000 is told with those two, not with all that it might be."""
    with pytest.raises(SystemExit) as ended:
        arguments().parse_args(["--", text, "lean"])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "expected 1 to 5000 races" in told
    assert len(told) < 300
