"""The suite's health row and its alarms, kept by the scheduler."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from raceday.clock import iso
from raceday.errors import StoreUnavailable
from raceday.racing.nzday import race_day
from raceday.racing.records import Gap, PoolTotals
from raceday.runtime.alarm import PostAlarm
from raceday.scheduling.alarms import Trouble, new_alarms
from raceday.settings import Settings
from raceday.tables import QUARANTINE, RACE_POOLS, SUITE_STATE
from tests.scheduling.kit import START, Suite

NIGHT = START - timedelta(hours=14)
IMPORTED = NIGHT.replace(hour=17, minute=0) - timedelta(days=1)
DUE = {
    "daily-meetings": timedelta(0),
    "daily-races": timedelta(minutes=10),
    "daily-entrants": timedelta(minutes=20),
    "prune": timedelta(minutes=40),
}
ALARM = Settings(alarm_url="https://alarm.test/hook")


class Heard:
    """An alarm URL that writes down what it is told, or does not answer."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.deaf = False

    async def send(self, message: dict[str, Any]) -> bool:
        """Take a message."""
        if not self.deaf:
            self.messages.append(message)
        return not self.deaf

    @property
    def kinds(self) -> list[list[str]]:
        """Return the kinds of alarm of each message."""
        return [[alarm["kind"] for alarm in m["alarms"]] for m in self.messages]


class Watched(Suite):
    """The scheduler's suite with an alarm URL."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.heard = Heard()
        self.alarm = self.heard
        for name in ("daily-meetings", "daily-races", "daily-entrants", "prune"):
            self.state("run", name, "finished", IMPORTED + DUE[name])

    def ticks(self, first: datetime, minutes: int) -> None:
        """Run so many minutes' ticks, the first at an instant."""
        for minute in range(minutes):
            self.tick(first + timedelta(minutes=minute))

    def health(self) -> dict[str, Any]:
        """Read the health row."""
        (row,) = [r for r in self.store.tables[SUITE_STATE].values() if r["kind"] == "health"]
        return {**row, **json.loads(row["data"])}

    def gap(self, n: int, slot: datetime, gap_at: datetime, cause: str = "feed_timeout") -> None:
        """Store a ledger row that tells of one gap before it."""
        self.polled("r1", n, slot, gaps=(Gap(gap_at, cause),))


@pytest.fixture
def suite() -> Watched:
    """Return a quiet suite at night."""
    return Watched(NIGHT, settings=ALARM)


def test_a_quiet_suite_is_ok_and_writes_each_five_minutes(suite: Watched) -> None:
    """Eleven ticks write the health row at the first, sixth and eleventh, say ok and tell nobody."""
    ats = []
    for minute in range(11):
        suite.tick(NIGHT + timedelta(minutes=minute, seconds=1))
        ats.append(suite.health()["at"])
    assert len(set(ats)) == 3
    assert suite.health()["status"] == "ok"
    assert suite.heard.messages == []


def test_it_costs_two_queries_and_a_write_in_five_minutes(suite: Watched) -> None:
    """A minute in between costs not one store call more than a suite without health."""
    suite.ticks(NIGHT, 2)
    counts = []
    for minute in range(2, 7):
        before = suite.store.calls
        suite.tick(NIGHT + timedelta(minutes=minute))
        counts.append(suite.store.calls - before)
    assert max(counts) - min(counts) <= 3


def test_gaps_are_kept_with_their_causes_and_told_once(suite: Watched) -> None:
    """A gap makes the row a warning that names the cause; it is told once, and a new one not before half an hour."""
    suite.gap(1, NIGHT - timedelta(minutes=1), NIGHT - timedelta(minutes=2))
    suite.ticks(NIGHT, 11)
    assert suite.health()["status"] == "warning"
    assert suite.health()["causes"] == {"feed_timeout": 1}
    assert suite.heard.kinds == [["gaps"]]
    suite.gap(2, NIGHT + timedelta(minutes=10), NIGHT + timedelta(minutes=9), "store")
    suite.ticks(NIGHT + timedelta(minutes=11), 19)
    assert suite.heard.kinds == [["gaps"]]
    suite.ticks(NIGHT + timedelta(minutes=30), 6)
    assert suite.heard.kinds == [["gaps"], ["gaps"]]
    assert suite.health()["causes"] == {"feed_timeout": 1, "store": 1}


def test_gaps_are_forgotten_after_an_hour(suite: Watched) -> None:
    """An hour after a gap the row is ok again."""
    suite.gap(1, NIGHT - timedelta(minutes=1), NIGHT - timedelta(minutes=2))
    suite.ticks(NIGHT, 66)
    assert suite.health()["status"] == "ok"
    assert len(suite.heard.messages) == 1


def test_a_scheduler_that_stood_still_is_told_by_the_next_tick(suite: Watched) -> None:
    """A tick four minutes after the one before it tells of the standstill at once, and only once."""
    suite.ticks(NIGHT, 2)
    suite.ticks(NIGHT + timedelta(minutes=5), 8)
    assert suite.heard.kinds == [["standstill"]]
    (gone,) = suite.health()["standstills"]
    assert gone == {"from": iso(NIGHT + timedelta(minutes=1)), "to": iso(NIGHT + timedelta(minutes=5))}


def test_a_quarantined_payload_is_told(suite: Watched) -> None:
    """A payload that could not be read is told with its subject and field."""
    row = {"subject": "race r9", "field": "runners", "seenAt": iso(NIGHT - timedelta(minutes=3))}
    suite.run(lambda: suite.store.create(QUARANTINE, "q1", row))
    suite.tick(NIGHT)
    assert suite.heard.kinds == [["quarantine"]]
    assert "race r9: runners" in suite.heard.messages[0]["text"]


def test_an_import_that_does_not_finish_is_failing_and_told_each_half_hour(suite: Watched) -> None:
    """An import of the day that never finished is failing, and told again while it lasts."""
    suite.state("run", "daily-entrants", "started", IMPORTED + DUE["daily-entrants"])
    suite.ticks(NIGHT, 51)
    assert suite.health()["status"] == "failing"
    assert suite.heard.kinds == [["import:daily-entrants"], ["import:daily-entrants"]]


def test_an_import_made_up_hours_late_is_given_its_time() -> None:
    """A suite that is first started at night imports at once, and nothing is wrong with that yet."""
    suite = Watched(NIGHT, settings=ALARM)
    suite.store.tables[SUITE_STATE].clear()
    suite.ticks(NIGHT, 7)
    assert "daily-meetings" in suite.invoker.names()
    assert suite.health()["status"] == "ok"
    assert suite.heard.messages == []


def test_pool_totals_that_lag_twice_in_a_row_point_to_a_webhook(suite: Watched) -> None:
    """Where a function left most races behind at two looks, its webhook is suspected to be switched off."""
    start = NIGHT + timedelta(minutes=20)
    suite.race("r1", start)
    suite.run(lambda: suite.store.create(RACE_POOLS, "r1", {"raceId": "r1", "n": 0}))
    for minute in range(7):
        at = NIGHT + timedelta(minutes=minute)
        suite.polled("r1", minute + 1, at - timedelta(seconds=30), pools=PoolTotals({"win": 100}, {}))
        suite.tick(at)
    assert suite.health()["lagging"]["race-pools-aggregator"]["looks"] == 2
    assert suite.heard.kinds == [["webhook"]]


def test_races_in_trouble_are_named(suite: Watched) -> None:
    """A race unfinished an hour after its start, and one near it without entrants, are named."""
    suite.race("old", NIGHT - timedelta(minutes=90))
    suite.race("empty", NIGHT + timedelta(minutes=20), entrantsImportedAt=None)
    suite.race("fine", NIGHT + timedelta(minutes=20))
    suite.tick(NIGHT)
    assert {race["race"] for race in suite.health()["races"]} == {"old", "empty"}
    assert suite.heard.kinds == [["races"]]


def test_an_alarm_that_did_not_get_through_is_sent_again(suite: Watched) -> None:
    """A deaf URL fails no tick, and hears the alarm five minutes later."""
    suite.gap(1, NIGHT - timedelta(minutes=1), NIGHT - timedelta(minutes=2))
    suite.heard.deaf = True
    assert suite.tick(NIGHT)["failures"] == []
    suite.heard.deaf = False
    suite.ticks(NIGHT + timedelta(minutes=1), 5)
    assert suite.heard.kinds == [["gaps"]]


def test_without_an_alarm_url_nobody_is_told() -> None:
    """The row is kept, and nothing is sent, where no URL is set."""
    suite = Watched(NIGHT)
    suite.gap(1, NIGHT - timedelta(minutes=1), NIGHT - timedelta(minutes=2))
    suite.tick(NIGHT)
    assert suite.health()["status"] == "warning"
    assert suite.heard.messages == []


def test_a_tick_survives_a_store_that_refuses_the_look(suite: Watched) -> None:
    """A quarantine table that cannot be read is a failure of the report, and the tick ends."""
    find = suite.store.find

    async def broken(table: str, *args: Any, **more: Any) -> Any:
        if table == QUARANTINE:
            raise StoreUnavailable("down")
        return await find(table, *args, **more)

    suite.store.find = broken  # type: ignore[method-assign]
    report = suite.tick(NIGHT)
    assert [failure["item"] for failure in report["failures"]] == ["health"]


def test_trouble_that_lasts_is_told_again_and_an_old_instance_is_not() -> None:
    """After half an hour unmarked trouble is told anew, marked trouble only with a new mark."""
    told = {"a": [iso(NIGHT), ""], "b": [iso(NIGHT), "x"], "c": [iso(NIGHT), "x"]}
    troubles = [Trouble("a", ""), Trouble("b", "", "x"), Trouble("c", "", "y"), Trouble("d", "", "z")]
    assert [t.key for t in new_alarms(troubles, told, NIGHT + timedelta(minutes=29))] == ["d"]
    assert [t.key for t in new_alarms(troubles, told, NIGHT + timedelta(minutes=31))] == ["a", "c", "d"]


def _refuse(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectTimeout("no")


@pytest.mark.parametrize(
    ("answer", "through"),
    [(lambda _: httpx.Response(204), True), (lambda _: httpx.Response(500), False), (_refuse, False)],
)
def test_a_post_tells_whether_it_got_through(answer: Any, through: bool) -> None:
    """A 2xx is through; another status and no answer are not, and neither raises."""
    alarm = PostAlarm("https://alarm.test/hook", httpx.MockTransport(answer))
    assert asyncio.run(alarm.send({"text": "x"})) is through


def test_the_alarm_is_posted_as_json() -> None:
    """The message arrives as the JSON body of one POST."""
    seen: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    asyncio.run(PostAlarm("https://alarm.test/hook", httpx.MockTransport(take)).send({"text": "x"}))
    assert [(r.method, json.loads(r.content)) for r in seen] == [("POST", {"text": "x"})]


def test_the_scheduler_names_its_health_in_the_report(suite: Watched) -> None:
    """A tick that looked says the status in its report."""
    assert suite.tick(NIGHT)["health"] == "ok"
    assert "health" not in suite.tick(NIGHT + timedelta(minutes=1))


@pytest.mark.parametrize(("today", "week_ago", "told"), [(3, 10, True), (5, 10, False), (0, 7, False)])
def test_a_card_far_smaller_than_the_same_weekdays_is_told(
    suite: Watched, today: int, week_ago: int, told: bool
) -> None:
    """Fewer than half the races of a week before is told once, with both counts; a small club's day is not."""
    morning = NIGHT + timedelta(hours=6)
    day = race_day(morning)
    for name, minutes in DUE.items():
        suite.state("run", name, "finished", IMPORTED + timedelta(days=1) + minutes)
    for count, date in ((today, day), (week_ago, day - timedelta(days=7))):
        for n in range(count):
            start = NIGHT + timedelta(hours=30)
            suite.race(f"{date}.{n}", start, "Final", raceDateNz=date.isoformat())
    suite.ticks(morning, 11)
    assert suite.health()["card"] == {"day": day.isoformat(), "races": today, "week_ago": week_ago}
    assert suite.heard.kinds == ([["card"]] if told else [])
    if told:
        assert "3 races" in suite.heard.messages[0]["alarms"][0]["text"]
        suite.race(f"{day}.more", NIGHT + timedelta(hours=30), "Final", raceDateNz=day.isoformat())
        suite.race(f"{day}.most", NIGHT + timedelta(hours=30), "Final", raceDateNz=day.isoformat())
        suite.ticks(morning + timedelta(minutes=11), 11)
        assert suite.health()["card"]["races"] == 5
