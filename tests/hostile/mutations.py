"""Generated payloads with one thing wrong in each: every member, at every kind of place, in every way listed."""

import copy
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

DELETED = object()
# Tokens that no JSON encoder writes; they stand in the text as they are.
RAW = ("NaN", "-Infinity", "1e400", "9" * 400, '"\\ud800"')
VALUES: tuple[Any, ...] = (
    DELETED,
    None,
    "",
    " ",
    True,
    0,
    -1,
    0.1 + 0.2,
    2**63,
    -(2**70),
    1.7e308,
    "NaN",
    "Infinity",
    "-0.0",
    "1,234.50",
    "x" * 70_000,
    "\x00\u202e\U0001f3c7",
    "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "2026-02-14T03:58:00+99:99",
    "../../etc",
    [],
    {},
    [None],
    [[[[[[[[1]]]]]]]],
    {"": {"": {}}},
)
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One payload that is wrong at `where` by `what`."""

    where: str
    what: str
    body: bytes = field(repr=False)


def paths(payload: Any, at: Path = ()) -> Iterator[Path]:
    """Return the place of every member; of a list's items, which are alike, the first and the last."""
    if at:
        yield at
    if isinstance(payload, dict):
        for key, value in payload.items():
            yield from paths(value, (*at, key))
    elif isinstance(payload, list):
        for i in sorted({0, len(payload) - 1} & set(range(len(payload)))):
            yield from paths(payload[i], (*at, i))


def mutations(payload: Any) -> Iterator[Mutation]:
    """Return every payload with one member wrong."""
    for path in paths(payload):
        where = ".".join(map(str, path))
        for value in VALUES:
            body = json.dumps(with_value(payload, path, value)).encode()
            yield Mutation(where, "deleted" if value is DELETED else f"{value!r:.30}", body)
        for token in RAW:
            text = json.dumps(with_value(payload, path, "@raw@")).replace('"@raw@"', token)
            yield Mutation(where, token[:30], text.encode())


def bodies(payload: Any) -> Iterator[Mutation]:
    """Return bodies that are wrong as a whole."""
    text = json.dumps(payload)
    for share in (0.0, 0.01, 0.5, 0.9, 0.9999):
        yield Mutation("body", f"cut at {share:.0%}", text[: int(len(text) * share)].encode())
    for what, body in {
        "a mark of byte order": b"\xef\xbb\xbf" + text.encode(),
        "UTF-16": text.encode("utf-16"),
        "broken UTF-8": text.encode().replace(b'"name"', b'"\xff\xfe"'),
        "deep lists": b"[" * 100_000,
        "deep objects": b'{"data":' * 50_000,
        "null": b"null",
        "a list": b"[" + text.encode() + b"]",
        "a text": json.dumps(text).encode(),
        "markup": b"<!doctype html><title>502</title>",
        "an error": b'{"header":{"title":"x"},"data":{"error":"no such thing"}}',
        "another's members": text.replace('"data"', '"dat\\u0061", "data": {}, "data"', 1).encode(),
        "two documents": text.encode() * 2,
    }.items():
        yield Mutation("body", what, body)


def sample(every: Sequence[Mutation], share: float, seed: int) -> list[Mutation]:
    """Return some of them, the same for a seed."""
    chance = random.Random(seed)
    return [each for each in every if chance.random() < share]


def with_value(payload: Any, path: Path, value: Any) -> Any:
    """Return a copy of an answer with one member changed, or gone for DELETED."""
    made = copy.deepcopy(payload)
    holder = made
    for key in path[:-1]:
        holder = holder[key]
    if value is DELETED:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return made
