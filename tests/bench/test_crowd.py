"""What the densest minutes of a crowded day are counted from."""

from datetime import UTC, datetime, timedelta

from local.bench.crowd import Watched, main

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
    """The races around those minutes are kept, every sure slot is polled, and what a poll comes to is told."""
    found = main(60, "lean")
    assert 0 < found["kept"] < 60
    assert found["polls"] > 0
    assert found["missing"] == 0
    assert found["invocations_a_minute"]["most"] >= found["invocations_a_minute"]["mean"] > 0
    assert found["rows_read_a_poll"] > 0
