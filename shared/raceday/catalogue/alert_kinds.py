"""Kinds of alerts and of users' filters: their names in stored rows, what people read, and what they look at."""

from typing import NamedTuple


class AlertKind(NamedTuple):
    """One kind of notification: `title` begins its text; it tells of the money of pool `product`, or of its `odds`.

    Money and odds are those of a product that runners share: win or place.
    """

    name: str
    title: str
    product: str = ""
    odds: str = ""


ALERT_KINDS = (
    AlertKind("money_win", "Win money", "win"),
    AlertKind("money_place", "Place money", "place"),
    AlertKind("odds", "Odds", odds="win"),
    AlertKind("reminder", "Starts in a minute"),
)
# Kinds that tell of a pool's money, by product.
MONEY_KINDS = {kind.product: kind.name for kind in ALERT_KINDS if kind.product}
# Kinds that tell of shortening odds, by product.
ODDS_KINDS = {kind.odds: kind.name for kind in ALERT_KINDS if kind.odds}
# The indicatorType of users' bands that the evaluator reads, and the kinds of their filters.
BAND_KIND = "percentage_range"
FILTER_KINDS = ("country", "code", "meeting", "race")


def alert_kind(name: str) -> AlertKind:
    """Return a kind by its name; one that nobody declared is told by its own name and stops nothing."""
    return next((kind for kind in ALERT_KINDS if kind.name == name), AlertKind(name, name.replace("_", " ")))
