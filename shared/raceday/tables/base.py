"""What a table is made of, and the one comparison of a stored value with a new one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

Kind = Literal["varchar", "text", "mediumtext", "longtext", "integer", "float", "boolean", "datetime", "relationship"]


class Column(NamedTuple):
    """One column and what it holds; `size` is characters of a varchar, `to` the table a relationship points at.

    One that is not `ours` is written by the client, or by nobody and kept because the client reads it.
    """

    key: str
    kind: Kind
    size: int = 0
    required: bool = False
    default: Any = None
    to: str = ""
    about: str = ""
    ours: bool = True


class Index(NamedTuple):
    """One index over `columns`, in order."""

    key: str
    columns: tuple[str, ...]
    unique: bool = False


class Table(NamedTuple):
    """One table with its columns, its indexes, and what a row of it is."""

    id: str
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...] = ()
    about: str = ""

    def column(self, key: str) -> Column:
        """Return one column; KeyError where the table has none of that key."""
        for column in self.columns:
            if column.key == key:
                return column
        raise KeyError(f"{self.id}.{key}")

    @property
    def sizes(self) -> dict[str, int]:
        """Return the longest text of each varchar column."""
        return {c.key: c.size for c in self.columns if c.kind == "varchar"}

    def fitted(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row with every text cut to its column's size."""
        sizes = self.sizes
        return {k: v[: sizes[k]] if isinstance(v, str) and k in sizes else v for k, v in row.items()}

    def cuts(self, row: Mapping[str, Any]) -> int:
        """Count the texts that are longer than their columns."""
        sizes = self.sizes
        return sum(1 for k, v in row.items() if isinstance(v, str) and k in sizes and len(v) > sizes[k])


def varchar(size: int, key: str, about: str, *, required: bool = False, default: str | None = None) -> Column:
    """Return a text column of at most `size` characters."""
    return Column(key, "varchar", size, required, default, about=about)


def long_text(key: str, about: str) -> Column:
    """Return a column of text or JSON up to 16 MB, which no index can hold."""
    return Column(key, "mediumtext", about=about)


def whole(key: str, about: str, *, required: bool = False, default: int | None = None) -> Column:
    """Return an integer column."""
    return Column(key, "integer", 0, required, default, about=about)


def decimal(key: str, about: str, *, required: bool = False) -> Column:
    """Return a floating-point column."""
    return Column(key, "float", 0, required, about=about)


def flag(key: str, about: str, *, required: bool = False, default: bool | None = None, ours: bool = True) -> Column:
    """Return a boolean column."""
    return Column(key, "boolean", 0, required, default, about=about, ours=ours)


def moment(key: str, about: str, *, required: bool = False, ours: bool = True) -> Column:
    """Return a column of an instant, which the store keeps as UTC to the millisecond."""
    return Column(key, "datetime", 0, required, about=about, ours=ours)


def index(*columns: str) -> Index:
    """Return an index over these columns, named after them."""
    return Index("by_" + "_".join(c.lstrip("$") for c in columns)[:30], columns)


def odds_columns(when: str) -> tuple[Column, ...]:
    """Return the four odds columns, which are null where the feed has no price."""
    return (
        decimal("fixedWinOdds", f"Fixed-odds Win price {when}; null where there is none."),
        decimal("fixedPlaceOdds", f"Fixed-odds Place price {when}; null where there is none."),
        decimal("poolWinOdds", f"Tote Win dividend {when}, per dollar; null where there is none."),
        decimal("poolPlaceOdds", f"Tote Place dividend {when}, per dollar; null where there is none."),
    )


def changed_columns(stored: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of `row` that differ from what is stored; an empty text does not replace a known one."""
    return {k: v for k, v in row.items() if not same(stored.get(k), v) and not (v in ("", None) and stored.get(k))}


def same(stored: Any, new: Any) -> bool:
    """Tell whether a stored value is this one: instants by time, a missing text as an empty one, a linked row by id."""
    if stored == new or (stored is None and new == ""):
        return True
    if isinstance(stored, Mapping):
        return bool(stored.get("$id") == new)
    if not isinstance(stored, str) or not isinstance(new, str) or not stored[4:5] == new[4:5] == "-":
        return False
    try:
        return _millisecond(stored) == _millisecond(new)
    except ValueError:
        return False


def _millisecond(text: str) -> datetime:
    """Read an instant as the store keeps it: UTC, cut to milliseconds."""
    found = datetime.fromisoformat(text)
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
    return found.replace(microsecond=found.microsecond // 1000 * 1000)
