"""What the checker says of a day whose rows or transactions are not as they must be."""

import math
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import pytest

from local.feedsim import DayOptions, FeedSim, generate_day
from local.simulate.absent import AbsentSlots, judge_absent
from local.simulate.chances import Delays
from local.simulate.checker import Ordered, answer_behind, orders_of, planned
from local.simulate.faults import DayFaults
from local.simulate.faults.base import Chooser
from local.simulate.faults.script import ActivationRun, Deed, Handing, Script, ServedEvent
from local.simulate.faults.store import OUT
from local.simulate.leftovers import left
from local.simulate.loop import VirtualClock, VirtualLoop
from local.simulate.oracle.slots import PLAIN
from local.simulate.plan import DayPlan
from local.simulate.platform import Limit
from local.simulate.port_store import PortBackend
from local.simulate.run import on_virtual_time, simulate_day
from local.simulate.seams import FaultHooks
from local.simulate.served import Record
from local.simulate.verdict import fine
from local.simulate.world import SETTINGS, SimWorld
from raceday.errors import StoreUnavailable
from raceday.patience import left_secs, within
from raceday.tables import RACE_POLLS

AT = datetime(2026, 2, 14, 1, 0, tzinfo=UTC)
SCHEDULER, POLLER = "master-race-scheduler", "enhanced-race-poller"


class _World:
    """A world in which nothing is on its way, and no fault strikes."""

    seed = 1
    settings = SETTINGS
    delays = Delays()

    class loop:
        start = AT - timedelta(hours=9)

    class platform:
        in_flight = 0
        limits: ClassVar = {POLLER: Limit(180, 1)}

    class backend:
        waiting = 0
        dropped: ClassVar[list[str]] = []


def _faults() -> Chooser:
    return Chooser(_World(), {})  # type: ignore[arg-type]


def _judged(options: DayOptions, races: int, pick: Callable[[Any], bool], hours: int = 4) -> tuple[Any, AbsentSlots]:
    """Judge a race that was stored hours before its start and has no row."""
    day = generate_day(1, date(2026, 2, 14), races, options=options)
    race = next(r for r in day.core_races if pick(r.script))
    stored, end = race.advertised - timedelta(hours=hours), race.advertised + timedelta(hours=1)
    return race, judge_absent(day, _faults(), {}, {race.race_id: stored}, end)[race.race_id]


def test_a_race_without_a_row_has_its_slots_unreported_and_lost() -> None:
    """A race that was stored hours before its start and never polled owes every slot up to the start."""
    race, found = _judged(DayOptions(), 3, lambda s: s.abandoned_list is None and s.moved_at is None)
    assert len(found.unreported) == len(found.lost) > 30
    assert max(found.lost) < race.advertised


def test_a_slot_that_no_answer_could_fill_is_neither_lost_nor_excused() -> None:
    """Once an event is gone, no attempt could be complete."""
    race, found = _judged(DayOptions(abandoned_tails=1), 12, lambda s: s.gone is not None)
    assert all(at < race.script.gone for at in (*found.lost, *found.excused))


@pytest.mark.parametrize(
    ("died", "kind", "about", "unexplained"),
    [
        ("", "", "r1", 1),
        ("", "store.5xx_after", "r2", 1),
        ("", "store.5xx_after", "r1", 0),
        ("time_limit", "", "r1", 0),
    ],
)
def test_only_who_was_struck_may_leave_a_transaction(died: str, kind: str, about: str, unexplained: int) -> None:
    """A transaction may expire where its own activation died, or a fault struck what that asked for the same race."""
    run = ActivationRun(POLLER, {}, AT, died=died, deeds=[Deed("write", about, AT, kind)])
    script = Script(transactions={"t1": (run, "r1", AT)})
    counted = left(_World(), {"open": 0}, ["t1"], script)  # type: ignore[arg-type]
    assert counted["transactions_unexplained"] == unexplained


def test_a_transaction_that_nobody_opened_is_unexplained() -> None:
    """What expired and is in no activation's record cannot be explained."""
    assert left(_World(), {}, ["t1"], Script())["transactions_unexplained"] == 1  # type: ignore[arg-type]


def test_an_upsert_that_was_not_kept_is_left_over() -> None:
    """A write that the store answered well and dropped makes a day that is not fine."""

    class Dropping(_World):
        class backend:
            waiting = 0
            dropped: ClassVar[list[str]] = ["entrants/a"]

    assert left(Dropping(), {}, [], Script())["writes_dropped"] == 1  # type: ignore[arg-type]


def test_a_day_whose_races_were_never_stored_is_not_fine() -> None:
    """A day under faults of which nothing was imported does not pass for one in which nothing was lost."""

    def silent(world: SimWorld) -> object:
        from local.simulate.faults import profile

        seams = profile("all")(world)
        seams.triggers = seams.watchdogs = lambda minute: 0  # type: ignore[method-assign]
        return seams

    report = simulate_day(DayPlan(seed=1, races=2, depth="port"), seams=silent)  # type: ignore[arg-type]
    assert report["stored"]["absent"] == 2
    assert not fine(report)


def test_an_activation_has_nothing_of_its_starters_limits() -> None:
    """A poller that a scheduler started in its last seconds may try again for as long as its own slot lasts."""
    left: list[float] = []

    class Watching(DayFaults):
        def began(self, function: str, event: dict[str, Any], container: Any, kill: Callable[[], None]) -> None:
            left.append(left_secs(container.clock))
            super().began(function, event, container, kill)

    simulate_day(DayPlan(seed=1, races=1, depth="port"), seams=lambda world: Watching(world, {}))
    assert len(left) > 300
    assert set(left) == {math.inf}


def test_of_two_answers_of_one_moment_the_row_was_made_of_the_one_that_can_be_read() -> None:
    """Two pollers that wake for one slot are answered within a millisecond; a cut answer is none of a row."""
    record, made = Record(), b'{"header": {"generated_time": "2026-02-14T01:00:00.036953Z"}, "data": '
    record.keep("events/r1", POLLER, AT + timedelta(milliseconds=60), made + b'"whole"}')
    record.keep("events/r1", POLLER, AT + timedelta(milliseconds=63), made + b'"cu')
    found = record.behind("r1", AT + timedelta(milliseconds=36), AT + timedelta(milliseconds=65))
    assert found is not None
    assert found.body.endswith(b'"whole"}')


@pytest.mark.parametrize(("generated_ms", "second"), [(34, False), (35, True)])
def test_of_two_answers_within_a_millisecond_a_row_was_made_of_its_own_millisecond(
    generated_ms: int, *, second: bool
) -> None:
    """Answers of .0348 and .0351 s are told apart by the whole millisecond that a row keeps, whichever came nearer."""
    record = Record()
    made = ["2026-02-14T01:00:00.034800Z", "2026-02-14T01:00:00.035100Z"]
    for text, received_ms in zip(made, (61 - second, 60 + second), strict=True):
        body = f'{{"header": {{"generated_time": "{text}"}}, "data": "{text}"}}'
        record.keep("events/r1", POLLER, AT + timedelta(milliseconds=received_ms), body.encode())
    found = record.behind("r1", AT + timedelta(milliseconds=generated_ms), AT + timedelta(milliseconds=60))
    assert found is not None
    assert made[second].encode() in found.body


class _Out(FaultHooks):
    """A store that is out for the first so many seconds of a day."""

    def __init__(self, world: SimWorld, secs: float) -> None:
        self._world, self._secs = world, secs

    async def port(self, call: str, about: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Refuse a call while the store is out."""
        if self._world.loop.time() < self._secs:
            raise StoreUnavailable(f"{call}: 503", status=503, kind=OUT)
        return await work()


@pytest.mark.parametrize(("out_secs", "had"), [(6.0, True), (14.0, False)])
def test_at_the_port_too_a_store_that_is_out_is_tried_again_while_time_is_left(out_secs: float, had: bool) -> None:
    """The client's own retries are bounded by the time left, not by their number, at whatever depth."""

    async def read(loop: VirtualLoop) -> bool:
        limits = {POLLER: Limit(180.0, 1.0)}
        world = SimWorld(loop, FeedSim(generate_day(1, date(2026, 2, 14), 1)), PortBackend(), limits, seed=1)
        world.use(_Out(world, out_secs))
        store = world.backend.store(world, POLLER, 1, VirtualClock(loop), lambda: None)
        with within(VirtualClock(loop), 10.0):
            try:
                return await store.find(RACE_POLLS) == []
            except StoreUnavailable:
                return False

    assert on_virtual_time(AT, read) is had


@pytest.mark.parametrize(
    ("seen", "read_secs", "committed_secs", "stands"),
    [("new", -30, 2, False), ("new", -1, 2, False), ("new", 1, 2, True), ("old", -30, 2, True), ("new", -30, 28, True)],
    ids=["moved", "read shortly before", "read anew", "not moved yet", "moved meanwhile"],
)
def test_a_slot_of_a_start_that_the_last_row_saw_moved_is_asked_for_by_nobody(
    seen: str, read_secs: int, committed_secs: int, stands: bool
) -> None:
    """The old grid stands until a poll has seen the move, and then for orders of a start that was read later alone."""
    day = generate_day(2, date(2026, 2, 14), 1, options=DayOptions(first_race_minutes=540, moved_starts=1))
    race = day.core_races[0]
    old = race.script.moved_from
    assert old is not None
    slot, before = old - timedelta(minutes=3), old - timedelta(minutes=3, seconds=30)
    row = {"raceId": race.race_id, "slot": slot.isoformat(), "fetchedAt": slot.isoformat()}
    base = {
        "status": "Open",
        "startTime": (race.advertised if seen == "new" else old).isoformat(),
        "fetchedAt": before.isoformat(),
        "$createdAt": (before + timedelta(seconds=committed_secs)).isoformat(),
    }
    orders = {(race.race_id, slot): [(before + timedelta(seconds=read_secs), old)]}
    assert planned(day, row, base, Ordered(orders, PLAIN)) is stands


def test_a_look_at_results_is_no_order_of_a_slot() -> None:
    """Looks at results are handed out without a start, beside slots that have one."""
    slot = {"raceId": "r", "slot": AT.isoformat()}
    script = Script()
    for more in ({"kind": "watch"}, {"kind": "slot", "start": AT.isoformat()}):
        event = {"tick": AT.isoformat(), "slots": [slot | more]}
        script.handings.append(Handing(POLLER, event, AT, None))
    assert orders_of(script) == {("r", AT): [(AT, AT)]}


@pytest.mark.parametrize(("off_secs", "found"), [(0.1, 0), (-1.2, 0), (1.2, 0), (30, None)])
def test_an_answer_without_a_time_is_found_by_its_receipt_on_a_clock_a_second_off(
    off_secs: float, found: int | None
) -> None:
    """A container sets its clock by dates in whole seconds, so that of two such answers the nearer is the row's."""
    answers = [ServedEvent(AT + timedelta(seconds=secs), AT, "payload.no_clock") for secs in (0, 150)]
    stamp = (AT + timedelta(seconds=off_secs)).isoformat()
    behind = answer_behind({"generatedAt": stamp, "fetchedAt": stamp}, answers)
    assert behind is (None if found is None else answers[found])
