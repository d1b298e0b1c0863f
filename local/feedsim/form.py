"""The static members of a runner's feed object: the small set that every event has, and the form history filler."""

from __future__ import annotations

from random import Random
from typing import Any

from local.feedsim import words

_STATS = (
    "first_up",
    "second_up",
    "third_up",
    "fourth_up",
    "track",
    "distance",
    "track_distance",
    "good",
    "soft",
    "heavy",
    "turf",
    "synthetic",
    "overall",
    "left_handed",
    "right_handed",
    "hurdle",
    "steeple",
    "fresh_30",
    "fresh_90",
    "weight_for_age",
    "slow",
    "firm",
)


def runner_form(
    chance: Random,
    *,
    category: str,
    country: str,
    name: str,
    number: int,
    entrant_id: str,
    race_serial: int,
    compact: bool,
) -> dict[str, Any]:
    """Members of a runner that stay the same all day, strings for numbers where the feed has them.

    Compact leaves out what only fills an event: second silk host, speed map, most New Zealand extras.
    """
    horse = category != "G"
    slug = name.lower().replace(" ", "").replace("'", "")
    host = "https://silks.feedsim.invalid"
    trainer = words.person(chance)
    weight = f"{chance.randint(108, 124) / 2:g}" if category == "T" else ""
    age = chance.randint(2, 9)
    sire, dam = words.horse_name(chance), words.horse_name(chance)
    form: dict[str, Any] = {
        "market_name": "Final Field",
        "primary_market": True,
        "name": name,
        "gear": words.gear(chance) if horse else "",
        "prize_money": str(chance.randint(0, 400_000)),
        "age": age,
        "sex": chance.choice("gmhGMH") if horse else chance.choice("DB"),
        "colour": chance.choice(("b", "br", "ch", "B", "GR")) if horse else chance.choice(("BK", "BE", "F")),
        "silk_colours": words.silk(chance) if horse else "",
        "silk_url_64x64": f"{host}/events/{race_serial}/{slug}_64x64.png" if horse else "",
        "silk_url_128x128": f"{host}/events/{race_serial}/{slug}_128x128.png" if horse else "",
        "form_comment": None,
        "class_level": "",
        "jockey": words.person(chance) if horse else "",
        "apprentice_indicator": "A" if category == "T" and chance.random() < 0.2 else "",
        "allowance_weight": "",
        "owners": words.owners(chance),
        "country": country,
        "trainer_name": trainer,
        "last_twenty_starts": "".join(chance.choice("1234567890x") for _ in range(chance.randint(1, 10))),
        "sire": sire,
        "dam": dam,
        "breeding": f"{age}  {sire}-{dam}",
        "weight": {"allocated": weight, "total": weight},
        "form_indicators": None,
        "past_performances": None,
        "jockey_past_performances": None,
        "trainer_location": words.town(chance),
    }
    if not compact:
        form["speedmap"] = {
            "settling_lengths": chance.randint(1, 9),
            "entrant_id": entrant_id,
            "label": chance.choice(("Midfield", "Pace", "Back Marker", "Off Pace")),
        }
    if horse and not compact:
        form["alt_silk_url_64x64"] = f"https://alt.feedsim.invalid/{race_serial}_{number}_64x64.png"
        form["alt_silk_url_128x128"] = f"https://alt.feedsim.invalid/{race_serial}_{number}_128x128.png"
    if form["apprentice_indicator"]:
        form["allowance_weight"] = chance.choice(("1", "2", "2.5", "4"))
    if country == "NZ" and category == "T":
        form |= _new_zealand_members(chance)
        form |= {} if compact else _new_zealand_extras(chance)
    return form


def _new_zealand_members(chance: Random) -> dict[str, Any]:
    """Members that only New Zealand gallops carry, among them the changes object keyed by dd/mm/yyyy dates."""
    change = {f"{chance.randint(1, 28):02d}/0{chance.randint(1, 9)}/2024": f"Stable Change - {words.person(chance)}"}
    return {
        "is_late_scratched": False,
        "is_emergency": False,
        "first_start_indicator": False,
        "emergency_position": "",
        "runner_change": change if chance.random() < 0.6 else None,
        "handicap_rating": str(chance.randint(40, 90)),
        "win_p": f"{chance.randint(0, 40)}%",
    }


def _new_zealand_extras(chance: Random) -> dict[str, Any]:
    """Further members of New Zealand gallops that nothing reads."""
    return {
        "foaling_date": f"{chance.randint(2016, 2023)}-1{chance.randint(0, 1)}-{chance.randint(1, 28):02d}",
        "rating": "",
        "place_p": f"{chance.randint(0, 60)}%",
        "spr": chance.randint(0, 4000),
        "last_12_w": f"{chance.randint(0, 30)}%",
        "last_12_p": f"{chance.randint(0, 50)}%",
        "last_12_months_prize_money": {"NZD": chance.choice((0, 19790, 69230, 41955.38500000001))},
        "dam_dam": words.horse_name(chance),
        "dam_sire": words.horse_name(chance),
    }


def history(chance: Random, distance: int) -> dict[str, Any]:
    """Form history of one runner, about 12 kB: what makes a full event as large as a recorded one."""
    filled: dict[str, Any] = {name: _stat(chance) for name in _STATS}
    filled["past_performances"] = {"jockey": _summary(chance)}
    filled["jockey_past_performances"] = {"last_50_starts": _summary(chance), "trainer": _summary(chance)}
    filled["last_12_months"] = {
        "number_of_starts": chance.randint(0, 12),
        "number_of_wins": chance.randint(0, 3),
        "number_of_seconds": 0,
        "number_of_thirds": 1,
    }
    filled["last_starts"] = [_last_start(chance, distance) for _ in range(chance.randint(6, 18))]
    filled["form_indicators"] = [
        {"name": "Placed Over Distance", "group": "Distance", "negative": False, "priority": chance.randint(100, 600)}
    ]
    filled["runner_win_history"] = [
        {"details": f"{n}th up 0{n}/24 RATING 65 Hcp 5{n}.0({n}) 1:1{n}"} for n in range(4, chance.randint(5, 8))
    ]
    filled["picks"] = [
        {"name": words.tipster(chance), "rank": chance.randint(1, 5), "selector_type": "trackside", "comment": ""}
    ]
    return filled


def _summary(chance: Random) -> dict[str, int]:
    starts = chance.randint(0, 50)
    return {
        "number_of_starts": starts,
        "number_of_wins": starts // 7,
        "number_of_placings": 0,
        "number_of_seconds": starts // 9,
        "number_of_thirds": starts // 8,
    }


def _stat(chance: Random) -> dict[str, int]:
    return {**_summary(chance), "winning_distance": 0}


def _last_start(chance: Random, distance: int) -> dict[str, str]:
    """One past start; every member is text, and dates are dd/mm/yyyy."""
    return {
        "barrier": str(chance.randint(1, 14)),
        "days_since": str(chance.randint(6, 90)),
        "distance": str(distance),
        "finish": str(chance.randint(1, 14)),
        "jockey": words.person(chance),
        "limit_weight": "58.00",
        "margin": f"{chance.random() * 12:.2f}",
        "number_of_runners": str(chance.randint(7, 16)),
        "class": "Rating 65 Benchmark*",
        "number": str(chance.randint(1, 14)),
        "prize_money": "18500",
        "second": words.horse_name(chance),
        "third": words.horse_name(chance),
        "winner": words.horse_name(chance),
        "starting_price": f"{chance.random() * 30 + 2:.2f}",
        "time_ran": f"1:{chance.randint(10, 59)}.{chance.randint(10, 99)}",
        "margin_1st_2nd": "1-1/4 Lengths",
        "margin_2nd_3rd": "Short Neck",
        "margin_3rd_4th": "",
        "minimum_handicap": "54.00",
        "gear": words.gear(chance),
        "track": "TUIR",
        "track_four_char": "TUIR",
        "track_condition": chance.choice(("Good 4", "Soft 5", "Heavy 8")),
        "weight_carried": f"{chance.randint(108, 118) / 2:.1f}",
        "date": f"{chance.randint(1, 28):02d}/{chance.randint(1, 12):02d}/2024",
        "last_600": f"0.3{chance.randint(3, 7)}.{chance.randint(10, 99)}",
        "bon": "1.23.40",
        "track_surface": "Grass",
        "track_direction": "Left Handed",
        "run_rating": str(chance.randint(40, 80)),
        "win_favouritism": str(chance.randint(1, 12)),
        "place_favouritism": str(chance.randint(1, 12)),
    }
