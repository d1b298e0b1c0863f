"""The dead man's switch: a watcher hears of each tick, and health is answered over HTTP."""

import itertools
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from local.simulate.loop import VirtualLoop
from raceday.call import Call, Http
from raceday.catalogue.functions import IMPORTS
from raceday.clock import instant
from raceday.container import Container
from raceday.errors import BadRequest, RaceDayError, StoreRefused
from raceday.runtime.heartbeat import PostHeartbeat, failing
from raceday.scheduling import scheduler
from raceday.settings import Settings
from raceday.tables import SUITE_STATE
from tests.scheduling.kit import POLLER, START, Suite

# A watcher such as healthchecks.io, with a period and a grace of a minute each, tells when this long passed unheard.
PATIENCE = timedelta(minutes=2)


class Watcher:
    """Notes each beat with its instant; hears nothing while it is deaf."""

    def __init__(self) -> None:
        self.beats: list[tuple[Any, bool, str]] = []
        self.now: Callable[[], Any] = lambda: None
        self.deaf = False

    async def beat(self, done: bool, summary: str) -> bool:
        """Take a beat."""
        self.beats.append((self.now(), done, summary))
        return not self.deaf


class Watched(Suite):
    """The scheduler's suite with a watcher."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.watcher = Watcher()

    def container(self, loop: VirtualLoop, *, cold: bool = False) -> Container:
        """Return what a stage works with, the watcher included."""
        made = super().container(loop, cold=cold)
        made.heartbeat = self.watcher
        self.watcher.now = made.clock.now
        return made

    def ask(self, method: str = "GET") -> dict[str, Any]:
        """Ask the scheduler over HTTP at the suite's instant."""
        loop = VirtualLoop(self.at)
        container = self.container(loop)
        http = Http(method, "", "", {}, b"")
        call = Call("master-race-scheduler", {}, "a", self.at.timestamp() + 60, container.clock, container.log, http)
        try:
            answer: dict[str, Any] = loop.run_until_complete(scheduler.handle(container, call))
        finally:
            loop.close()
        return answer


def test_the_watcher_hears_of_each_tick_with_its_summary() -> None:
    """A tick that did its work beats once, with what it did; one that could not beats as failed and still fails."""
    suite = Watched(START)
    suite.tick(START)
    ((_, done, summary),) = suite.watcher.beats
    assert (done, json.loads(summary)["ok"]) == (True, True)
    suite.store.refusals = 99
    with pytest.raises(StoreRefused):
        suite.tick(START + timedelta(minutes=1))
    assert suite.watcher.beats[-1][1:] == (False, '{"error": "StoreRefused"}')


def test_a_tick_whose_pollers_are_refused_beats_as_failed() -> None:
    """Where the platform takes no start, as with a key that has expired, nothing is polled: the watcher hears it."""
    suite = Watched(START)
    suite.race("r1", START + timedelta(minutes=5))
    suite.invoker.broken = frozenset({POLLER})
    for minute in range(4):
        suite.tick(START + timedelta(minutes=minute))
    assert suite.invoker.slots() == []
    beats = [(done, json.loads(summary).get("unstarted")) for _, done, summary in suite.watcher.beats]
    assert (False, [POLLER]) in beats
    assert beats[-1] == (False, [POLLER])
    suite.invoker.broken = frozenset()
    suite.tick(START + timedelta(minutes=4))
    assert suite.watcher.beats[-1][1] is True


def test_a_poller_that_is_taken_at_the_next_try_is_no_failure() -> None:
    """One refusal that a try five seconds later makes good costs no slot, and the tick did its work."""
    suite = Watched(START)
    suite.race("r1", START + timedelta(minutes=20, seconds=30))
    suite.invoker.refusals = 0
    for minute in range(20):
        before = len(suite.invoker.slots())
        suite.invoker.refusals = 2 if minute == 19 else 0
        report = suite.tick(START + timedelta(minutes=minute))
    assert [failure["item"] for failure in report["failures"]] == [POLLER]
    assert len(suite.invoker.slots()) > before
    assert suite.watcher.beats[-1][1] is True


def test_one_slot_of_several_that_nobody_polls_is_a_failure() -> None:
    """A tick that lost a part of its slots did not do its work, though others have their pollers."""
    suite = Watched(START, settings=Settings(races_per_poller=1))
    for name in ("r1", "r2"):
        suite.race(name, START + timedelta(seconds=30))
    refused = {"r2"}
    start = suite.invoker.start

    async def start_some(function: str, payload: dict[str, Any]) -> str:
        if refused & {slot["raceId"] for slot in payload.get("slots", ())}:
            raise RaceDayError("refused")
        return await start(function, payload)

    suite.invoker.start = start_some  # type: ignore[method-assign]
    suite.tick(START)
    assert {race for race, _ in suite.invoker.slots()} == {"r1"}
    assert suite.watcher.beats[-1][1] is False


def test_an_import_that_is_due_and_refused_beats_as_failed() -> None:
    """A day without its imports has no races to poll: the tick that could not start one says so."""
    suite = Watched(START)
    suite.invoker.broken = frozenset(IMPORTS)
    suite.tick(START.replace(hour=17, minute=0))
    (_, done, summary) = suite.watcher.beats[-1]
    assert (done, json.loads(summary)["unstarted"]) == (False, ["daily-meetings"])


def test_a_deaf_watcher_costs_the_tick_nothing() -> None:
    """What goes wrong with the heartbeat is a line of the log."""
    suite = Watched(START)
    suite.watcher.deaf = True
    assert suite.tick(START)["failures"] == []


def test_a_tick_at_its_limit_does_not_wait_for_the_watcher() -> None:
    """With too little time left the beat is left out rather than the tick cut."""
    suite = Watched(START)
    suite.tick(START, secs=3)
    assert suite.watcher.beats == []


@pytest.mark.parametrize("dies", [37, 400, 1000])
def test_the_watcher_misses_a_dead_scheduler_within_two_minutes_of_a_day(dies: int) -> None:
    """On a day of ticks each minute no silence is as long as the watcher's patience, until the scheduler dies."""
    suite = Watched(START)
    for minute in range(dies):
        suite.tick(START + timedelta(minutes=minute))
    beats = [at for at, _, _ in suite.watcher.beats]
    assert max(later - before for before, later in itertools.pairwise(beats)) < PATIENCE
    # The scheduler is dead from its last tick on, whatever else of the suite still answers.
    died = START + timedelta(minutes=dies - 1)
    for minute in range(dies, dies + 5):
        suite.at = START + timedelta(minutes=minute)
        suite.ask()
    seconds = [died + timedelta(seconds=n) for n in range(5 * 60)]
    heard = [at for at, done, _ in suite.watcher.beats if done]
    told = next(now for now in seconds if now - max(at for at in heard if at <= now) >= PATIENCE)
    assert timedelta(0) < told - died <= PATIENCE


def test_health_is_answered_over_http() -> None:
    """A suite that ticks answers 200 with its last tick; one that stands still answers 503."""
    suite = Watched(START)
    suite.tick(START)
    suite.at = START + timedelta(minutes=2)
    answer = suite.ask()
    assert (answer["statusCode"], answer["ok"], instant(answer["lastTick"])) == (200, True, START)
    suite.at = START + timedelta(minutes=5)
    answer = suite.ask()
    assert (answer["statusCode"], answer["status"]) == (503, "standstill")
    assert Watched(START).ask()["statusCode"] == 503


def test_no_tick_is_started_over_http() -> None:
    """Any method but GET is refused, and nothing is handed out."""
    suite = Watched(START)
    with pytest.raises(BadRequest, match="GET"):
        suite.ask("POST")
    assert suite.invoker.started == []


@pytest.mark.parametrize(("days", "told"), [(15, []), (14, ["warning"]), (2, ["failing"]), (-1, ["failing"])])
def test_an_access_key_that_ends_is_told_before(days: int, told: list[str]) -> None:
    """Fourteen days before its last day the key is an alarm, and failing from the last days on."""
    expires = (START.date() + timedelta(days=days)).isoformat()
    suite = Watched(START, settings=Settings(platform_key_expires=expires))
    suite.tick(START)
    (row,) = [r for r in suite.store.tables[SUITE_STATE].values() if r["kind"] == "health"]
    suite.at = START + timedelta(minutes=1)
    assert [t["level"] for t in suite.ask()["troubles"] if t["kind"] == "key"] == told
    assert bool(json.loads(row["data"])["key"]) == bool(told)


@pytest.mark.parametrize("status", [200, 500])
def test_the_url_is_asked_as_its_convention_wants(status: int) -> None:
    """Success goes to the URL, failure to its path with `/fail`, the summary is the body."""
    heard: list[tuple[str, bytes]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append((str(request.url), request.content))
        return httpx.Response(status)

    beat = PostHeartbeat("https://watch.test/ping/abc?x=1", httpx.MockTransport(answer))
    loop = VirtualLoop(START)
    try:
        assert loop.run_until_complete(beat.beat(True, "well")) is (status == 200)
        assert loop.run_until_complete(beat.beat(False, "ill")) is (status == 200)
    finally:
        loop.close()
    assert heard == [("https://watch.test/ping/abc?x=1", b"well"), ("https://watch.test/ping/abc/fail?x=1", b"ill")]
    assert failing("https://watch.test/a/") == "https://watch.test/a/fail"
