"""A reader of Prometheus' text format 0.0.4, by its rules; whatever breaks one is a ValueError."""

import math
import re
from typing import NamedTuple

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
_TYPES = ("counter", "gauge", "histogram", "summary", "untyped")
_SUFFIXES = {"summary": ("", "_sum", "_count"), "histogram": ("_bucket", "_sum", "_count")}


class Family(NamedTuple):
    """One metric: its type, its help, and its samples by name and labels."""

    kind: str
    about: str
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(text: str) -> dict[str, Family]:
    """Return the families of an exposition by name.

    Each family has one HELP and one TYPE before its samples, its lines stand together, no series comes twice, and the
    last line ends with a line feed.
    """
    if not text.endswith("\n"):
        raise ValueError("the last line does not end with a line feed")
    found: dict[str, Family] = {}
    helps: dict[str, str] = {}
    current = ""
    for number, line in enumerate(text.split("\n")[:-1], 1):
        if line.startswith("# HELP "):
            name, _, about = line[7:].partition(" ")
            if name in helps or not _NAME.fullmatch(name):
                raise ValueError(f"{number}: HELP of {name!r}, which has one or is no name")
            helps[name] = about
        elif line.startswith("# TYPE "):
            name, _, kind = line[7:].partition(" ")
            if name in found or kind not in _TYPES or not _NAME.fullmatch(name):
                raise ValueError(f"{number}: TYPE of {name!r}: {kind!r}")
            found[name] = Family(kind, helps.get(name, ""), {})
            current = name
        elif line and not line.startswith("#"):
            _sample(number, line, found, current)
    return found


def _sample(number: int, line: str, found: dict[str, Family], current: str) -> None:
    name = _NAME.match(line)
    if name is None:
        raise ValueError(f"{number}: no name: {line!r}")
    labels, rest = _labels(number, line[name.end() :])
    if current not in found or name[0] not in [current + end for end in _SUFFIXES.get(found[current].kind, ("",))]:
        raise ValueError(f"{number}: {name[0]} stands apart from its TYPE")
    values = rest.split()
    if len(values) not in (1, 2) or not rest.startswith(" "):
        raise ValueError(f"{number}: expected a value and at most a timestamp, got {rest!r}")
    family = found[current]
    if family.kind == "summary" and name[0] == current and not 0 <= float(dict(labels)["quantile"]) <= 1:
        raise ValueError(f"{number}: a quantile outside 0 to 1")
    key = name[0], tuple(sorted(labels))
    if key in family.samples or len({label for label, _ in labels}) != len(labels):
        raise ValueError(f"{number}: the series {key} comes twice")
    family.samples[key] = _number(values[0])


def _labels(number: int, text: str) -> tuple[list[tuple[str, str]], str]:
    if not text.startswith("{"):
        return [], text
    labels, at = [], 1
    while text[at : at + 1] != "}":
        label = _LABEL.match(text, at)
        if label is None:
            raise ValueError(f"{number}: no label at {text[at:]!r}")
        labels.append((label[1], re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], label[2])))
        at = label.end()
        if text[at : at + 1] == ",":
            at += 1
        elif text[at : at + 1] != "}":
            raise ValueError(f"{number}: expected a comma or }} at {text[at:]!r}")
    return labels, text[at + 1 :]


def _number(text: str) -> float:
    special = {"NaN": math.nan, "+Inf": math.inf, "-Inf": -math.inf}
    return special[text] if text in special else float(text)
