"""Which values of an environment are secret, and how they are blotted out of what is told."""

import re
from collections.abc import Iterable, Sequence

from raceday.settings import specs

# An id that the feed issues: it may be short, and an ordinary word.
_IDS = frozenset({"NZTAB_PARTNER_ID"})


class Word(str):
    """A secret that may be an ordinary word: it is blotted out alone, and not where it is part of a name."""

    __slots__ = ()


def hidden(values: Iterable[tuple[str, str]]) -> list[str]:
    """Return the values that are to be told nowhere: those of our secrets, and of every name that is not ours."""
    told = {spec.env for spec in specs().values() if not spec.secret}
    return [Word(value) if name in _IDS else value for name, value in values if value and name not in told]


def scrub(text: str, secrets: Sequence[str]) -> str:
    """Blot out every secret value in a text, in whichever case: the deployer writes errors in small letters."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        pattern = re.escape(secret)
        if isinstance(secret, Word):
            pattern = rf"(?<![\w-]){pattern}(?![\w-])"
        text = re.sub(pattern, "[secret]", text, flags=re.IGNORECASE)
    return text
