"""A silk as a value."""

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple

from raceday.silks.patterns import MINOR, PATTERNS

# Raised when drawings or readings change, so that stored icons are made anew.
DRAWING_VERSION = 3


class Layer(NamedTuple):
    """One pattern upon a cloth. `times` is how many the words name, 0 where they do not.

    `on` is the pattern of the same cloth that it lies on, "" for the cloth itself. `texture` is a pattern that fills
    it: a chequered sash. No colours means that the words name none.
    """

    pattern: str
    colours: tuple[str, ...] = ()
    times: int = 0
    on: str = ""
    texture: str = ""
    way: str = ""


@dataclass(frozen=True, slots=True)
class Cloth:
    """One part: the cloth's own colours, in order, and the patterns upon it; a part nobody mentioned has neither."""

    ground: tuple[str, ...] = ()
    layers: tuple[Layer, ...] = ()

    @property
    def colours(self) -> tuple[str, ...]:
        """Return every colour of the part once: the cloth's own, then those of its patterns."""
        return tuple(dict.fromkeys((*self.ground, *(c for layer in self.layers for c in layer.colours))))

    @property
    def pattern(self) -> str:
        """Return the exact pattern that a person sees first, "plain" without one."""
        main = [layer.pattern for layer in self.layers if layer.pattern not in MINOR]
        return (main or [layer.pattern for layer in self.layers] or ["plain"])[0]


def cloth(*ground: str, **layers: tuple[str, ...] | str) -> Cloth:
    """Return a cloth of these colours; each keyword is a pattern, `_` for blanks, with its colour or colours."""
    return Cloth(
        ground,
        tuple(
            Layer(name.replace("_", " "), (colours,) if isinstance(colours, str) else colours)
            for name, colours in layers.items()
        ),
    )


@dataclass(frozen=True, slots=True)
class Silk:
    """A whole silk; `armbands_each` are worn on each arm, `unknown` are words that were not understood."""

    body: Cloth = Cloth()
    sleeves: Cloth = Cloth()
    cap: Cloth = Cloth()
    collar: tuple[str, ...] = ()
    armbands: tuple[str, ...] = ()
    armbands_each: int = 1
    cuffs: tuple[str, ...] = ()
    waistband: tuple[str, ...] = ()
    peak: tuple[str, ...] = ()
    pompom: tuple[str, ...] = ()
    unknown: tuple[str, ...] = field(default=())

    @property
    def primary(self) -> str | None:
        """Return the body's first colour."""
        return self.body.ground[0] if self.body.ground else None

    @property
    def secondary(self) -> str | None:
        """Return the first other colour, of the body, else of sleeves or cap."""
        others = (*self.body.colours, *self.sleeves.colours, *self.cap.colours)
        return next((c for c in others if c != self.primary), None)

    @property
    def pattern(self) -> str | None:
        """Return the client's word for the body's pattern, None where no colour was understood."""
        return PATTERNS[self.body.pattern] if self.body.ground else None

    @property
    def emblem(self) -> bool:
        """Tell whether some part bears an emblem."""
        return any(layer.pattern == "emblem" for part in (self.body, self.sleeves, self.cap) for layer in part.layers)

    @property
    def silk_id(self) -> str:
        """Return an id that equal silks share, whatever words described them."""
        parts = (
            *((part.ground, tuple(map(tuple, part.layers))) for part in (self.body, self.sleeves, self.cap)),
            self.collar,
            self.armbands,
            self.armbands_each,
            self.cuffs,
            self.waistband,
            self.peak,
            self.pompom,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
