"""Betting products: how the feed spells them, whether they span races, and where their totals are kept."""

from typing import NamedTuple


class Product(NamedTuple):
    """One product: `spellings` in lower-case letters and digits; `column` of race-pools where it is a race's own pool.

    A product without a column runs over several races: its pool is listed on each of them and belongs in no total.
    """

    name: str
    spellings: tuple[str, ...]
    column: str = ""


PRODUCTS = (
    Product("win", ("win",), "winPoolTotal"),
    Product("place", ("place",), "placePoolTotal"),
    Product("quinella", ("quinella",), "quinellaPoolTotal"),
    Product("trifecta", ("trifecta",), "trifectaPoolTotal"),
    Product("exacta", ("exacta",), "exactaPoolTotal"),
    Product("first4", ("first4", "firstfour"), "first4PoolTotal"),
    Product("double", ("double", "dailydouble", "runningdouble")),
    Product("treble", ("treble",)),
    Product("quadrella", ("quadrella", "quaddie")),
    Product("early_quadrella", ("earlyquadrella", "earlyquaddie")),
    Product("pick6", ("pick6",)),
    Product("place6", ("place6",)),
)
# Columns of race-pools by the single-race product whose pool they hold.
POOL_COLUMNS = {product.name: product.column for product in PRODUCTS if product.column}
_SPELLINGS = {spelling: product.name for product in PRODUCTS for spelling in product.spellings}


def canonical(spelling: str) -> str | None:
    """Return a product's canonical name: `First Four`, `FirstFour`, `Pool First4` are all first4; None if unknown."""
    word = "".join(c for c in spelling.lower() if c.isalnum())
    return _SPELLINGS.get(word) or _SPELLINGS.get(word.removeprefix("pool"))


def is_single_race(product: str) -> bool:
    """Tell whether a pool belongs to one race alone, not to a leg of several."""
    return product in POOL_COLUMNS
