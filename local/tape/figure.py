"""One explained figure: as it is stored and as it was made again."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """One figure: as it is stored, as it was made again, and how; `taken` where a row without answer is in it."""

    name: str
    stored: Any
    made: Any
    how: str = ""
    taken: bool = False

    @property
    def differs(self) -> bool:
        """Tell whether the stored figure is another than the one made again."""
        return not equal(self.stored, self.made)

    def __str__(self) -> str:
        """Return it as a line for people; one that differs is marked."""
        mark = f"  != stored {shown(self.stored)}" if self.differs else ""
        return f"{self.name:<26} {shown(self.made):<18} {self.how}{mark}".rstrip()


def shown(value: Any) -> str:
    """Return a value for people, one of several parts, as an alert's value and colour, beside each other."""
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def equal(a: Any, b: Any) -> bool:
    """Tell whether two values are the same; an instant is to its millisecond, a link is the row that it names."""
    if isinstance(a, Mapping) and isinstance(b, str):
        return bool(a.get("$id") == b)
    if isinstance(a, str) and isinstance(b, str) and a[10:11] == b[10:11] == "T":
        return a.replace("Z", "+00:00")[:23] == b.replace("Z", "+00:00")[:23]
    return bool(a == b)
