"""What a tick hands out beside slots: re-checks of races that are over, and looks at their results."""

from datetime import timedelta

from raceday.clock import iso
from raceday.racing.snapshot import Status
from raceday.scheduling.results_watch import EVERY_MINUTES, MOST
from raceday.tables import RACE_RESULTS
from tests.scheduling.kit import POLLER, START, Suite, at_minute


def test_a_recheck_stays_where_a_second_look_drops_races_that_are_over() -> None:
    """A tick that looks twice at far slots starts the poller of the re-check that it handed out between."""
    suite, slot = Suite(at_minute(70)), START - timedelta(minutes=20)
    recheck = slot + timedelta(seconds=30)
    suite.race("far")
    suite.race("over", status="Final")
    suite.polled("over", 1, recheck - timedelta(minutes=5), Status.FINAL)
    suite.tick(at_minute(21))
    suite.tick(at_minute(20))
    assert suite.invoker.slots().count(("far", iso(slot))) == 2
    assert suite.invoker.slots().count(("over", iso(recheck))) == 1


def test_results_that_wait_longest_are_looked_at_first() -> None:
    """Of more results than one poller takes the oldest go first, and none that is not due."""
    suite = Suite(at_minute(70))
    races = [f"r{i:02}" for i in range(MOST + 5)]
    for i, race in enumerate(reversed(races)):
        _due(suite, race, minutes_ago=i)
    _due(suite, "later", minutes_ago=-1)
    assert _looks(suite) == races[:MOST]
    for race in races[:MOST]:
        _looked_at(suite, race)
    assert _looks(suite, minutes=EVERY_MINUTES) == [*races[MOST:], "later"]


def _due(suite: Suite, race: str, *, minutes_ago: int) -> None:
    """Store a race's results, to be looked at so long ago."""
    at = iso(suite.at - timedelta(minutes=minutes_ago))
    row = {"raceId": race, "race": race, "resultStatus": "final", "nextLookAt": at}
    suite.run(lambda: suite.store.create(RACE_RESULTS, race, row))


def _looked_at(suite: Suite, race: str) -> None:
    """Let nobody look at a race's results any more."""
    suite.run(lambda: suite.store.update(RACE_RESULTS, race, {"nextLookAt": None}))


def _looks(suite: Suite, *, minutes: int = 0) -> list[str]:
    """Run a tick so much later; gives the races that a poller was started to look at, in order."""
    before = len(suite.invoker.started)
    suite.tick(suite.at + timedelta(minutes=minutes))
    slots = [slot for name, p in suite.invoker.started[before:] if name == POLLER for slot in p["slots"]]
    return [slot["raceId"] for slot in slots if slot["kind"] == "watch"]
