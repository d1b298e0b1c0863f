"""From a description's text to tokens: colours, patterns, parts, joins; names of stables become emblems."""

import html
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple

from raceday.silks import colours, patterns
from raceday.silks.patterns import NAMES

_PARTS = {
    "sleeves": "sleeves, sleeve, slvs, arms, arm",
    "cap": "cap, caps, hat",
    "peak": "peak, visor, brim",
    "pompom": "pom pom, pompom, pom, pompon, pom poms, pompoms, tassel, tassle, top knot",
    "collar": "collar, collars, neck",
    "cuffs": "cuffs, cuff, wristbands, wristband",
    "armbands": "armbands, armband, arm bands, arm band, armlets, armlet, arm hoop, arm hoops",
    "waistband": "waistband, waist band, belt, waist, waistbands",
    "body": "body, jacket, torso, bodice",
}
_PART_OF = {words: part for part, listed in _PARTS.items() for words in listed.split(", ")}
_JOINS = {"and": "join", "with": "with", "over": "with", "having": "with", "on": "on", "upon": "on"}
_COUNTS = {word: n for n, words in enumerate(
    ("one single", "two double twin pair", "three triple", "four quadruple", "five", "six", "seven", "eight", "nine"), 1
) for word in words.split()}  # fmt: skip
_WAYS = frozenset({"horizontal", "vertical", "inverted"})
_SILENT_TEXT = (
    "front back chest each a an the of to in large small big thin thick wide narrow deep broad multi stylised "
    "stylized contrasting outlined reverse reversed matching side left right upper lower top bottom round full "
    "pair alternate alternating both long short tiny medium fine little all bright neon fluoro fluro fluorescent "
    "dark light pale lt dk french pastel vivid hollow solid filled style styled shaped shape design pattern "
    "patterned old new true velvet satin coloured colored colour color colours type effect centre center central "
    "across down through from is are by at up out plus"
)
_SILENT = frozenset(_SILENT_TEXT.split())
_SIDES = re.compile(r"\(\s*(?:b\s*(?:&|and|/)\s*f|f\s*(?:&|and|/)\s*b|front|back|both sides)\s*\)|\bb\s*&\s*f\b")
_ID = re.compile(r"\(\s*id\b[^)]*\)|-\s*\(.*?\)|\(id.*$")
_QUOTED = re.compile(
    r"(?<![a-z])'[^',]{1,30}'(?![a-z])|\"[^\",]{1,30}\"|[\u2018\u201c][^\u2019\u201d,]{1,30}[\u2019\u201d]"
)
_WORD = re.compile(r"[a-z]+|,|\d+")
_LONGEST = max(patterns.LONGEST_WORDS, colours.LONGEST_WORDS)
_LEAST_LETTERS, _LIKENESS = 6, 0.85


class Token(NamedTuple):
    """One reading of one or more words: `kind` is colour, pattern, part, join, with, on, comma, count, way or word."""

    kind: str
    value: str


def tokens(text: str) -> list[Token]:
    """Return a description's tokens, the longest reading of words first, with names of stables as emblems."""
    found: list[Token] = []
    segment: list[Token] = []
    for token in _read(_clean(text)):
        if token.kind in ("comma", "with", "on"):
            found += [*_without_names(segment), token]
            segment = []
        else:
            segment.append(token)
    return found + _without_names(segment)


def _clean(text: str) -> str:
    plain = html.unescape(html.unescape(text.lower()))
    plain = _QUOTED.sub(" emblem ", _SIDES.sub(" ", _ID.sub(" ", plain)))
    plain = re.sub(r"(?<=[a-z])['\u2019](?=s\b|s?\s|$)", "", plain)
    plain = re.sub(r"(?<=[a-z])\.(?:com|co|net)\b(?:\.[a-z]{2})?", " ", plain)
    plain = re.sub(r"[&/+]", " and ", plain).replace("-", " ")
    return re.sub(r"[;.:()\n]", ",", plain)


def _read(plain: str) -> Iterator[Token]:
    words = _WORD.findall(plain)
    at = 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            found = _reading(" ".join(words[at : at + length]))
            if found is not None:
                if found.kind != "silent":
                    yield found
                at += length
                break
        else:
            yield Token("word", words[at])
            at += 1


@lru_cache(maxsize=4096)
def _reading(words: str) -> Token | None:
    if words == ",":
        return Token("comma", words)
    if words in _JOINS:
        return Token(_JOINS[words], words)
    if words in _PART_OF:
        return Token("part", _PART_OF[words])
    if colour := colours.canonical(words):
        return Token("colour", colour)
    if pattern := patterns.canonical(words):
        return Token("pattern", pattern)
    return _lesser(words)


def _lesser(words: str) -> Token | None:
    if words.isdigit() or words in _COUNTS:
        return Token("count", str(_COUNTS.get(words, words)))
    if words in _WAYS:
        return Token("way", words)
    if words in _SILENT:
        return Token("silent", words)
    if words in NAMES or " " in words or len(words) < _LEAST_LETTERS:
        return None
    meant = get_close_matches(words, _vocabulary(), 1, _LIKENESS)
    return _reading(meant[0]) if meant else None


@lru_cache(maxsize=1)
def _vocabulary() -> tuple[str, ...]:
    """Return the single words that a slip of the pen may have meant."""
    known = (*_PART_OF, *colours.COLOURS, *colours.VARIANTS, *patterns.SPELLINGS)
    return tuple(sorted({word for word in known if " " not in word and len(word) >= _LEAST_LETTERS - 1}))


def _without_names(segment: Sequence[Token]) -> list[Token]:
    """Replace names and words nobody knows by an emblem, where their place says that they are one."""
    spoken = _as_initials(segment)
    first = next((i for i, token in enumerate(spoken) if token.kind == "word"), None)
    if first is None:
        return spoken
    last = max((i for i, token in enumerate(spoken) if _closes(token)), default=-1)
    if last < first or any(token.kind == "part" for token in spoken[first:last]):
        return _strays(spoken)
    start = first
    while start and spoken[start - 1].kind in ("pattern", "count"):
        # "Gold star racing": the star is the name's.
        start -= 1
    swallowed = [token for token in spoken[first : last + 1] if token.kind == "word"]
    return [*spoken[:start], Token("pattern", "emblem"), *swallowed, *_strays(spoken[last + 1 :])]


def _as_initials(segment: Sequence[Token]) -> list[Token]:
    """Read a "V" beside another single letter as a letter, not as a pattern."""
    letters = [token.kind == "word" and len(token.value) == 1 for token in segment]
    return [
        Token("word", "v") if token == ("pattern", "v") and any(letters[max(0, i - 1) : i + 2]) else token
        for i, token in enumerate(segment)
    ]


def _closes(token: Token) -> bool:
    return token == ("pattern", "emblem") or (token.kind == "word" and token.value in NAMES)


def _strays(segment: Sequence[Token]) -> list[Token]:
    """Keep words nobody knows as unknown; behind a colour, with nothing after them, they are an emblem in it."""
    found: list[Token] = []
    for i, token in enumerate(segment):
        if token.kind == "word" and _is_emblem(segment, i):
            found.append(Token("pattern", "emblem"))
        found.append(token)
    return found


def _is_emblem(segment: Sequence[Token], i: int) -> bool:
    before = segment[i - 1].kind if i else ""
    after = next((t.kind for t in segment[i:] if t.kind != "word"), "join")
    coloured = any(token.kind == "colour" for token in segment[:i])
    return coloured and before in ("colour", "join", "count") and after in ("join", "count")
