"""From a description's words to a silk. What is not understood is kept as it is; nothing is made up."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from raceday.silks import colours, patterns
from raceday.silks.patterns import MINOR
from raceday.silks.silk import Cloth, Silk

_PARTS = {
    "sleeves": "sleeves",
    "sleeve": "sleeves",
    "slvs": "sleeves",
    "arms": "sleeves",
    "cap": "cap",
    "caps": "cap",
    "peak": "peak",
    "pom pom": "peak",
    "pompom": "peak",
    "pom": "peak",
    "collar": "collar",
    "cuffs": "cuffs",
    "cuff": "cuffs",
    "armbands": "armbands",
    "armband": "armbands",
    "arm bands": "armbands",
    "arm band": "armbands",
    "armlets": "armbands",
    "armlet": "armbands",
}
_BODY = frozenset({"body", "jacket", "torso"})
_JOINS = frozenset({"and", "with", "on", "over"})
_SILENT_TEXT = (
    "front back each a the of to in double triple one two three four five six seven large small big thin thick wide "
    "narrow deep broad multi single vertical horizontal stylised stylized contrasting outlined reverse matching side "
    "left right upper lower top bottom round full"
)
_SILENT = frozenset(_SILENT_TEXT.split())
_SIDES = re.compile(r"\(\s*b\s*(?:&|and)\s*f\s*\)|\(\s*f\s*(?:&|and)\s*b\s*\)|\bb\s*&\s*f\b")
_ID = re.compile(r"\(\s*id\b[^)]*\)|-\s*\(.*?\)|\(id.*$")
_QUOTED = re.compile(r"'[^']{1,30}'|\"[^\"]{1,30}\"")
_WORD = re.compile(r"[a-z]+|,|\d+")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    value: str


def _tokens(text: str) -> Iterator[_Token]:
    """Return colours, patterns, parts, joins and commas, the longest reading of words first."""
    plain = _QUOTED.sub(" emblem ", _SIDES.sub(" ", _ID.sub(" ", text.lower())))
    plain = plain.replace("&", " and ").replace("/", " and ").replace(";", ",").replace(".", ",").replace("-", " ")
    words = _WORD.findall(plain.replace("(", ",").replace(")", ","))
    at = 0
    while at < len(words):
        for length in (3, 2, 1):
            found = _reading(" ".join(words[at : at + length])) if at + length <= len(words) else None
            if found is not None:
                yield found
                at += length
                break
        else:
            if words[at] not in _SILENT and not words[at].isdigit():
                yield _Token("unknown", words[at])
            at += 1


def _reading(words: str) -> _Token | None:
    if words == ",":
        return _Token("comma", words)
    if words in _JOINS:
        return _Token("join", words)
    if words in _PARTS:
        return _Token("part", _PARTS[words])
    if words in _BODY:
        return _Token("part", "body")
    if colour := colours.canonical(words):
        return _Token("colour", colour)
    if pattern := patterns.canonical(words):
        return _Token("pattern", pattern)
    return None


@dataclass(slots=True)
class _Clause:
    colours: list[str] = field(default_factory=list)
    pattern: str = ""
    joined: bool = False

    @property
    def empty(self) -> bool:
        return not self.colours and not self.pattern


@dataclass(slots=True)
class _Reader:
    """Reads tokens into parts; `place` is the part that a clause without a part's name belongs to."""

    cloths: dict[str, Cloth] = field(default_factory=dict)
    small: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    emblem: str = ""
    place: str = "body"
    clause: _Clause = field(default_factory=_Clause)
    last: list[str] = field(default_factory=list)
    told: bool = False

    def read(self, token: _Token) -> None:
        """Take one token."""
        if token.kind == "colour":
            if self.clause.pattern and self.clause.joined:
                self.flush()
            elif self.clause.pattern and not self.clause.colours:
                # "striped red": the pattern came first.
                self.clause.joined = False
            self.clause.colours.append(token.value)
        elif token.kind == "pattern":
            self._pattern(token.value)
        elif token.kind == "join":
            # "stars on sleeves" says where the stars are, "with stars" begins something new.
            self.clause.joined = token.value == "and"
            if token.value in ("with", "over"):
                self.flush()
        elif token.kind == "comma":
            self.flush()
        elif token.kind == "part":
            self._part(token.value)
        else:
            self.unknown.append(token.value)

    def _pattern(self, value: str) -> None:
        if value == "emblem":
            self.emblem = "emblem"
        if self.clause.pattern and self.clause.joined:
            self.flush()
        if self.clause.pattern and value in MINOR:
            return
        self.clause.pattern = value
        self.clause.joined = False

    def _part(self, part: str) -> None:
        if self.clause.pattern and self.clause.joined:
            # "black crossed sashes and cap": what is before the join belongs where we were.
            self.flush()
        clause, self.clause = self.clause, _Clause()
        named = clause.colours or self.last
        if part in ("body", "sleeves", "cap"):
            self._dress(part, clause.colours or ([] if clause.pattern else self.last), clause.pattern)
            self.place = part
        elif part == "peak":
            # A peak or pompom is the cap's; its colour is too small to draw and does not change what the cap is.
            self.place = "cap"
        else:
            self.small[part] = (*self.small.get(part, ()), *named)
        self.last = list(named) or self.last
        self.told = True

    def flush(self) -> None:
        """Return the clause to the part it belongs to."""
        clause, self.clause = self.clause, _Clause()
        if clause.empty:
            return
        self._dress(self.place, clause.colours, clause.pattern)
        self.last = clause.colours or self.last

    def _dress(self, part: str, found: list[str], pattern: str) -> None:
        before = self.cloths.get(part, Cloth())
        merged = tuple(dict.fromkeys((*before.colours, *found)))
        kept = before.pattern if before.pattern != "plain" and (not pattern or pattern in MINOR) else pattern
        if before.pattern not in ("plain", *MINOR) and pattern:
            # The first pattern named is what a person sees first.
            kept = before.pattern
        self.cloths[part] = Cloth(merged, kept or before.pattern)


def parse(text: str) -> Silk:
    """Read a description; a part whose colour is not named has the body's second colour, or its first."""
    reader = _Reader()
    for token in _tokens(text):
        reader.read(token)
    reader.flush()
    body = reader.cloths.get("body", Cloth())
    return Silk(
        body=body,
        sleeves=_completed(reader.cloths.get("sleeves"), body),
        cap=_completed(reader.cloths.get("cap"), body),
        collar=tuple(dict.fromkeys(reader.small.get("collar", ()))),
        armbands=tuple(dict.fromkeys(reader.small.get("armbands", ()))),
        cuffs=tuple(dict.fromkeys(reader.small.get("cuffs", ()))),
        emblem=reader.emblem,
        unknown=tuple(reader.unknown),
    )


def _completed(cloth: Cloth | None, body: Cloth) -> Cloth:
    if cloth is None:
        return Cloth()
    if cloth.pattern == "plain":
        return cloth
    missing = [c for c in body.colours if c not in cloth.colours]
    # "quartered cap" is quartered in the body's colours; "white striped sleeves" are white on the body's.
    if not cloth.colours:
        return Cloth(body.colours, cloth.pattern)
    return Cloth((*cloth.colours, *missing[:1]), cloth.pattern) if len(cloth.colours) == 1 else cloth
