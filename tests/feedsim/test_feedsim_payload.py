"""Generated payloads: the feed's shapes, its oddities, and agreement with the truth."""

import json
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from local.feedsim import FeedDay, FeedSim, generate_day
from local.feedsim.marks import NZ
from tests.feedsim.asking import ask, event
from tests.feedsim.conftest import DATE

_PRODUCTS = {
    "Win": "win",
    "Place": "place",
    "Quinella": "quinella",
    "Trifecta": "trifecta",
    "Exacta": "exacta",
    "FirstFour": "first4",
    "First Four": "first4",
    "First 4": "first4",
}


def test_event_says_what_is_true(feedsim_day: FeedDay, feedsim: FeedSim) -> None:
    """Pools, odds, scratchings and summed tracker pieces of an event are those of the truth at its mark."""
    for race in feedsim_day.core_races:
        for minutes in (-240, -30, -1, 3, 40):
            at = race.advertised + timedelta(minutes=minutes, seconds=7)
            state, data = feedsim_day.truth(race.race_id, at), event(feedsim, race.race_id, at)
            pools = {
                _PRODUCTS[p["product_type"]]: round(p["total"] * 100)
                for p in data["tote_pools"]
                if p["product_type"] in _PRODUCTS
            }
            assert pools == state.pools
            hold: dict[str, int] = defaultdict(int)
            for piece in data["money_tracker"]["entrants"]:
                hold[piece["entrant_id"]] += piece["hold_percentage"]
            for row, runner in zip(data["runners"], state.runners, strict=True):
                assert row["entrant_id"] == runner.entrant_id
                assert row["is_scratched"] == runner.scratched
                assert row["odds"].get("pool_win") == runner.pool_win
                assert row["odds"].get("pool_place") == runner.pool_place
                assert row["odds"]["fixed_win"] == runner.fixed_win
                assert hold.pop(row["entrant_id"]) == runner.hold_points
            assert sum(hold.values()) == state.unknown_hold_points
            assert data["race"]["status"] == state.status
            assert data["race"]["field_size"] == state.field_size


def test_results_are_absent_before_interim(feedsim_day: FeedDay, feedsim: FeedSim) -> None:
    """Results, dividends and substitutions come with Interim; Interim and Final dividends then stand side by side."""
    race = next(race for race in feedsim_day.core_races if race.script.abandoned_list is None)
    before = event(feedsim, race.race_id, race.script.closed)
    assert {"results", "dividends", "substitutions"}.isdisjoint(before)
    interim = event(feedsim, race.race_id, race.script.interim)
    assert {row["status"] for row in interim["dividends"]} == {"Interim"}
    final = event(feedsim, race.race_id, race.script.final)
    assert {row["status"] for row in final["dividends"]} == {"Interim", "Final"}
    assert [row["product_name"] for row in final["dividends"]] != sorted(r["product_name"] for r in final["dividends"])
    pools = {_PRODUCTS.get(p["product_type"]): p["total"] for p in final["tote_pools"]}
    win = next(row for row in final["dividends"] if row["product_name"] == "Pool Win" and row["status"] == "Final")
    assert win["pool_size"] == pools["win"]


def test_flags_add_what_they_name(feedsim_day: FeedDay, feedsim: FeedSim) -> None:
    """Money tracker and trends XML come only when asked for; unknown and misspelt flags are ignored."""
    race = feedsim_day.core_races[4]
    plain = event(feedsim, race.race_id, race.advertised, "will_pays=true&nonsense=1")
    full = event(feedsim, race.race_id, race.advertised, "with_money_tracker=true&with_tote_trends_data=true")
    assert plain["money_tracker"] is None
    assert len(full["money_tracker"]["entrants"]) > 3 * len(race.runners)
    for data, xml in ((plain, False), (full, True)):
        trends = {p["product_type"]: p["tote_trends"] for p in data["tote_pools"] if "tote_trends" in p}
        assert {"Win", "Place", "Quinella"}.isdisjoint(trends)
        assert all(("tote_trends_data" in trend) is xml for trend in trends.values())
    _, payload = ask(feedsim, f"events/{race.race_id}", race.advertised, "with_will_pays=true")
    assert payload["params"]["will_pays"] is True
    excluded = event(feedsim, race.race_id, race.advertised, "bet_type_filter=Win")
    assert "Win" not in {pool["product_type"] for pool in excluded["tote_pools"]}


def test_trends_sum_to_their_total(feedsim_day: FeedDay, feedsim: FeedSim) -> None:
    """In the trends XML, with CRLF line ends, the investments for each place sum exactly to the pool total."""
    race = feedsim_day.core_races[6]
    data = event(feedsim, race.race_id, race.advertised, "with_tote_trends_data=true")
    trends = next(p["tote_trends"] for p in data["tote_pools"] if p["product_type"] == "Trifecta")
    assert "\r\n" in trends["tote_trends_data"]
    root = ElementTree.fromstring(trends["tote_trends_data"])
    total = float(root.findtext(".//pool_total") or 0)
    for place in (1, 2, 3):
        cents = sum(round(float(node.text or 0) * 100) for node in root.iter(f"runner_investment{place}"))
        assert cents == round(total * 100)


def test_oddities_of_the_feed_are_there(feedsim_big_day: FeedDay) -> None:
    """Strings for numbers, glued track words, harness positions, change objects, zero starts and Go dates all occur."""
    feed = FeedSim(feedsim_big_day)
    rows, races, pools = [], [], []
    for race in feedsim_big_day.core_races:
        if race.script.gone is not None:
            continue
        data = event(feed, race.race_id, race.advertised - timedelta(minutes=50))
        races.append(data["race"])
        rows += data["runners"]
        pools += data["tote_pools"]
    assert all(isinstance(row["prize_money"], str) for row in rows)
    assert {row["barrier_position"][:2] for row in rows if "barrier_position" in row} == {"Fr", "Sr"}
    assert any(isinstance(row.get("runner_change"), dict) for row in rows)
    assert any(row.get("runner_change", "") is None for row in rows)
    assert any(re.search(r"[a-z]\d$", race["track_condition"]) for race in races)
    assert "" in {race["weather"] for race in races}
    assert len({race["weather"] for race in races} & {"FINE", "Fine"}) == 2
    assert any(race["actual_start"] == 0 for race in races)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC", r["advertised_start_string"]) for r in races)
    assert {type(pool["total"]) for pool in pools} == {int, float}
    assert {"FirstFour", "First Four", "First 4"} <= {pool["product_type"] for pool in pools}
    scratched = [row for row in rows if row["is_scratched"]]
    assert any("pool_win" in row["odds"] for row in scratched)
    assert any("pool_win" not in row["odds"] for row in scratched)
    assert all(row["scr_time"] for row in scratched)
    assert {row["scratch_time"] for row in rows if not row["is_scratched"]} == {0}


def test_generated_time_has_trimmed_nanoseconds(feedsim_day: FeedDay, feedsim: FeedSim) -> None:
    """The header's time is that of the request, to nine digits with trailing zeros trimmed, and rises with it."""
    race = feedsim_day.core_races[0]
    texts = []
    for k in range(40):
        at = race.advertised + timedelta(seconds=k, microseconds=k * 1000)
        texts.append(ask(feedsim, f"events/{race.race_id}", at)[1]["header"]["generated_time"])
    assert texts == sorted(texts, key=lambda text: datetime.fromisoformat(text[:19]))
    digits = {len(text.partition(".")[2].rstrip("Z")) for text in texts}
    assert 9 in digits
    assert len(digits) > 1
    assert not any(text.rstrip("Z").endswith("0") and "." in text for text in texts)


def test_local_times_follow_the_zone(feedsim_day: FeedDay, feedsim: FeedSim) -> None:
    """NZ members of an event are local to New Zealand, and the tote's clock may pass 24 hours."""
    race = feedsim_day.core_races[0]
    row = event(feedsim, race.race_id, race.advertised)["race"]
    assert row["start_time_nz"] == "11:45:00 NZDT"
    assert row["race_date_nz"] == DATE.isoformat()
    big = generate_day(seed=1, date=DATE, races=96)
    _, payload = ask(FeedSim(big), "meetings", big.core_races[-1].advertised, f"date_from={DATE}")
    clocks = [
        race["tote_start_time"]
        for meeting in payload["data"]["meetings"]
        for race in meeting["races"]
        if "tote_start_time" in race
    ]
    assert any(clock.startswith("25:") for clock in clocks)
    last = big.core_races[-1].advertised.astimezone(NZ)
    assert f"{last.hour + 24}:{last.minute:02d}:00" in clocks


def test_sizes_of_compact_and_full_events() -> None:
    """A compact event is some tens of kilobytes, a full one with its flags near two hundred."""
    at = datetime(2026, 3, 1, 2, tzinfo=UTC)
    sizes = {}
    for form in ("compact", "full"):
        day = generate_day(seed=1, date=DATE, races=24, form=form)
        feed = FeedSim(day)
        race = next(race for race in day.core_races if len(race.runners) == 11)
        sizes[form] = len(json.dumps(ask(feed, f"events/{race.race_id}", at, "with_money_tracker=true")[1]))
    assert 15_000 < sizes["compact"] < 45_000
    assert 150_000 < sizes["full"] < 300_000


def test_string_barriers_are_an_option() -> None:
    """On demand harness barriers are texts such as Fr1."""
    day = generate_day(seed=1, date=DATE, races=24, string_barriers=True)
    race = next(race for race in day.core_races if race.category == "H")
    data = event(FeedSim(day), race.race_id, race.advertised)
    assert data["runners"][0]["barrier"] == "Fr1"


@pytest.mark.parametrize("minutes", [-300, -3, 30])
def test_favourite_and_mover_repeat_a_runner(feedsim_day: FeedDay, feedsim: FeedSim, minutes: int) -> None:
    """The favourite and the mover stand once more at the top, being the only runners so marked."""
    for race in feedsim_day.core_races:
        data = event(feedsim, race.race_id, race.advertised + timedelta(minutes=minutes))
        for role in ("favourite", "mover"):
            marked = [row["entrant_id"] for row in data["runners"] if row[role]]
            assert marked == [data[role]["entrant_id"]]
