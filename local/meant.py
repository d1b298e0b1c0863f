"""What somebody may have meant by a name that is nobody's."""

import difflib
from collections.abc import Iterable


def hint(word: str, names: Iterable[str]) -> str:
    """Return `; did you mean X?` for the names that are near, nothing where none is."""
    near = difflib.get_close_matches(word, list(names), n=3, cutoff=0.7)
    return f"; did you mean {' or '.join(near)}?" if near else ""
