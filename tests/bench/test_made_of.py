"""What a day's GiB-seconds are made of."""

from datetime import UTC, datetime, timedelta
from typing import Any

from local.bench.cost_probe import main
from local.bench.made_of import CRITICAL, FAR, FAR_POLLER, IDLE, NEAR_POLLER, OTHERS, WATCHDOG, MadeOf
from local.simulate.platform import Limit
from raceday.catalogue.functions import POLLER, SCHEDULER, TRACKER

AT = datetime(2026, 2, 14, 4, 0, tzinfo=UTC)


def text(secs: float) -> str:
    """Return an instant as rows have it."""
    return (AT + timedelta(seconds=secs)).isoformat()


def test_each_activation_stands_in_one_row() -> None:
    """Schedulers stand by what their pollers polled, pollers by their own slots, and the wait for a slot beside."""
    limits = {name: Limit(900, 0.5) for name in (POLLER.name, SCHEDULER.name, TRACKER.name, "daily-meetings")}
    made = MadeOf(limits)

    def done(name: str, secs: float, lasted: float, answer: dict[str, Any]) -> None:
        made.done(name, "a", AT + timedelta(seconds=secs), lasted * 1000, answer, False)

    def polled(race: str, secs: float) -> dict[str, Any]:
        return {"results": [{"raceId": race, "slot": text(secs)}]}

    for minute, lasted in ((0, 30.0), (60, 40.0), (120, 1.0)):
        done(SCHEDULER.name, minute, lasted, {})
    # The last poller of the first minute begins just after the scheduler has ended.
    done(POLLER.name, 30.4, 2.0, polled("near", 31.4))
    done(POLLER.name, 70, 2.05, polled("far", 71))
    done(POLLER.name, 75, 1.0, {"results": []})
    done("daily-meetings", 10, 0.1, {"stoodIn": False})
    done(TRACKER.name, 10, 0.1, {})
    ledger = [
        {"raceId": "near", "kind": "slot", "slot": text(31.4), "startTime": text(100)},
        {"raceId": "far", "kind": "slot", "slot": text(71), "startTime": text(4000)},
    ]
    found = {row: (each["runs"], each["gib_secs"], each["before_slot"]) for row, each in made.rows(ledger).items()}
    assert found == {
        CRITICAL: (1, 15.0, 0.0),
        FAR: (1, 20.0, 0.0),
        IDLE: (1, 0.5, 0.0),
        NEAR_POLLER: (1, 1.0, 0.5),
        FAR_POLLER: (2, 1.6, 0.5),
        WATCHDOG: (1, 0.1, 0.0),
        OTHERS: (1, 0.1, 0.0),
    }


def test_the_rows_add_up_to_the_day() -> None:
    """No activation of a simulated day is left out, and none stands twice."""
    found = main(2, "lean")
    assert abs(sum(row["gib_secs"] for row in found["made_of"].values()) - found["day_gib_secs"]) < 0.5
