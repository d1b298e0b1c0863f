"""The four ways into a poll: enhanced-race-poller and the legacy functions."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from raceday.call import Call
from raceday.clock import iso
from raceday.container import Container
from raceday.errors import BadRequest, DeadlineReached, FeedNotFound, FeedUnavailable, FilteredOut
from raceday.polling import legacy, poller
from raceday.racing.snapshot import Snapshot
from raceday.tables import RACES
from tests.poll_kit import Kit, StillClock, make_kit, stored_race
from tests.sample_race import RACE_ID, START, open_race

T5 = START - timedelta(minutes=5)
HALF_MINUTE = timedelta(seconds=30)
Handler = Callable[[Container, Call], Coroutine[Any, Any, dict[str, Any]]]


def other(i: int) -> str:
    """Return the id of another race."""
    return f"5f0b7a52-7d0e-4c11-9f39-1a6cf0a4c{i:03d}"


class LiveFeed:
    """Serves the sample race under any known id, made at the instant it is asked for."""

    def __init__(self, clock: StillClock, races: list[str]) -> None:
        self.clock, self.known, self.asked = clock, races, list[tuple[str, datetime]]()
        self.trouble: dict[str, Exception] = {}

    async def event(
        self, race_id: str, status: object = None, *, urgent: bool = False, known: object = None
    ) -> Snapshot:
        """Return a race."""
        self.asked.append((race_id, self.clock.now()))
        if race_id in self.trouble:
            raise self.trouble[race_id]
        if race_id not in self.known:
            raise FeedNotFound(race_id)
        runners = tuple(r._replace(entrant_id=f"{race_id[-4:]}-{r.number}") for r in open_race().runners)
        return open_race(race_id=race_id, generated_at=self.clock.now(), runners=runners)


def ready(count: int = 1, **settings: Any) -> tuple[Kit, LiveFeed]:
    """Make a kit with the sample race and others, all stored and served."""
    kit = make_kit(T5, **settings)
    ids = [RACE_ID, *(other(i) for i in range(1, count))]
    for race_id in ids:
        stored_race(kit, open_race(race_id=race_id))
    feed = LiveFeed(kit.clock, ids)
    kit.container.feed = feed  # type: ignore[assignment]
    return kit, feed


def ask(kit: Kit, handler: Handler = poller.handle, web: bool = False, budget: float = 55.0, **params: Any) -> Any:
    """Run one activation of a handler."""
    return asyncio.run(handler(kit.container, kit.call(web=web, budget_secs=budget, **params)))


def slot(at: datetime, race_id: str = RACE_ID, **more: Any) -> dict[str, Any]:
    """Build one slot of the scheduler's payload."""
    return {"raceId": race_id, "slot": iso(at), "start": iso(START), "kind": "slot"} | more


def test_poller_waits_for_each_slot() -> None:
    """Slots are polled at their instants, in order, and each once even when it is listed twice."""
    kit, feed = ready()
    at = [T5 + HALF_MINUTE, T5, T5 + HALF_MINUTE]
    answer = ask(kit, budget=90, slots=[slot(t) for t in at], tick=iso(T5))
    assert [when for _, when in feed.asked] == [T5, T5 + HALF_MINUTE]
    assert (answer["polled"], answer["committed"], answer["failures"]) == (2, 2, [])


def test_poller_takes_many_races_at_once() -> None:
    """All races of a slot are polled, however few may run at once."""
    kit, _ = ready(12, polls_at_once=3)
    answer = ask(kit, slots=[slot(T5, race) for race in [RACE_ID, *(other(i) for i in range(1, 12))]])
    assert answer["committed"] == 12


def test_one_race_failing_leaves_the_others() -> None:
    """A race whose feed request fails is named with its cause, and the others are committed."""
    kit, feed = ready(3)
    feed.trouble[other(1)] = FeedUnavailable("slow", cause="feed_timeout")
    answer = ask(kit, slots=[slot(T5, race) for race in (RACE_ID, other(1), other(2))])
    assert answer["committed"] == 2
    assert [f["item"].split("@")[0] for f in answer["failures"]] == [other(1)]
    assert answer["failures"][0]["error"].startswith("feed_timeout")


def test_slots_past_the_deadline_are_told_not_polled() -> None:
    """A slot that cannot be reached before the deadline is a failure with that cause, and costs no feed request."""
    kit, feed = ready()
    answer = ask(kit, budget=20, slots=[slot(T5), slot(T5 + HALF_MINUTE)])
    assert (answer["committed"], len(feed.asked)) == (1, 1)
    assert answer["failures"][0]["error"].startswith("deadline")


def test_deadline_already_passed_is_refused() -> None:
    """An activation without time left polls nothing and says so."""
    kit, feed = ready()
    with pytest.raises(DeadlineReached):
        ask(kit, budget=-1, raceId=RACE_ID)
    assert feed.asked == []


def test_hanging_feed_is_cut_at_the_deadline() -> None:
    """A poll that hangs ends with the cause deadline before the platform's limit, not with a crash."""
    kit, feed = ready()

    async def never(race_id: str, status: object = None, **_: object) -> Snapshot:
        kit.clock.advance(100)
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    feed.event = never  # type: ignore[method-assign]
    answer = ask(kit, budget=3.02, slots=[slot(T5)])
    assert answer["results"][0]["cause"] == "deadline"


def test_web_call_polls_once_at_the_floored_slot() -> None:
    """A web call polls its race at once, as a request at the quarter minute before it."""
    kit, _ = ready()
    kit.clock.advance(22)
    answer = ask(kit, web=True, raceId=RACE_ID)
    result = answer["results"][0]
    assert (result["result"], result["kind"], result["slot"]) == (
        "committed",
        "request",
        iso(T5 + timedelta(seconds=15)),
    )


def test_web_call_again_within_the_refresh_does_nothing() -> None:
    """Two requests within 15 s poll once: the second finds its slot in the ledger."""
    kit, feed = ready()
    kit.clock.advance(16)
    ask(kit, web=True, raceId=RACE_ID)
    kit.clock.advance(5)
    assert ask(kit, web=True, raceId=RACE_ID)["results"][0]["result"] == "done"
    assert len(feed.asked) == 1


def test_several_races_by_text_or_list() -> None:
    """raceIds may be a list or ids with commas between; upper case and repeats count once."""
    kit, _ = ready(2)
    answer = ask(kit, web=True, raceIds=f"{RACE_ID.upper()},{other(1)},{RACE_ID}")
    assert [r["result"] for r in answer["results"]] == ["committed", "committed"]
    assert ask(kit, raceIds=[other(1)])["results"][0]["result"] == "done"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "raceId"),
        ({"raceId": RACE_ID, "raceIds": [RACE_ID]}, "raceId"),
        ({"raceId": "race-1"}, "raceId"),
        ({"raceId": 7}, "raceId"),
        ({"raceId": "../" + RACE_ID}, "raceId"),
        ({"raceIds": [], "raceId": RACE_ID, "slots": []}, "raceId"),
        ({"raceIds": {"a": 1}}, "raceIds"),
        ({"raceIds": [RACE_ID, "x"]}, "raceIds[1]"),
        ({"raceIds": [other(i) for i in range(31)]}, "raceIds"),
        ({"slots": "now"}, "slots"),
        ({"slots": [7]}, "slots[0]"),
        ({"slots": [{"raceId": RACE_ID}]}, "slots[0].slot"),
        ({"slots": [{"raceId": RACE_ID, "slot": "2026-03-01T02:25:00"}]}, "slots[0].slot"),
        ({"slots": [slot(T5, kind="closing")]}, "slots[0].kind"),
        ({"slots": [slot(T5, start="soon")]}, "slots[0].start"),
        ({"slots": [slot(T5)], "tick": 5}, "tick"),
    ],
)
def test_bad_input_names_its_field(params: dict[str, Any], field: str) -> None:
    """Malformed parameters are refused before anything is read, naming the field."""
    kit, feed = ready()
    with pytest.raises(BadRequest) as refused:
        ask(kit, **params)
    assert refused.value.field == field
    assert (feed.asked, kit.store.asked) == ([], [])


def test_one_race_that_cannot_be_polled_raises_its_error() -> None:
    """Asked for one race, the caller gets its error: not found, or filtered out by name."""
    kit, feed = ready()
    feed.trouble[RACE_ID] = FeedNotFound("gone")
    with pytest.raises(FeedNotFound):
        ask(kit, raceId=RACE_ID)
    feed.trouble.clear()
    kit.container.settings = replace(kit.container.settings, countries=frozenset({"AUS"}))
    kit.clock.advance(15)
    with pytest.raises(FilteredOut, match="RACEDAY_COUNTRIES"):
        ask(kit, raceId=RACE_ID)


def test_single_race_poller_tells_each_step() -> None:
    """single-race-poller answers with every step, its time, and each check of the validation."""
    kit, _ = ready()
    answer = ask(kit, legacy.single_race, raceId=RACE_ID)
    assert [s["step"] for s in answer["steps"]] == [
        "ledger",
        "feed",
        "rows",
        "validate",
        "compare",
        "commit",
        "outcome",
    ]
    assert {c["name"] for c in answer["checks"]} >= {"win_identity", "hold_sum"}
    assert answer["committed"] == 1


def test_single_race_poller_needs_a_race() -> None:
    """single-race-poller refuses a call without a race id."""
    kit, _ = ready()
    with pytest.raises(BadRequest, match="raceId"):
        ask(kit, legacy.single_race)


def test_batch_race_poller_keeps_its_limit() -> None:
    """batch-race-poller gives a result per race up to its limit and refuses more."""
    kit, feed = ready(4, batch_limit=3)
    feed.trouble[other(1)] = FeedNotFound("gone")
    answer = ask(kit, legacy.batch, raceIds=[RACE_ID, other(1), other(2)])
    assert [r["result"] for r in answer["results"]] == ["committed", "failed", "committed"]
    with pytest.raises(BadRequest, match="at most 3 races"):
        ask(kit, legacy.batch, raceIds=[RACE_ID, *(other(i) for i in range(1, 4))])


def test_race_data_poller_polls_what_is_due() -> None:
    """race-data-poller finds the slots around now by itself, leaves finished races alone and loops until its limit."""
    kit, feed = ready(3)
    races = kit.store.tables[RACES]
    kit.store.put(RACES, other(1), races[other(1)] | {"status": "Final"})
    kit.store.put(RACES, other(2), races[other(2)] | {"startTime": iso(START + timedelta(days=2))})
    answer = ask(kit, legacy.data_poller, budget=50)
    assert (answer["races"], answer["committed"]) == (1, 2)
    assert [when for _, when in feed.asked] == [T5, T5 + HALF_MINUTE]


def test_race_data_poller_polls_once_by_web() -> None:
    """Called by the web race-data-poller polls only what is due now."""
    kit, feed = ready()
    kit.clock.advance(4)
    answer = ask(kit, legacy.data_poller, web=True)
    assert (answer["committed"], len(feed.asked)) == (1, 1)


@pytest.mark.parametrize("nobody", [[], "", ","])
def test_a_poller_that_is_told_no_race_polls_what_is_due(nobody: object) -> None:
    """The former poller's `raceIds` without an id polls the slots around now, once; the batch finds nothing to do."""
    kit, feed = ready(2)
    kit.store.put(RACES, other(1), kit.store.tables[RACES][other(1)] | {"status": "Final"})
    assert ask(kit, legacy.batch, raceIds=nobody)["polled"] == len(feed.asked) == 0
    for handler in (poller.handle, legacy.data_poller):
        answer = ask(kit, handler, web=True, raceIds=nobody)
        assert [r["raceId"] for r in answer["results"]] == [RACE_ID]
        assert answer["committed"] == 1
        kit.clock.advance(30)


@pytest.mark.parametrize("handler", [poller.handle, legacy.data_poller])
def test_a_call_finds_nothing_due(handler: Handler) -> None:
    """Where no race has a slot around now, a poller that nobody told a race answers that it polled none."""
    kit, _ = ready(1)
    kit.store.put(RACES, RACE_ID, kit.store.tables[RACES][RACE_ID] | {"status": "Final"})
    answer = ask(kit, handler, web=True, raceIds=[])
    assert (answer["polled"], answer["results"]) == (0, [])


def test_race_data_poller_polls_the_races_it_is_given() -> None:
    """With `raceIds` race-data-poller polls these and not what else is due."""
    kit, _ = ready(3)
    answer = ask(kit, legacy.data_poller, raceIds=f"{RACE_ID},{other(2)}")
    assert {r["raceId"]: r["result"] for r in answer["results"]} == {RACE_ID: "committed", other(2): "committed"}


def test_race_data_poller_without_work_is_fine() -> None:
    """With nothing due race-data-poller answers with empty results."""
    kit = make_kit(T5)
    assert ask(kit, legacy.data_poller) == {
        "ok": True, "polled": 0, "committed": 0, "results": [], "failures": [], "races": 0,
    }  # fmt: skip


def test_a_poller_whose_clock_is_minutes_off_asks_the_store_for_the_time() -> None:
    """A deadline in the past or slots far off make the poller hear the store before it trusts its clock."""
    kit, _ = ready()
    slots = [{"raceId": RACE_ID, "slot": iso(T5 + timedelta(minutes=5)), "start": iso(START), "kind": "slot"}]
    ask(kit, slots=slots)
    assert kit.store.asked[0] == "get"
