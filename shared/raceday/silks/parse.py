"""From a description's words to a silk. What is not understood is kept as it is; nothing is made up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from raceday.silks.patterns import BROAD, FIGURES, LINES, OF_THE_BODY
from raceday.silks.silk import Cloth, Layer, Silk
from raceday.silks.words import Token, tokens

_MAIN = ("body", "sleeves", "cap")
# What lies on a small part lies on the part that bears it.
_BEARER = {"peak": "cap", "pompom": "cap", "armbands": "sleeves", "cuffs": "sleeves", "collar": "body",
           "waistband": "body"}  # fmt: skip
_RAINBOW = ("red", "orange", "yellow", "green", "blue", "purple")
_FILLS = frozenset({"checks", "diamonds", "stars", "spots", "hearts", "tartan", "horseshoes", "triangles", "squares",
                    "harlequin", "crescents", "rings"})  # fmt: skip
_FILLED = LINES | {"halved", "quartered", "diamond", "diamonds", "spots", "shoulders", "v yoke", "inverted v", "thirds"}
_PLURAL = {**FIGURES}
_SINGULAR = {plural: single for single, plural in FIGURES.items()}


class _Figure(NamedTuple):
    """A pattern as it was said: how many, and which way it runs."""

    pattern: str
    times: int = 0
    way: str = ""
    on: str = ""


@dataclass(slots=True)
class _Group:
    """What stands between two joins of a phrase: patterns, and the parts they are said of."""

    figures: list[_Figure] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not self.figures and not self.parts


@dataclass(slots=True)
class _Phrase:
    """Colours, and what has them. `apart` tells that no join stands between the first colour and the second."""

    colours: list[str] = field(default_factory=list)
    groups: list[_Group] = field(default_factory=lambda: [_Group()])
    apart: bool = False
    listed: bool = False
    rainbow: bool = False
    led: bool = False

    @property
    def figured(self) -> bool:
        return any(group.figures for group in self.groups)

    @property
    def parted(self) -> bool:
        return any(group.parts for group in self.groups)

    @property
    def empty(self) -> bool:
        return not self.colours and not self.figured and not self.parted


@dataclass(slots=True)
class _Reader:
    """Reads tokens into cloths. `place` is the part that a pattern without a part's name belongs to.

    `pending` are colours that nothing has claimed yet, `rider` the phrase before "on", `bearing` the pattern before
    "with", `last` the colours named last.
    """

    cloths: dict[str, Cloth] = field(default_factory=lambda: {part: Cloth() for part in _MAIN})
    small: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    place: str = "body"
    phrase: _Phrase = field(default_factory=_Phrase)
    pending: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)
    rider: _Phrase | None = None
    bearing: str = ""
    joined: bool = False
    count: int = 0
    way: str = ""
    armbands_each: int = 1

    def read(self, token: Token) -> None:
        """Take one token."""
        kind, value = token
        if kind == "colour":
            self._colour(value)
        elif kind == "pattern":
            self._figure(value)
        elif kind == "part":
            self._part(value)
        elif kind == "join":
            self.joined = True
        elif kind == "count":
            self.count = int(value)
        elif kind == "way":
            self.way = value
        elif kind == "word":
            self.unknown.append(value)
        else:
            self._close(kind)

    def _colour(self, value: str) -> None:
        phrase = self.phrase
        if not phrase.led and phrase.figured and not phrase.colours and not self.joined and not phrase.parted:
            # "Striped red and white": the pattern came first.
            phrase.led = True
        elif phrase.parted or (phrase.figured and not phrase.led):
            self.end()
        if len(self.phrase.colours) == 1:
            self.phrase.apart = not self.joined
        self.phrase.listed = self.phrase.listed or (self.joined and bool(self.phrase.colours))
        self.phrase.rainbow = self.phrase.rainbow or value == "rainbow"
        self.phrase.colours += _RAINBOW if value == "rainbow" else [value]
        self.joined = False

    def _figure(self, pattern: str) -> None:
        if self.phrase.parted or self.phrase.led:
            self.end()
        self._group().figures.append(_Figure(pattern, self.count, self.way))
        self.count, self.way = 0, ""

    def _part(self, part: str) -> None:
        group = self._group()
        if group.parts:
            group = _Group()
            self.phrase.groups.append(group)
        group.parts.append(part)
        if part == "armbands":
            self.armbands_each = min(max(self.count, 1), 3)
        self.count = 0

    def _group(self) -> _Group:
        """Return the group that the next pattern or part belongs to."""
        if self.joined and not self.phrase.groups[-1].empty:
            self.phrase.groups.append(_Group())
        self.joined = False
        return self.phrase.groups[-1]

    def _close(self, kind: str) -> None:
        """End a phrase; what follows "with" lies on what the phrase spoke of last."""
        figures, parts = self.phrase.groups[-1].figures, self.phrase.groups[-1].parts
        if kind == "with" and len(self.phrase.groups) == 1 and parts and not self.phrase.colours and not self.pending:
            # "White, blue spots, cap with red star": the cap is the body's, not the spots'.
            self.phrase.colours = [] if figures else list(self.cloths["body"].ground[:1])
        self.end(riding=kind == "on")
        if kind != "with":
            return
        if parts and parts[-1] in _BEARER:
            self.place = _BEARER[parts[-1]]
        elif figures and not parts and figures[-1].pattern in BROAD:
            self.bearing = figures[-1].pattern

    def end(self, *, riding: bool = False) -> None:
        """Dress what the phrase so far speaks of; with `riding` it lies on what the next phrase speaks of."""
        phrase, self.phrase = self.phrase, _Phrase()
        self.joined, self.count, self.way = False, 0, ""
        rider, self.rider = self.rider, None
        bearing, self.bearing = self.bearing, ""
        if bearing and phrase.groups[0].figures and not phrase.groups[0].parts:
            phrase.groups[0].figures = [f._replace(on=bearing) for f in phrase.groups[0].figures]
        if rider is not None:
            self._ride(rider, phrase)
        elif riding and phrase.figured and not phrase.parted:
            phrase.colours = [*self._claimed(phrase), *phrase.colours]
            self.rider = phrase
        elif not phrase.empty:
            self._dress(phrase)

    def _dress(self, phrase: _Phrase) -> None:
        if phrase.rainbow and not phrase.figured:
            self._with_rainbow(phrase)
        if not phrase.figured and not phrase.parted:
            self._lone(phrase.colours)
            return
        first = phrase.groups[0]
        if phrase.apart and not self.cloths["body"].ground and first.parts and self.place == "body":
            # Texts without commas: "black pink sleeves", "red white hooped sleeves".
            self.cloths["body"] = Cloth(tuple(phrase.colours[:1]))
            phrase.colours = phrase.colours[1:]
        found = [*self._claimed(phrase), *phrase.colours]
        inherited: list[_Figure] = []
        for group in phrase.groups:
            if group.parts:
                inherited = group.figures or inherited
                for part in group.parts:
                    self._clothe(part, found, inherited)
            else:
                found = self._lay(group.figures, found)
                inherited = []
        self.last = found or self.last

    def _with_rainbow(self, phrase: _Phrase) -> None:
        """A rainbow cap bears a rainbow: where no other pattern is named its colours are one."""
        for group in phrase.groups:
            if group.empty or any(part in _MAIN for part in group.parts):
                group.figures.append(_Figure("rainbow"))

    def _lone(self, found: list[str]) -> None:
        """Take colours that name nothing: first the body's own, later ones wait for what comes."""
        if not self.cloths["body"].ground and self.place == "body":
            self.cloths["body"] = Cloth(tuple(found), self.cloths["body"].layers)
            self.last = found
        else:
            self.pending += found

    def _claimed(self, phrase: _Phrase) -> list[str]:
        """Return the waiting colours, where the phrase goes on with their list; else they are their part's own."""
        waiting, self.pending = self.pending, []
        if not waiting or not phrase.colours or phrase.figured or phrase.listed:
            return waiting
        self._add_ground(waiting)
        return []

    def _add_ground(self, found: Sequence[str]) -> None:
        before = self.cloths[self.place]
        self.cloths[self.place] = Cloth(tuple(dict.fromkeys((*before.ground, *found))), before.layers)

    def _clothe(self, part: str, found: list[str], figures: list[_Figure]) -> None:
        """Give a part its colours and patterns."""
        if part not in _MAIN:
            self.small[part] = tuple(dict.fromkeys((*self.small.get(part, ()), *(found or self.last))))
            self.place = _BEARER[part] if part in ("peak", "pompom") else self.place
            return
        self.place = part
        before = self.cloths[part]
        if part == "body" and not figures and found and any(not layer.colours for layer in before.layers):
            # "Gold stars on royal blue sash, white body": the first colour was the pattern's.
            layers = (layer if layer.colours else layer._replace(colours=before.ground) for layer in before.layers)
            self.cloths[part] = Cloth(tuple(found), tuple(layers))
            return
        if not figures:
            self.cloths[part] = Cloth(tuple(dict.fromkeys((*before.ground, *(found or self.last)))), before.layers)
            return
        ground, others = self._ground_of(part, found)
        self.cloths[part] = _with_layers(ground, before, _layers(figures, others))

    def _ground_of(self, part: str, found: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return a patterned part's own colour and its pattern's.

        "Quartered cap" is in the body's colours, "white striped sleeves" are white on the body's.
        """
        body, own = self.cloths["body"], self.cloths[part].ground
        if part == "body" and not own:
            return tuple(found[:1]), tuple(found[1:])
        if not found:
            ground = own or body.ground[:1]
            return ground, tuple(c for c in self._body_pair() if c not in ground)[:1]
        if own:
            return own, tuple(c for c in found if c not in own) or tuple(found)
        if len(found) > 1:
            return (found[0],), tuple(found[1:])
        ground = body.ground[:1]
        if ground == (found[0],):
            other = [c for c in self._body_pair() if c not in ground][:1]
            return (ground, tuple(other)) if other else (ground, tuple(found))
        return ground, tuple(found)

    def _body_pair(self) -> list[str]:
        """Return the body's colours, then the one named last."""
        return list(dict.fromkeys((*self.cloths["body"].colours, *self.last)))

    def _lay(self, figures: list[_Figure], found: list[str]) -> list[str]:
        """Lay patterns on the place they belong to; returns the colours that are theirs."""
        place = "body" if any(f.pattern in OF_THE_BODY for f in figures) else self.place
        before = self.cloths[place]
        ground, others = before.ground, list(found)
        if not ground and place == "body":
            ground, others = tuple(found[:1]), found[1:]
        elif not ground:
            ground, others = self.cloths["body"].ground[:1], list(found)
        elif not found and len(ground) > 1 and not before.layers:
            # "Pink and grey (halved)": the colours came before, and are the pattern's.
            ground, others = ground[:1], list(ground[1:])
        elif len(found) > 1 and found[0] == ground[0] and not before.layers:
            others = found[1:]
        named = others or self._named_last(ground, figures)
        self.cloths[place] = _with_layers(ground, before, _layers(figures, named))
        return others or found

    def _named_last(self, ground: Sequence[str], figures: Sequence[_Figure]) -> list[str]:
        """Return the colours that a pattern without any takes over; a sign's own colours are nobody's else."""
        own = set(self.last) <= set(ground) or any(f.pattern == "emblem" for f in figures)
        return [] if own else self.last

    def _ride(self, rider: _Phrase, under: _Phrase) -> None:
        """Lay what came before "on" upon what comes after it."""
        parts = [part for group in under.groups for part in group.parts]
        figures = [f for group in rider.groups for f in group.figures]
        on = ""
        if parts:
            self._under(parts, under)
            for part in dict.fromkeys(_BEARER.get(part, part) for part in parts):
                self._upon(part, figures, rider.colours)
            return
        if under.figured:
            on = [f for group in under.groups for f in group.figures][-1].pattern
            if under.colours:
                self._dress(under)
        elif under.colours:
            self._lone(under.colours)
        place = "body" if on in OF_THE_BODY else self.place
        self._upon(place, figures, rider.colours, on)

    def _under(self, parts: list[str], under: _Phrase) -> None:
        if under.colours or under.figured:
            self._dress(under)
        for part in parts:
            if part in _MAIN:
                self.place = part
                if not self.cloths[part].ground:
                    self.cloths[part] = Cloth(self.cloths["body"].ground[:1], self.cloths[part].layers)

    def _upon(self, part: str, figures: list[_Figure], found: list[str], on: str = "") -> None:
        before = self.cloths[part]
        named = found or self._named_last(before.ground, figures)
        laid = tuple(layer._replace(on=on) for layer in _layers(figures, named))
        self.cloths[part] = _with_layers(before.ground, before, laid)
        self.last = found or self.last

    def finish(self) -> None:
        """Take what is left when the text ends."""
        self.end()
        if self.rider is not None:
            self._ride(self.rider, _Phrase())
        if self.pending:
            self._add_ground(self.pending)


def parse(text: str) -> Silk:
    """Read a description; a part that the words do not name has neither colour nor pattern."""
    reader = _Reader()
    for token in tokens(text):
        reader.read(token)
    reader.finish()
    parts: dict[str, Any] = {**reader.cloths, **reader.small}
    return Silk(**parts, armbands_each=reader.armbands_each, unknown=tuple(reader.unknown))


def _with_layers(ground: tuple[str, ...], before: Cloth, laid: tuple[Layer, ...]) -> Cloth:
    """Return a cloth with more layers; a name of several words is one emblem."""
    new = tuple(layer for layer in laid if layer.pattern != "emblem" or layer not in before.layers)
    return Cloth(ground, (*before.layers, *new))


def _layers(figures: Sequence[_Figure], found: Sequence[str]) -> tuple[Layer, ...]:
    """Return the layers that neighbouring patterns mean: one that fills another is its texture."""
    laid: list[Layer] = []
    for figure in figures:
        if figure.pattern == "plain":
            continue
        layer = Layer(_numbered(figure), tuple(dict.fromkeys(found)), figure.times, figure.on, way=figure.way)
        both = _merged(laid[-1], layer) if laid else None
        laid[-1:] = [both] if both else [*laid[-1:], layer]
    return tuple(laid)


def _numbered(figure: _Figure) -> str:
    if figure.times > 1:
        return _PLURAL.get(figure.pattern, figure.pattern)
    return _SINGULAR.get(figure.pattern, figure.pattern) if figure.times == 1 else figure.pattern


def _merged(before: Layer, after: Layer) -> Layer | None:
    """Return the one layer that two neighbouring words mean, None where they are two."""
    names = {before.pattern, after.pattern}
    for one, other in ((before, after), (after, before)):
        fill = _PLURAL.get(one.pattern, one.pattern)
        if one.pattern == "diagonal stripes" and other.pattern in ("halved", "quartered", "thirds"):
            return other._replace(way="diagonal")
        if one.pattern in ("zigzag", "emblem", "v yoke", "rainbow", "gradient") or names == {"v", "yoke"}:
            return _closer(one, other, names)
        if one.pattern in ("chevron", "chevrons") and other.pattern in ("hoop", "hoops", "band"):
            return one
        if fill in _FILLS and other.pattern in _FILLED and other.pattern != one.pattern and not other.texture:
            return other._replace(texture=fill, times=max(one.times, other.times))
    return before if before.pattern == after.pattern else None


def _closer(one: Layer, other: Layer, names: set[str]) -> Layer:
    if names == {"v", "yoke"}:
        return one._replace(pattern="v yoke")
    # "Star logo" is a star, "zigzag chevron" a zigzag, "rainbow checks" are checks.
    return other if one.pattern in ("emblem", "rainbow") else one
