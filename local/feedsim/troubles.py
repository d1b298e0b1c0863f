"""What befalls the money of some races: refunds that come late, pools called off or dropped, missing prices, leaps.

Each is drawn from the race's own stream, so that asking for one kind leaves the rest of the day as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from local.feedsim.marks import floor_mark
from local.feedsim.model import DroppedPools, FeedRace, Leap, Scratching, Suspension
from local.feedsim.options import MONEY_TROUBLES, DayOptions
from local.feedsim.seeded import stream

_SECOND = timedelta(seconds=1)
_UNTOLD = timedelta(hours=7)
# Fewer runners than this are left as they are.
_LEAST = 5


def write_troubles(seed: int, day: date, pool: list[FeedRace], options: DayOptions) -> None:
    """Deal the troubles that were asked for over races that are run, in place; a race may have several."""
    for name in (*MONEY_TROUBLES, "unfinished"):
        chance = stream(seed, day, name)
        for race in chance.sample(pool, min(options.count(name), len(pool))):
            _MAKERS[name](race)


def _left(race: FeedRace) -> list[int]:
    out = {scratching.index for scratching in race.script.scratchings}
    return [i for i in range(len(race.runners)) if i not in out]


def _scratch(race: FeedRace, scratching: Scratching) -> None:
    race.script = replace(race.script, scratchings=(*race.script.scratchings, scratching))


def _unrefunded(race: FeedRace) -> None:
    """One or two runners go out together; the refund comes a refresh to some minutes later, for each on its own."""
    chance = stream(race.race_id, "unrefunded")
    at = floor_mark(race.advertised - chance.choice((95, 240, 410, 900, 2000, 3500)) * _SECOND)
    for _ in range(chance.choice((1, 1, 2))):
        left = _left(race)
        if len(left) >= _LEAST:
            refunded = at + chance.choice((15, 45, 90, 300, 615)) * _SECOND
            index = chance.choice(left)
            _scratch(race, Scratching(index, at, late=True, refunded=min(refunded, race.script.closed)))


def _leaver(race: FeedRace) -> None:
    chance, left = stream(race.race_id, "leaver"), _left(race)
    if len(left) >= _LEAST:
        at = floor_mark(race.advertised - chance.choice((75, 230, 800, 2400)) * _SECOND)
        vacant = chance.random() < 0.5
        _scratch(race, Scratching(chance.choice(left), at, late=True, leaves=True, vacant=vacant))


def _dead_place(race: FeedRace) -> None:
    chance = stream(race.race_id, "dead place")
    off = floor_mark(race.advertised - chance.choice((45, 300, 1000, 2800)) * _SECOND)
    race.script = replace(race.script, place_off=off, odds_left=chance.random() < 0.5)


def _called_off(race: FeedRace) -> None:
    """The Place pool is called off, and some minutes later the whole race; the meeting's list tells it first."""
    chance = stream(race.race_id, "called off")
    off = floor_mark(race.advertised - chance.choice((300, 460, 1000, 2800)) * _SECOND)
    told = off + chance.choice((30, 75, 150, 240)) * _SECOND
    event = told + chance.choice((0, 15, 45)) * _SECOND
    race.script = replace(
        race.script, place_off=off, odds_left=chance.random() < 0.5, abandoned_list=told, abandoned_event=event
    )


def _dropped_pools(race: FeedRace) -> None:
    """The feed forgets its totals: from the close on null and then an empty list, or zeros after Final."""
    chance, script = stream(race.race_id, "dropped pools"), race.script
    vanish = (DroppedPools(script.interim, "null"), DroppedPools(script.final, "empty"))
    zeroed = (DroppedPools(script.final + 15 * _SECOND, "zero"),)
    race.script = replace(script, dropped=vanish if chance.random() < 0.5 else zeroed)


def _suspension(race: FeedRace) -> None:
    """Fixed prices of one runner or of all, or one runner's pool odds, are missing for up to ten minutes."""
    chance = stream(race.race_id, "suspension")
    since = floor_mark(race.advertised - chance.choice((60, 330, 700, 1900, 3300)) * _SECOND)
    until = since + chance.choice((30, 60, 150, 330, 600)) * _SECOND
    kind = chance.choice(("fixed", "fixed", "pool"))
    everyone = kind == "fixed" and chance.random() < 0.5
    index = None if everyone else chance.choice(_left(race))
    race.script = replace(race.script, suspensions=(*race.script.suspensions, Suspension(since, until, kind, index)))


def _late_amendment(race: FeedRace) -> None:
    chance = stream(race.race_id, "late amendment")
    at = race.script.final + timedelta(minutes=chance.choice((41, 55, 130, 175)))
    race.script = replace(race.script, corrected=at, correction=chance.choice(("dividends", "placings")))


def _leap(race: FeedRace) -> None:
    """Win, Place or both are told ten or a hundred times too large, or a tenth of themselves, for up to ten minutes."""
    chance = stream(race.race_id, "leap")
    since = floor_mark(race.advertised - chance.choice((60, 150, 290, 700, 1500)) * _SECOND)
    until = min(since + chance.choice((30, 60, 150, 600)) * _SECOND, race.script.closed)
    products = chance.choice((("win",), ("place",), ("win", "place")))
    leap = Leap(since, until, products, chance.choice((Fraction(10), Fraction(100), Fraction(1, 10))))
    race.script = replace(race.script, leaps=(leap,))


def _unfinished(race: FeedRace) -> None:
    """Betting shuts, and nothing is told of the race for seven hours."""
    race.script = replace(race.script, interim=race.advertised + _UNTOLD, final=race.advertised + _UNTOLD)


_MAKERS: dict[str, Callable[[FeedRace], None]] = {
    "unrefunded": _unrefunded,
    "leavers": _leaver,
    "dead_places": _dead_place,
    "called_off": _called_off,
    "dropped_pools": _dropped_pools,
    "suspensions": _suspension,
    "late_amendments": _late_amendment,
    "leaps": _leap,
    "unfinished": _unfinished,
}
