"""Days through regular outages of the store: without sockets, and the table that compares them with a calm day."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from local.commands.simulate import simulate
from local.simulate.interrupted import Interrupted
from local.simulate.oracle.slots import Expected, rechecks_after
from local.simulate.outages import CALM, Tried, outage_rows, trials
from local.simulate.plan import DayPlan
from local.simulate.report import polls
from local.simulate.run import simulate_day
from local.simulate.storms import REGULAR
from local.simulate.world import Counts
from raceday.clock import iso
from raceday.ledger.timeline import surely_owes
from raceday.racing.snapshot import Status

AT = datetime(2026, 2, 14, tzinfo=UTC)
REQUEST = httpx.Request("GET", "https://store.raceday.local/v1")


class Server(httpx.AsyncBaseTransport):
    """Answers after a moment, and counts what took effect."""

    def __init__(self) -> None:
        self.served = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer 200."""
        await asyncio.sleep(0.01)
        self.served += 1
        return httpx.Response(200)


def test_a_killed_server_refuses_and_breaks_what_is_under_way() -> None:
    """A request under way is reset without effect, a new one refused, and one after its return answered."""

    async def work() -> None:
        server = Server()
        host = Interrupted(server)
        under_way = asyncio.ensure_future(host.handle_async_request(REQUEST))
        await asyncio.sleep(0)
        host.stop()
        with pytest.raises(httpx.ReadError):
            await under_way
        with pytest.raises(httpx.ConnectError):
            await host.handle_async_request(REQUEST)
        assert server.served == 0
        host.start()
        assert (await host.handle_async_request(REQUEST)).status_code == 200

    asyncio.run(work())


def test_a_frozen_server_does_later_what_it_took_though_nobody_waits() -> None:
    """A client that gives up leaves its request to the server, which does it once it goes on."""

    async def work() -> None:
        server = Server()
        host = Interrupted(server)
        host.freeze()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await host.handle_async_request(REQUEST)
        assert server.served == 0
        host.thaw()
        await asyncio.sleep(0.05)
        assert server.served == 1

    asyncio.run(work())


def test_a_day_without_sockets_lives_through_a_store_that_is_killed() -> None:
    """At full depth each outage reaches the clients, and every slot that lived through it is committed."""
    report = simulate_day(DayPlan(seed=3, races=1, network="store-killed"))
    network = report["network"]
    assert network["outages"] > 10
    assert network["lost"] == 0
    assert report["polls"]["duplicate"] == report["judged"]["count"] == 0
    # Something was under way when the store went down, or nothing was tried.
    assert report["polls"]["late_max_secs"] > 5


@pytest.mark.parametrize(("network", "depth"), [("storm", "full"), ("storm", "port"), ("store-killed", "port")])
def test_a_network_that_a_depth_does_not_have_is_refused(
    network: str, depth: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An outage that would be left out silently is told, with the depth that has it."""
    assert simulate.main(["--network", network, "--depth", depth], standalone_mode=False) == 2
    assert f"--network {network}: expected --depth wire with it, got {depth}" in capsys.readouterr().err


def test_each_outage_is_tried_at_each_depth_after_a_calm_day() -> None:
    """The calm day comes first; the former clients go through each outage before the present ones."""
    found = trials(DayPlan(), ("wire", "full"), tuple(REGULAR), ("former", "present"))
    assert (found[0].plan.depth, found[0].plan.network) == ("port", CALM)
    assert [(t.plan.depth, t.plan.network, t.former) for t in found[1:]] == [
        (depth, outage, former) for depth in ("wire", "full") for outage in REGULAR for former in (True, False)
    ]


def test_one_outage_and_one_kind_of_client_can_be_tried_alone() -> None:
    """A long day's trial is divided over runs: each has its calm day and what was asked for."""
    found = trials(DayPlan(), ("full",), ("webhooks-dead",), ("former",))
    assert [(t.plan.network, t.former) for t in found] == [(CALM, False), ("webhooks-dead", True)]


def test_labels_are_as_late_as_beyond_the_calm_day() -> None:
    """A label is late by what lies between its row and the same row of the calm day; gaps and doubles are summed."""
    calm, killed = trials(DayPlan(), ("wire",), ("store-killed",), ("present",))
    told: dict[str, Any] = {
        "seed": 1,
        "date": "2026-02-14",
        "asked": 96,
        "depth": "wire",
        "options": {"network": "store-killed"},
        "faults": "none",
        "polls": {"expected": 4, "duplicate": 1, "unexpected": 0, "differences": ["r1 12:00"]},
        "buckets": {"duplicate": 2},
        "network": {"outages": 5, "absent": 3, "lost": 1},
        "judged": {"count": 0, "examples": []},
        "crashes": [],
        "failures": [],
    }
    written = {f"row{i}": AT + timedelta(seconds=i) for i in range(100)}
    later = {name: at + timedelta(seconds=20 if name == "row7" else 1) for name, at in written.items()}
    rows = outage_rows([Tried(calm, {}, written), Tried(killed, told, later)])
    assert len(rows) == 1
    expected = {"gaps": 3, "lost": 1, "doubled": 3, "later_p50_secs": 1, "later_p99_secs": 1, "later_max_secs": 20}
    assert {name: rows[0][name] for name in expected} == expected
    assert rows[0]["troubles"] == {"slots polled twice": 1, "slots lost": 1}
    assert rows[0]["examples"] == ["r1 12:00"]
    assert "--network store-killed" in rows[0]["again"]


def test_a_refresh_between_two_labels_is_owed_as_a_label_is() -> None:
    """Dead webhooks delay the odds between two labels no longer than the labels: the scheduler wakes for both."""
    owed = [
        minutes
        for minutes in (62.0, 60.0, 57.5, 56.0, 55.0, 12.5, 7.5, 6.0, 4.5, 4.0)
        if surely_owes(AT - timedelta(minutes=minutes), AT, Status.OPEN, "slot")
    ]
    assert owed == [62.0, 60.0, 57.5, 55.0, 12.5, 7.5, 4.0]


def test_re_checks_follow_from_the_slot_that_first_saw_the_race_over() -> None:
    """Where the slot at which a race ends is absent, the next one and its re-checks are what is asked for."""
    ended, seen = AT, AT + timedelta(seconds=30)
    told = Expected(sure={AT - timedelta(seconds=30), ended, seen}, rechecks=rechecks_after(seen), finished=seen)
    rows = [("slot", AT - timedelta(seconds=30)), ("slot", seen), *(("recheck", at) for at in rechecks_after(seen))]
    ledger = [
        {"raceId": "r1", "n": n, "kind": kind, "slot": iso(at), "fetchedAt": iso(at), "startTime": iso(AT)}
        for n, (kind, at) in enumerate(rows, 1)
    ]
    world: Any = SimpleNamespace(paused=None, counts=Counts())
    found = polls({"r1": told}, ledger, world)
    assert (found["missing"], found["unexpected"]) == (1, 0)
    # A poll at an instant that nothing asks for is told all the same.
    odd = {**ledger[-1], "n": 9, "slot": (seen + timedelta(minutes=7)).isoformat()}
    assert polls({"r1": told}, [*ledger, odd], world)["unexpected"] == 1


@pytest.mark.parametrize(("failed", "again"), [(0, 1), (1, 0)])
def test_a_slot_whose_poll_failed_is_handed_out_again_rightly(failed: int, again: int) -> None:
    """The event of a race may be gone: its slot is tried once more; without a failure that is once too often."""
    counts = Counts()
    counts.handed["r1", iso(AT)] = 2
    counts.failed["r1", iso(AT)] = failed
    world: Any = SimpleNamespace(paused=None, counts=counts)
    assert polls({}, [], world)["handed_again"] == again
