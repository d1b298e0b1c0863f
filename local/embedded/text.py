"""Text as MariaDB's usual collation compares it: without case, accents and trailing blanks."""

import re
import sqlite3
import unicodedata


def bare(text: str) -> str:
    """Return a text without case and accents, as parts of a text are searched for."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c))


def fold(text: str) -> str:
    """Return what two texts that count as equal have in common."""
    return bare(text).rstrip(" ")


def is_odd(text: str) -> bool:
    """Tell whether a text is found by its folded form alone, and not by SQLite's own comparison without case."""
    return not text.isascii() or text.endswith(" ")


def matches(text: str | None, pattern: str) -> bool | None:
    """Tell whether a text has a place that fits a pattern, whatever its case."""
    return None if text is None else re.search(pattern, text, re.IGNORECASE) is not None


def register(db: sqlite3.Connection) -> None:
    """Let SQL fold texts, and match them."""
    db.create_function("matches", 2, matches, deterministic=True)
    for name, turn in (("bare", bare), ("fold", fold)):
        db.create_function(name, 1, lambda v, turn=turn: v if v is None else turn(str(v)), deterministic=True)
