"""The judge of absent slots: what is taken away is flagged, and what it says of an attempt is what comes of it."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from local.feedsim import FeedDay, FeedSim
from local.simulate.absent import AbsentSlots, judge_absent
from local.simulate.checker import races_found
from local.simulate.decide import KEEP, Decider, Verdict
from local.simulate.faults import PROFILES, DayFaults, profile
from local.simulate.faults.script import ActivationRun, Deed, Handing
from local.simulate.loop import VirtualLoop
from local.simulate.plan import DayPlan
from local.simulate.platform import limits_of
from local.simulate.port_store import PortBackend
from local.simulate.removal import WAYS, Flagged, flagged, summed
from local.simulate.replay import POLLER, Wanted
from local.simulate.run import on_virtual_time, simulate_day
from local.simulate.tables import Tables, when
from local.simulate.world import SimWorld
from raceday.clock import iso

LEAST_SHARE = 0.95
MINUTE = datetime(2026, 2, 14, 2, 22, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NOBODY = (True, "nobody tried, and nothing stood in the way")


def shares(plan: DayPlan, name: str) -> dict[str, Flagged]:
    """Run a day and take one slot in five of it away, in each way."""
    found: dict[str, Flagged] = {}

    def on_end(day: FeedDay, world: SimWorld, tables: Tables, end: datetime) -> None:
        for way in WAYS:
            found[way] = flagged(day, world.seams, tables, end, way, one_in=5)  # type: ignore[arg-type]

    simulate_day(plan, seams=profile(name), on_end=on_end)
    return found


def test_slots_taken_away_at_random_are_flagged_as_lost(record_property: Callable[[str, Any], None]) -> None:
    """Under all faults at least 95 of 100 absent slots are flagged; what is written and gone always is."""
    days = [shares(DayPlan(seed=seed, races=3, depth="port"), "all") for seed in (2, 3)]
    every = {way: summed([day[way] for day in days]) for way in WAYS}
    lowest = min(every.values(), key=lambda one: one.share)
    record_property("lowest share flagged", lowest.share)
    print({way: (one.removed, round(one.share, 3), dict(one.excuses)) for way, one in every.items()})
    assert summed(list(every.values())).removed > 150
    assert summed(list(every.values())).share >= LEAST_SHARE
    assert every["gone"].share == 1.0


def _skipped(race_id: str, slot: str) -> bool:
    return hashlib.sha256(f"{race_id}/{slot}".encode()).digest()[0] < 26


class _Skips(DayFaults):
    """A day on which nobody is ever started for one slot in ten, though the platform takes what it is asked."""

    async def starts(self, function: str, payload: dict[str, Any]) -> None:
        """Leave the slots out of what is handed to a poller."""
        if payload.get("slots"):
            payload["slots"] = [s for s in payload["slots"] if not _skipped(s["raceId"], s["slot"])]
        await super().starts(function, payload)

    def dispatches(self, function: str, payload: dict[str, Any]) -> list[float]:
        """Begin no poller that has no slot left."""
        return [] if payload.get("slots") == [] else super().dispatches(function, payload)


def _day(plan: DayPlan, faults: type[DayFaults]) -> tuple[dict[str, AbsentSlots], set[tuple[str, datetime]]]:
    """Run a day; return what is absent of each race, and the slots that have a row."""
    kept: list[Any] = []

    def on_end(day: FeedDay, world: SimWorld, tables: Tables, end: datetime) -> None:
        made: Any = world.seams
        shown = {race_id: found.rows for race_id, found in races_found(day, tables, made.script).items()}
        created = {row["$id"]: when(row["$createdAt"]) for row in tables.races}
        kept.append(judge_absent(day, made, shown, created, end))
        kept.append({(row["raceId"], when(row["slot"])) for row in tables.ledger})

    simulate_day(plan, seams=lambda world: faults(world, PROFILES["all"]), on_end=on_end)
    return kept[0], kept[1]


def test_a_slot_called_lost_is_had_where_the_attempt_is_made() -> None:
    """Of slots that nobody was started for, those called lost have a row on the day on which somebody was."""
    plan = DayPlan(seed=6, races=4, depth="port")
    absent, _ = _day(plan, _Skips)
    _, committed = _day(plan, DayFaults)
    skipped = {(race, at) for race, each in absent.items() for at in (*each.lost, *each.excused)
               if _skipped(race, iso(at))}  # fmt: skip
    lost = {(race, at) for race, at in skipped if at in absent[race].lost}
    assert len(lost) > 15
    assert len(lost & committed) / len(lost) >= LEAST_SHARE
    assert len(lost) / len(skipped & committed) >= LEAST_SHARE


def _refused(seconds: float) -> ActivationRun:
    """Return a tick that was refused a poller shortly before half past, and died `seconds` after its minute."""
    tick = ActivationRun("master-race-scheduler", {}, MINUTE + timedelta(seconds=1))
    tick.ended, tick.died = MINUTE + timedelta(seconds=seconds), "activation.killed_by_request"
    tick.deeds = [
        Deed(what, about, MINUTE + timedelta(seconds=at), kind, MINUTE + timedelta(seconds=at + 0.1))
        for what, about, at, kind in (
            ("GET races", "", 1.1, ""),
            ("GET race-polls", "", 3.5, ""),
            ("invoke", "enhanced-race-poller", 28.5, "invoker.429"),
        )
    ]
    return tick


@pytest.mark.parametrize(("died_secs", "lost"), [(33.5, False), (33.7, True)])
def test_a_tick_that_died_before_it_had_to_ask_again_has_lost_nothing(died_secs: float, *, lost: bool) -> None:
    """What the platform refused is asked for again five seconds later: a tick that was dead by then is no omission."""

    assert _judged(_refused(died_secs)).lost is lost


@pytest.mark.parametrize(
    ("fault", "read_secs", "verdict"),
    [("outage.store", 44.4, (False, "outage.store")), ("", 44.4, NOBODY), ("outage.store", 32.9, NOBODY)],
)
def test_a_tick_that_faults_kept_from_reading_until_a_slot_was_past_has_lost_nothing(
    fault: str, read_secs: float, verdict: tuple[bool, str]
) -> None:
    """Where nothing struck the tick, or it read while the slot was still its own to hand out, the slot is lost."""
    tick = ActivationRun("master-race-scheduler", {}, MINUTE + timedelta(seconds=2), ended=MINUTE + 50 * SECOND)
    tick.deeds = [
        Deed(what, "", MINUTE + at * SECOND, kind, MINUTE + (at + 0.1) * SECOND)
        for what, at, kind in (
            ("GET suite-state", 2.1, fault),
            ("GET races", read_secs - 0.1, ""),
            ("GET race-polls", max(44.5, read_secs), ""),
        )
    ]
    found = _judged(tick)
    assert (found.lost, found.why) == verdict


@pytest.mark.parametrize(("struck", "lost"), [("store answered 404", True), ("", True), ("store.429", False)])
def test_a_row_that_is_not_there_keeps_no_poller_from_its_slot(struck: str, *, lost: bool) -> None:
    """A poller that was handed a slot and did not ask is excused by a fault before it, and by no plain answer."""
    slot, race_id = MINUTE + timedelta(seconds=30), str(uuid4())
    event = {"slots": [{"raceId": race_id, "slot": iso(slot)}]}
    run = ActivationRun(POLLER, event, slot - 2 * SECOND, ended=slot + 20 * SECOND)
    run.deeds = [Deed("GET suite-state", "GET suite-state", run.began, struck, run.began)]

    async def judged(loop: VirtualLoop) -> Verdict:
        faults = DayFaults(SimWorld(loop, FeedSim([]), PortBackend(), limits_of(), seed=1), {})
        faults.script.runs.append(run)
        faults.script.handings.append(Handing(POLLER, event, slot - 3 * SECOND, None, runs=[run]))
        return Decider(faults).verdict(Wanted(race_id, slot, slot + 15 * SECOND, MINUTE - timedelta(hours=1)))

    found = on_virtual_time(MINUTE - timedelta(minutes=5), judged)
    assert found.lost is lost
    assert found.why == struck or found.lost


@pytest.mark.parametrize(("failed_secs", "lost"), [(14.9, False), (1.0, True)])
def test_a_ledger_read_when_the_slot_was_over_leaves_the_failure_before_it(failed_secs: float, *, lost: bool) -> None:
    """A store that was out until the slot's end excuses a poller; one that was out for a moment early on does not."""
    slot, race_id = MINUTE + timedelta(seconds=30), str(uuid4())
    event = {"slots": [{"raceId": race_id, "slot": iso(slot)}]}
    run = ActivationRun(POLLER, event, slot - 2 * SECOND, ended=slot + 20 * SECOND)
    failed, read = slot + failed_secs * SECOND, slot + 17 * SECOND
    run.deeds = [
        Deed("GET race-polls", race_id, failed, "outage.store", failed),
        Deed("GET race-polls", race_id, read, "", read),
    ]

    async def judged(loop: VirtualLoop) -> Verdict:
        faults = DayFaults(SimWorld(loop, FeedSim([]), PortBackend(), limits_of(), seed=1), {})
        faults.script.runs.append(run)
        faults.script.handings.append(Handing(POLLER, event, slot - 3 * SECOND, None, runs=[run]))
        return Decider(faults).verdict(Wanted(race_id, slot, slot + 15 * SECOND, MINUTE - timedelta(hours=1)))

    found = on_virtual_time(MINUTE - timedelta(minutes=5), judged)
    assert found.lost is lost
    assert found.why == "outage.store" or found.lost


@pytest.mark.parametrize(
    ("died_secs", "kept_secs", "verdict"),
    [(20, 2.5, (False, "activation.killed_by_time")), (31, 2.5, NOBODY), (20, 4.5, NOBODY)],
)
def test_a_slot_that_a_dead_twin_had_claimed_is_not_lost(
    died_secs: int, kept_secs: float, verdict: tuple[bool, str]
) -> None:
    """The second of two ticks leaves what the first had kept as its own before; what it kept later is either's."""
    twins = [
        ActivationRun("master-race-scheduler", {}, MINUTE + SECOND, ended=MINUTE + 40 * SECOND),
        ActivationRun("master-race-scheduler", {}, MINUTE + 3 * SECOND, ended=MINUTE + 5 * SECOND),
    ]
    twins[0].died, twins[0].ended = "activation.killed_by_time", MINUTE + died_secs * SECOND
    for tick, deeds in zip(twins, ([("GET races", 1.5), (KEEP, kept_secs)], [("GET races", 3.5)]), strict=True):
        tick.deeds = [Deed(what, "", MINUTE + at * SECOND, "", MINUTE + (at + 0.1) * SECOND) for what, at in deeds]
    found = _judged(*twins)
    assert (found.lost, found.why) == verdict or (verdict[0] and found.lost)


def _judged(*ticks: ActivationRun) -> Verdict:
    """Judge a slot at half past that lives for a quarter and that nobody but these ticks had to do with."""

    async def judged(loop: VirtualLoop) -> Verdict:
        faults = DayFaults(SimWorld(loop, FeedSim([]), PortBackend(), limits_of(), seed=1), {})
        faults.script.runs.extend(ticks)
        slot = MINUTE + timedelta(seconds=30)
        wanted = Wanted(str(uuid4()), slot, slot + timedelta(seconds=15), MINUTE - timedelta(hours=1))
        return Decider(faults).verdict(wanted)

    return on_virtual_time(MINUTE - timedelta(minutes=5), judged)
