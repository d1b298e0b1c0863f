"""Recorded and generated events go through a poll into the store."""

import asyncio
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.feedsim import FeedSim, FeedTransport, RecordedFeed, generate_day
from raceday.clock import iso
from raceday.errors import StoreMissing
from raceday.feed.client import make_feed
from raceday.polling.outcome import Order, Outcome
from raceday.polling.poll import poll
from raceday.racing.schedule import Intervals, slots_between
from raceday.racing.score import failed
from raceday.racing.snapshot import Status
from raceday.tables import ENTRANTS, MEETINGS, ODDS_HISTORY, RACE_RESULTS, RACES
from tests.poll_kit import Kit, make_kit
from tests.recorded import RECORDED, needs_recorded
from tests.recording import make_recording

WIDE: dict[str, Any] = {"countries": frozenset({"AUS", "NZ", "HK"}), "codes": frozenset({"T", "H", "G"})}
EVENTS = sorted((RECORDED / "events").glob("*.json")) if RECORDED.is_dir() else []
needs = needs_recorded


def kit_for(feed: Any, now: datetime, **settings: Any) -> Kit:
    """Make a kit whose feed is the real client before a simulated server."""
    kit = make_kit(now, **{"feed_from": "me@example.org", "feed_partner": "p", "feed_partner_id": "i"} | settings)
    parts = kit.container
    transport = FeedTransport(feed, kit.clock.now)
    parts.feed = make_feed(parts.settings, parts.clock, parts.chance, parts.log, transport=transport)
    return kit


def store_row(kit: Kit, race_id: str) -> None:
    """Store the least an import would have left of a race."""
    row = {"raceId": race_id, "name": "?", "raceNumber": 1, "status": "Open", "startTime": iso(kit.clock.now())}
    kit.store.put(RACES, race_id, row)


def recorded_poll(path: Path, **settings: Any) -> tuple[Kit, Outcome, dict[str, Any]]:
    """Poll one recorded event one second after the feed made it."""
    payload = json.loads(path.read_text())
    made = datetime.fromisoformat(payload["header"]["generated_time"])
    race_id = payload["data"]["race"]["event_id"]
    kit = kit_for(RecordedFeed(path.parents[1]), made + timedelta(seconds=1), **settings)
    store_row(kit, race_id)
    order = Order(race_id, kit.clock.now().replace(microsecond=0), "request")
    return kit, asyncio.run(poll(kit.container, order, kit.container.log)), payload["data"]


@needs
@pytest.mark.parametrize("path", EVENTS, ids=lambda p: p.stem)
def test_recorded_event_goes_through_a_poll(path: Path) -> None:
    """With the filter widened every recorded event is committed, pools to the cent and amounts that add up."""
    kit, outcome, data = recorded_poll(path, **WIDE)
    assert outcome.result == "committed", outcome.report()
    row = kit.ledger(outcome.order.race_id)[0]
    assert row.pools is not None
    served = {p["product_type"]: round(p["total"] * 100) for p in data["tote_pools"]}
    for product, cents in (("win", served["Win"]), ("place", served["Place"]), ("first4", served["FirstFour"])):
        assert row.pools.cents(product) == cents
    assert sum(r.win_cents or 0 for r in row.runners) + row.pools.beside_cents("win") == served["Win"]
    assert sum(r.place_cents or 0 for r in row.runners) + row.pools.beside_cents("place") == served["Place"]
    assert all(not r.win_cents for r in row.runners if r.scratched)
    assert len(kit.store.tables[ENTRANTS]) == len(data["runners"])
    assert (len(kit.store.tables[RACE_RESULTS]) == 1) == bool(data.get("results"))


@needs
@pytest.mark.parametrize("name", ["NZ_T_Final_0f57e087_full_flags", "AUS_T_Final_79a64dd8"])
def test_settled_recordings_score_above_ninety(name: str) -> None:
    """Two settled races of the recording pass every check that applies."""
    kit, outcome, _ = recorded_poll(RECORDED / "events" / f"{name}.json")
    row = kit.ledger(outcome.order.race_id)[0]
    assert failed(row.checks) == []
    assert (row.score or 0) > 90


@needs
@pytest.mark.parametrize("path", EVENTS, ids=lambda p: p.stem)
def test_default_filter_refuses_by_name(path: Path) -> None:
    """With the defaults Hong Kong and greyhounds are refused with the rule's name, and nothing is written."""
    kit, outcome, _ = recorded_poll(path)
    rules = {"HK_T": "RACEDAY_COUNTRIES", "AUS_G": "RACEDAY_CODES"}
    rule = next((rule for start, rule in rules.items() if path.name.startswith(start)), "")
    assert (outcome.result, outcome.cause) == (("refused", rule) if rule else ("committed", ""))
    assert bool(kit.ledger(outcome.order.race_id)) != bool(rule)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the events of a day recorded from the generator: what is tested of recordings is so in any clone."""
    folder = tmp_path_factory.mktemp("made")
    make_recording(folder / "recording")
    return sorted((folder / "recording" / "events").glob("*.json"))


def test_made_recordings_go_through_a_poll(made: list[Path]) -> None:
    """With the filter widened every recorded event is committed, pools to the cent; settled ones score above 90."""
    settled = 0
    for path in made:
        kit, outcome, data = recorded_poll(path, countries=frozenset({path.name.split("_")[0]}), codes=WIDE["codes"])
        assert outcome.result == "committed", outcome.report()
        row = kit.ledger(outcome.order.race_id)[0]
        served = {pool["product_type"]: round(pool["total"] * 100) for pool in data["tote_pools"]}
        assert row.pools is not None
        assert (row.pools.cents("win"), row.pools.cents("place")) == (served["Win"], served["Place"])
        assert len(kit.store.tables[ENTRANTS]) == len(data["runners"])
        assert (len(kit.store.tables[RACE_RESULTS]) == 1) == bool(data.get("results"))
        settled += data["race"]["status"] == "Final" and (row.score or 0) > 90
    assert settled > 2


def test_made_recordings_are_filtered_by_name(made: list[Path]) -> None:
    """With the defaults other countries and greyhounds are refused with the rule's name, and nothing is written."""
    seen = set()
    for path in made:
        country, code, _ = path.name.split("_", 2)
        rule = "RACEDAY_COUNTRIES" if country not in ("AUS", "NZ") else "RACEDAY_CODES" if code == "G" else ""
        kit, outcome, _ = recorded_poll(path)
        assert (outcome.result, outcome.cause) == (("refused", rule) if rule else ("committed", ""))
        assert bool(kit.ledger(outcome.order.race_id)) != bool(rule)
        seen.add(rule)
    assert seen == {"", "RACEDAY_COUNTRIES", "RACEDAY_CODES"}


def test_generated_race_is_polled_along_its_plan() -> None:
    """A generated race polled at every slot of its plan ends Final with results; pools and runners add up each time."""
    day = generate_day(7, date(2026, 3, 1), races=4)
    race = day.core_races[0]
    over = day.over_at(race.race_id)
    assert over is not None
    kit = kit_for(FeedSim(day), race.advertised - timedelta(minutes=66))
    store_row(kit, race.race_id)
    asyncio.run(_follow(kit, race.race_id, race.advertised, over))
    ledger = kit.ledger(race.race_id)
    assert len(ledger) > 30
    assert ledger[-1].status.over
    assert [row.n for row in ledger] == list(range(1, len(ledger) + 1))
    for row in ledger:
        assert sum(r.win_cents or 0 for r in row.runners) == (row.pools.cents("win") if row.pools else 0)
    assert sum(len(row.gaps) for row in ledger) == 0
    if ledger[-1].status is Status.FINAL:
        assert kit.store.tables[RACE_RESULTS][race.race_id]["resultStatus"] == "final"


def test_unknown_race_is_imported_first() -> None:
    """A race that is not stored is imported with meeting and entrants, and no first sighting is written twice."""
    day = generate_day(7, date(2026, 3, 1), races=4)
    race = day.core_races[0]
    kit = kit_for(FeedSim(day), race.advertised - timedelta(minutes=30))
    order = Order(race.race_id, race.advertised - timedelta(minutes=30), "slot", race.advertised)
    outcome = asyncio.run(poll(kit.container, order, kit.container.log))
    tables = kit.store.tables
    assert outcome.result == "committed"
    assert outcome.row is not None
    assert outcome.row.feed_calls == 2
    assert tables[RACES][race.race_id]["meeting"] in tables[MEETINGS]
    assert len(tables[ENTRANTS]) == len(race.runners)
    assert {row["n"] for row in tables[ODDS_HISTORY].values()} == {0}
    assert outcome.changed is not None
    assert outcome.changed.odds == 0


def test_a_race_deleted_between_staging_and_commit_is_imported_anew() -> None:
    """A commit that misses the race's row imports the race and is done again; the ledger goes on."""
    day = generate_day(7, date(2026, 3, 1), races=4)
    race = day.core_races[0]
    kit = kit_for(FeedSim(day), race.advertised - timedelta(minutes=30))
    gone: list[str] = []

    def deleted(moment: str, action: str) -> None:
        if moment == "before" and action in ("commit", "create") and kit.ledger(race.race_id) and not gone:
            gone.append(race.race_id)
            del kit.store.tables[RACES][race.race_id]
            raise StoreMissing("the row is gone", status=404, kind="row_not_found")

    kit.store.fault = deleted
    for minutes in (30.0, 27.5):
        slot = race.advertised - timedelta(minutes=minutes)
        kit.clock.advance((slot - kit.clock.now()).total_seconds())
        order = Order(race.race_id, slot, "slot", race.advertised)
        assert asyncio.run(poll(kit.container, order, kit.container.log)).result == "committed"
    assert gone == [race.race_id]
    assert race.race_id in kit.store.tables[RACES]
    assert [row.n for row in kit.ledger(race.race_id)] == [1, 2]


def test_race_that_nobody_knows_is_not_found() -> None:
    """An id that neither store nor feed knows ends as feed_not_found and leaves nothing behind."""
    day = generate_day(7, date(2026, 3, 1), races=4)
    kit = kit_for(FeedSim(day), day.core_races[0].advertised)
    order = Order("5f0b7a52-7d0e-4c11-9f39-1a6cf0a4b0ff", kit.clock.now(), "request")
    outcome = asyncio.run(poll(kit.container, order, kit.container.log))
    assert (outcome.result, outcome.cause) == ("failed", "feed_not_found")
    assert not any(kit.store.tables.values())


def test_unwanted_race_is_not_imported() -> None:
    """A greyhound race that is not stored is refused with the rule's name and leaves nothing behind."""
    day = generate_day(7, date(2026, 3, 1), races=4)
    race = next(r for r in day.races if r.category == "G")
    kit = kit_for(FeedSim(day), race.advertised - timedelta(minutes=30))
    outcome = asyncio.run(poll(kit.container, Order(race.race_id, kit.clock.now(), "request"), kit.container.log))
    assert (outcome.result, outcome.cause) == ("refused", "RACEDAY_CODES")
    assert not any(kit.store.tables.values())


async def _follow(kit: Kit, race_id: str, start: datetime, over: datetime) -> None:
    while kit.clock.now() < over + timedelta(minutes=2):
        ledger = kit.ledger(race_id)
        last = ledger[-1] if ledger else None
        if last and last.status.over:
            return
        until = over + timedelta(hours=1)
        known_start, status = (last.start, last.status) if last else (start, None)
        slot = next(slots_between(known_start, status, Intervals(), kit.clock.now(), until))
        kit.clock.advance((slot.at - kit.clock.now()).total_seconds())
        outcome = await poll(kit.container, Order(race_id, slot.at, slot.kind), kit.container.log)
        assert outcome.result == "committed", outcome.report()
