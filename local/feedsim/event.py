"""The body of `/events/{id}`: one race in full, in the feed's own shapes and with its oddities."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from local.feedsim.book import RaceBook
from local.feedsim.form import history
from local.feedsim.marks import NZ, go_string, iso_z, nano_z
from local.feedsim.model import MULTI_LEG_PRODUCTS, MarketState, MeetingFacts, RunnerFacts, RunnerState
from local.feedsim.options import DayOptions
from local.feedsim.pools import dollars, quinella_odds, tote_pools
from local.feedsim.seeded import stream, uuid_of
from local.feedsim.tracker import tracker_pieces

FLAGS = (
    "with_money_tracker",
    "with_tote_trends_data",
    "with_will_pays",
    "with_big_bets",
    "with_live_bets",
    "with_biggest_bet",
    "present_overlay",
)
_DIVIDEND_NAMES = {
    "win": "Pool Win",
    "place": "Pool Place",
    "quinella": "Pool Quinella",
    "exacta": "Pool Exacta",
    "trifecta": "Pool Trifecta",
    "first4": "Pool First4",
    "early_quadrella": "Pool Early Quadrella",
    "quadrella": "Pool Quadrella",
    "running_double": "Pool Double",
    "treble": "Pool Treble",
}
_EPOCH = datetime.fromtimestamp(0, UTC)
_NOT_REPEATED = (
    "meta",
    "flucs",
    "scr_time",
    "competitor_id",
    "flucs_with_timestamp",
    "runner_win_history",
    "picks",
    "ride_guide_exists",
    "ride_guide_thumbnail",
    "ride_guide_file",
)


def event_data(
    book: RaceBook,
    meeting: MeetingFacts,
    state: MarketState,
    flags: dict[str, bool],
    options: DayOptions,
    excluded: str = "",
) -> dict[str, Any]:
    """The `data` member of an event; results, dividends and substitutions are absent until there are some."""
    everybody = [_runner(book, i, facts, state, options) for i, facts in enumerate(book.race.runners)]
    runners = [row for row, runner in zip(everybody, state.runners, strict=True) if runner.listed]
    runners += [_vacant(everybody[s.index]) for s in book.race.script.scratchings if s.vacant and s.at <= state.mark]
    data: dict[str, Any] = {"race": _race(book, meeting, state, len(runners))}
    if state.placings:
        data["results"] = _results(book, state)
        data["dividends"] = _dividends(book, state)
        data["substitutions"] = _substitutions(state)
    pools = tote_pools(book, meeting, state, trends=flags["with_tote_trends_data"], will_pays=flags["with_will_pays"])
    if flags["with_tote_trends_data"]:
        for pool in pools:
            if pool["product_type"] == "Quinella":
                pool["qla_odds"] = quinella_odds(state)
    data |= {
        "favourite": _repeated(everybody, state, "favourite"),
        "runners": runners,
        "derivatives": None,
        "mover": _repeated(everybody, state, "mover"),
        "big_bets": None,
        "live_bets": None,
        "biggest_bet": None,
        "money_tracker": {"entrants": tracker_pieces(book, state)} if flags["with_money_tracker"] else None,
        "tote_pools": None
        if state.told == "null"
        else [pool for pool in pools if not excluded or pool["product_type"] != excluded],
        "error": "",
    }
    return data


def _repeated(runners: list[dict[str, Any]], state: MarketState, role: str) -> dict[str, Any]:
    """The favourite or mover once more, without the members that only the runners' list has."""
    for row, runner in zip(runners, state.runners, strict=True):
        if getattr(runner, role):
            return {name: value for name, value in row.items() if name not in _NOT_REPEATED}
    return {name: value for name, value in runners[0].items() if name not in _NOT_REPEATED}


def _vacant(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row that stands where a runner left: of the same number, under another id, never running."""
    return {
        **row,
        "entrant_id": uuid_of(row["entrant_id"], "vacant"),
        "name": "Vacant Box",
        "is_scratched": True,
        "odds": {"fixed_win": 0, "fixed_place": 0},
        "favourite": False,
        "mover": False,
    }


def _race(book: RaceBook, meeting: MeetingFacts, state: MarketState, entrants: int) -> dict[str, Any]:
    """The race object; before the start its actual start is 0 or repeats the advertised one, race by race."""
    race, details = book.race, book.race.details
    start = state.advertised_start
    local = start.astimezone(NZ)
    unknown = _EPOCH if details["zero_actual_start"] else start
    actual = state.actual_start or unknown
    row: dict[str, Any] = {
        "event_id": race.race_id,
        "meeting_name": meeting.name,
        "display_meeting_name": meeting.name,
        "meeting_id": meeting.meeting_id,
        "status": state.status,
        "description": race.name,
        "advertised_start": int(start.timestamp()),
        "actual_start": int(actual.timestamp()),
        "advertised_start_string": go_string(start),
        "actual_start_string": go_string(actual),
        "race_date_nz": local.date().isoformat(),
        "start_time_nz": local.strftime("%H:%M:%S %Z"),
        "race_number": race.number,
        "type": race.category,
        "start_type": details["start_type"],
        "country": race.country,
        "state": race.state,
        "distance": race.distance,
        "weather": state.weather,
        "form_guide": "",
        "comment": details["comment"],
        "silk_base_url": "silks.feedsim.invalid",
        "track_condition": state.track_condition,
        "track_direction": details["direction"],
        "silk_url": f"https://silks.feedsim.invalid/sprites/{details['serial']}_SPRITE_64x64.png",
        "entrant_count": entrants,
        "field_size": state.field_size,
        "positions_paid": race.positions_paid,
        "video_channels": meeting.details.get("video_channels", []),
        "tips": details["tips"],
        "rail_position": details["rail"],
        "group": "",
        "prize_monies": _prizes(details["prize"]),
        "track_home_straight": 0,
    }
    if race.country == "NZ":
        row |= {
            "track_surface": "Grass",
            "track_circumference": 1600,
            "class": "Rating 65 HCP",
            "ffwin_option_number": 0,
            "fftop3_option_number": 0,
            "gait": "",
            "gender_conditions": "unrestricted",
            "allowance_conditions": True,
            "age_conditions": "Unrestricted",
            "special_conditions": "",
            "jockey_conditions": "C",
            "weight_and_handicap_conditions": "hcp",
            "mile_rate_400": "",
            "mile_rate_800": "",
        }
    if state.protest:
        row |= {"protest": True, "protest_reason": state.protest}
    return row


def _prizes(total: int) -> dict[str, int]:
    shares = {"1st": 56, "2nd": 18, "3rd": 9, "4th": 5, "5th": 2, "6th": 2, "7th": 2, "8th": 2, "9th": 2, "10th": 2}
    return {place: total * share // 100 for place, share in sorted(shares.items())} | {"total_value": total}


@lru_cache(maxsize=4096)
def _history(entrant_id: str, distance: int) -> dict[str, Any]:
    return history(stream(entrant_id, "history"), distance)


def _number(value: float) -> int | float:
    """A price as JSON shows it: 5 and not 5.0."""
    return int(value) if value == int(value) else value


def _runner(book: RaceBook, index: int, facts: RunnerFacts, state: MarketState, options: DayOptions) -> dict[str, Any]:
    """One runner: its static members and what the market says of it now."""
    runner = state.runners[index]
    odds: dict[str, Any] = {"fixed_win": _number(runner.fixed_win), "fixed_place": _number(runner.fixed_place)}
    if runner.pool_win is not None:
        odds["pool_win"] = _number(runner.pool_win)
    if runner.pool_place is not None:
        odds["pool_place"] = _number(runner.pool_place)
    changes = book.market.fixed_at(index, state.mark)[0]
    at = runner.scratched_at
    kept = 6 if options.form == "full" else 2
    row: dict[str, Any] = {
        "entrant_id": facts.entrant_id,
        **facts.form,
        "horse_id": facts.horse_id,
        "is_scratched": runner.scratched,
        "odds": odds,
        "scratch_time": int(at.timestamp()) if at else 0,
        "scr_time": iso_z(at) if at else None,
        "barrier": facts.barrier,
        "runner_number": facts.number,
        "favourite": runner.favourite,
        "mover": runner.mover,
        "meta": None,
        "flucs": [_number(price) for _, price in changes[-kept:]],
        "competitor_id": "",
        "ride_guide_exists": False,
        "ride_guide_thumbnail": "",
        "ride_guide_file": "",
        "flucs_with_timestamp": _known_flucs(book, index, changes, kept),
    }
    if facts.barrier_position is not None:
        row["barrier_position"] = facts.barrier_position
        if options.string_barriers:
            row["barrier"] = facts.barrier_position
    if runner.scratched and "is_late_scratched" in facts.form:
        row["is_late_scratched"] = any(s.late for s in book.race.script.scratchings if s.index == index)
    if runner.scratched and runner.fixed_win:
        row["deduction"] = _deduction(runner)
    if options.form == "full":
        row |= _history(facts.entrant_id, book.race.distance)
    return row


def _deduction(runner: RunnerState) -> dict[str, int | float]:
    cut = max(0.0, round(0.8 / runner.fixed_win - 0.02, 2))
    return {"win": _number(cut), "place": _number(round(cut * 0.8, 2))}


def _known_flucs(book: RaceBook, index: int, changes: list[tuple[datetime, float]], kept: int) -> dict[str, Any]:
    """The prices so far, formatted once per change of price."""
    key = (index, len(changes))
    if key not in book.flucs:
        book.flucs[key] = _flucs(book, changes, kept)
    return book.flucs[key]


def _flucs(book: RaceBook, changes: list[tuple[datetime, float]], kept: int) -> dict[str, Any]:
    """Fixed prices with their instants in nanoseconds, the last few and the extremes."""
    nanos = book.race.details["serial"]
    rows = [
        {
            "timestamp": nano_z(at.replace(microsecond=(nanos * (k + 7)) % 1_000_000), (nanos >> 3) % 1000),
            "fluc": _number(price),
        }
        for k, (at, price) in enumerate(changes)
    ]
    if not rows:
        empty = {"timestamp": "0001-01-01T00:00:00Z", "fluc": 0}
        return {"last_six": [], "open": empty, "high": empty, "low": empty, "nine_am": empty}
    return {
        "last_six": rows[-kept:],
        "open": rows[0],
        "high": max(rows, key=lambda row: row["fluc"]),
        "low": min(rows, key=lambda row: row["fluc"]),
        "nine_am": rows[0],
    }


def _results(book: RaceBook, state: MarketState) -> list[dict[str, Any]]:
    """Placings with margins behind the winner once the race is final; some races tell the winner's time."""
    by_number = {facts.number: facts for facts in book.race.runners}
    final = state.status == "Final"
    rows = []
    for k, placing in enumerate(state.placings):
        facts = by_number[placing.number]
        margin = book.outcome.margins[k] if final else 0.0
        row: dict[str, Any] = {
            "position": placing.position,
            "name": facts.name,
            "barrier": facts.barrier,
            "runner_number": placing.number,
            "margin_length": _number(margin),
            "entrant_id": placing.entrant_id,
        }
        if final and k == 0 and book.race.country == "NZ":
            row |= {"winning_time": book.outcome.winning_time, "time_ran": book.outcome.winning_time}
        elif final and k:
            row["positional_margin"] = f"{margin - book.outcome.margins[k - 1]:.1f}L"
        rows.append(row)
    return rows


def _dividends(book: RaceBook, state: MarketState) -> list[dict[str, Any]]:
    """Interim and Final dividends side by side, in no order."""
    rows = []
    for dividend in state.dividends:
        between = "/" if dividend.product in MULTI_LEG_PRODUCTS else ":"
        text = between.join(str(number) for number in dividend.numbers)
        rows.append(
            {
                "id": uuid_of(book.race.race_id, dividend.product, dividend.status, text, version=5),
                "tote": "NZ",
                "product_name": _DIVIDEND_NAMES[dividend.product],
                "status": dividend.status,
                "dividend": _number(dividend.dividend),
                "pool_size": dollars(dividend.pool_cents),
                "jackpot_size": 0,
                "positions": [{"runner_number": number, "position": k} for k, number in enumerate(dividend.numbers, 1)],
                "description": text,
            }
        )
    return sorted(rows, key=lambda row: str(row["id"]))


def _substitutions(state: MarketState) -> list[dict[str, str]]:
    """The tote favourite, which stands in for a selection that is scratched."""
    live = [runner for runner in state.runners if not runner.scratched]
    best = max(live, key=lambda runner: (runner.win_cents, -runner.number))
    return [{"entrant_id": best.entrant_id, "tote": "NZ", "product_name": "Pool Win"}]
