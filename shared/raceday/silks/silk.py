"""A silk as a value."""

import hashlib
from dataclasses import dataclass, field

from raceday.silks.patterns import PATTERNS

# Raised when drawings or readings change, so that stored icons are made anew.
DRAWING_VERSION = 1


@dataclass(frozen=True, slots=True)
class Cloth:
    """One part's colours, in order, and its exact pattern; a part nobody mentioned has no colours."""

    colours: tuple[str, ...] = ()
    pattern: str = "plain"


@dataclass(frozen=True, slots=True)
class Silk:
    """A whole silk; `unknown` are words that were not understood."""

    body: Cloth = Cloth()
    sleeves: Cloth = Cloth()
    cap: Cloth = Cloth()
    collar: tuple[str, ...] = ()
    armbands: tuple[str, ...] = ()
    cuffs: tuple[str, ...] = ()
    emblem: str = ""
    unknown: tuple[str, ...] = field(default=())

    @property
    def primary(self) -> str | None:
        """Return the body's first colour."""
        return self.body.colours[0] if self.body.colours else None

    @property
    def secondary(self) -> str | None:
        """Return the first other colour, of the body, else of sleeves or cap."""
        others = (*self.body.colours, *self.sleeves.colours, *self.cap.colours)
        return next((c for c in others if c != self.primary), None)

    @property
    def pattern(self) -> str | None:
        """Return the client's word for the body's pattern, None where no colour was understood."""
        return PATTERNS[self.body.pattern] if self.body.colours else None

    @property
    def silk_id(self) -> str:
        """Return an id that equal silks share, whatever words described them."""
        parts = (self.body, self.sleeves, self.cap, self.collar, self.armbands, self.cuffs, self.emblem)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
