"""What the oracle makes of a committed poll: the figures that every table must show of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from local.simulate.oracle.money import Amount
from local.simulate.oracle.reading import Reading
from raceday.store.port import Row

OVER = ("Final", "Abandoned")
ENDS = ("Interim", "Final", "Abandoned")


@dataclass(frozen=True, slots=True)
class OracleLine:
    """One runner of a poll: odds as served, percentages of the running, cents and where the shares came from."""

    id: str
    number: int
    name: str
    scratched: bool
    odds: Mapping[str, Fraction | None]
    hold: Fraction | None
    bet: Fraction | None
    win: Amount
    place: Amount

    @property
    def win_cents(self) -> int:
        """Return the Win money, 0 where nobody can tell."""
        return self.win.cents or 0

    @property
    def place_cents(self) -> int:
        """Return the Place money, 0 where nobody can tell."""
        return self.place.cents or 0


@dataclass(frozen=True, slots=True)
class Aside:
    """What of one pool stands on no runner, in cents, and what was decided about its scratched ones.

    `last` is what runners without an amount held when that was last known.
    """

    unrefunded: Mapping[str, int] = field(default_factory=dict)
    unattributed: int = 0
    word: str = ""
    last: Mapping[str, int] = field(default_factory=dict)

    @property
    def cents(self) -> int:
        """Return all of it."""
        return sum(self.unrefunded.values()) + self.unattributed


NOTHING = Aside()


@dataclass(frozen=True, slots=True)
class Pools:
    """Totals in cents by product: this race's own, and those over several races.

    `dead` are called off; `kept` says where totals come from that the answer lacks: dividends, or before. `leapt` are
    those whose total cannot be, with the last one that could; `lived` the last totals of
    the dead, if they were seen alive.
    """

    single: Mapping[str, int]
    multi: Mapping[str, int]
    dead: frozenset[str] = frozenset()
    kept: Mapping[str, str] = field(default_factory=dict)
    aside: Mapping[str, Aside] = field(default_factory=dict)
    leapt: Mapping[str, int] = field(default_factory=dict)
    lived: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Poll:
    """One row of a race's ledger as it must be.

    `before` is the status known until then; one that is `held` shows an old picture of a finished race, which reaches
    no table. `finished` is the slot that first saw the race over, None where no poll did.
    """

    row: Row
    n: int
    slot: datetime
    kind: str
    status: str
    before: str
    start: datetime
    generated: datetime
    reading: Reading
    lines: tuple[OracleLine, ...]
    pools: Pools | None
    held: bool = False
    finished: datetime | None = None

    @property
    def fetched(self) -> str:
        """Return when the row was made, as it says so itself."""
        return str(self.row["fetchedAt"])

    @property
    def score(self) -> int | None:
        """Return the row's score, which is judged by itself."""
        found: int | None = self.row.get("score")
        return found

    @property
    def tells(self) -> bool:
        """Tell whether the tables must show what it was made of."""
        return self.kind != "closing" and not self.held

    def line(self, entrant: str) -> OracleLine | None:
        """Return one runner's line."""
        return next((line for line in self.lines if line.id == entrant), None)

    def cents(self, product: str) -> int:
        """Return one pool's total, 0 where it is not known."""
        return self.pools.single.get(product, 0) if self.pools else 0

    def aside(self, product: str) -> Aside:
        """Return what of one pool stands on no runner."""
        return self.pools.aside.get(product, NOTHING) if self.pools else NOTHING

    def is_dead(self, product: str) -> bool:
        """Tell whether betting on a product was called off."""
        return self.pools is not None and product in self.pools.dead


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the results hours after Final: when it was answered, and what it was answered."""

    at: datetime
    made: datetime | None
    reading: Reading


@dataclass(slots=True)
class Ledger:
    """One race's polls in order, as far as they can be told; `looks` came after them and left no row.

    `looks_kept` bounds how many of the looks' versions were kept, where faults may have swallowed some.
    """

    race_id: str
    polls: list[Poll] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    looks_kept: int | None = None

    @property
    def telling(self) -> list[Poll]:
        """Return the polls that the tables must show."""
        return [poll for poll in self.polls if poll.tells]
