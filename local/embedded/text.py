"""Text as MariaDB's usual collation compares it: without case, accents and trailing blanks."""

import sqlite3
import unicodedata

# Letters that the collation of Unicode 14 takes for others with a mark, and that no normal form takes apart.
_APART = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "ħ": "h"})


def bare(text: str) -> str:
    """Return a text without case and accents, as parts of a text are searched for."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold()).translate(_APART)
    return "".join(c for c in apart if not unicodedata.combining(c))


def fold(text: str) -> str:
    """Return what two texts that count as equal have in common."""
    return bare(text).rstrip(" ")


def is_odd(text: str) -> bool:
    """Tell whether a text is found by its folded form alone, and not by SQLite's own comparison without case."""
    return not text.isascii() or text.endswith(" ")


def register(db: sqlite3.Connection) -> None:
    """Let SQL fold texts."""
    for name, turn in (("bare", bare), ("fold", fold)):
        db.create_function(name, 1, lambda v, turn=turn: v if v is None else turn(str(v)), deterministic=True)
