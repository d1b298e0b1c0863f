"""One pass over a part of a tape: what is whole becomes entries and marks, what is not is named and passed over."""

import mmap
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from local.tape.format import ANSWER, HEADER, MAGIC, MARK, SYNC, RecordFrame, body_of, frame_at, from_micros, head_of


class TapeError(ValueError):
    """A tape that cannot be read at all, or a record of it that is not whole."""


class Damage(NamedTuple):
    """What is not whole: bytes `begin` to `end` of a part, and what is known of the record that was there."""

    part: Path
    begin: int
    end: int
    what: str

    def __str__(self) -> str:
        """Return it as a line for people."""
        return f"{self.part.name}: bytes {self.begin} to {self.end}: {self.what}"


class TapeEntry(NamedTuple):
    """One answer on a tape, without its body; `status` 0 is a request that got none, for the reason `error`."""

    part: int
    at: int
    n: int
    url: str
    sent: datetime
    received: datetime
    status: int
    base: int = 0
    function: str = ""
    activation: str = ""
    error: str = ""

    @property
    def race_id(self) -> str:
        """Return the race that was asked for, "" for a list."""
        return event_id(self.url)

    @property
    def place(self) -> str:
        """Return where the answer lies, for people: part and record."""
        return f"part {self.part + 1} record {self.n}"


def event_id(url: str) -> str:
    """Return the race that an URL of the feed asks for, "" where it asks for a list."""
    room, _, key = urlsplit(url).path.rpartition("/events/")
    return key if room else ""


class Scan(NamedTuple):
    """What one pass over a part found."""

    header: Mapping[str, Any]
    entries: list[TapeEntry]
    marks: list[dict[str, Any]]
    damages: list[Damage]
    end: int


def scan(path: Path, part: int, data: "mmap.mmap | bytes", begin: int = 0, known: Scan | None = None) -> Scan:
    """Read every record of a part from `begin` on, after those that are `known`; raises TapeError for no tape."""
    told = bytes(data[: len(MAGIC)])
    hurt = _is_hurt(told) and _next(data, 0) is not None
    if told != MAGIC and not hurt:
        name, _, version = MAGIC.strip().decode().rpartition("-")
        if told.startswith(f"{name}-".encode()):
            other = told.decode("ascii", "replace").strip().rpartition("-")[2]
            raise TapeError(f"tape: {path} is a tape of version {other}, and this reads version {version}")
        raise TapeError(f"tape: {path} does not begin as a tape does, with {name}-{version}")
    found = known or Scan({}, [], [], [], 0)
    header, entries, marks, damages = dict(found.header), list(found.entries), list(found.marks), list(found.damages)
    if hurt and known is None:
        damages.append(Damage(path, 0, len(MAGIC), "the bytes that a tape begins with are damaged"))
    whole = {e.n for e in entries}
    at, end = max(begin, len(MAGIC)), max(begin, len(MAGIC))
    view = memoryview(data)
    try:
        while at < len(data):
            frame = frame_at(view, at)
            head = head_of(view, at, frame) if frame else None
            if frame is None or head is None:
                following = _next(data, at)
                where = (
                    "no whole record up to the end: cut off, or damaged" if following is None else "a damaged record"
                )
                damages.append(Damage(path, at, len(data) if following is None else following, where))
                at = len(data) if following is None else following
                continue
            problem = _problem(view, at, frame, head, whole)
            if problem:
                damages.append(Damage(path, at, min(at + frame.record_bytes, len(data)), problem))
            elif frame.kind == HEADER:
                header = head
            elif frame.kind == MARK:
                marks.append(head)
            else:
                whole.add(head["n"])
                entries.append(_entry(part, at, head))
            at = end = at + frame.record_bytes
    finally:
        view.release()
    if not header and not damages:
        damages.append(Damage(path, len(MAGIC), len(data), "without the record that begins a part: cut off"))
    return Scan(header, entries, marks, damages, min(end, len(data)))


def _is_hurt(told: bytes) -> bool:
    """Tell whether a part begins as a tape of this version does but for one byte that is not the version's."""
    wrong = [i for i, (one, other) in enumerate(zip(told, MAGIC, strict=False)) if one != other]
    return len(told) == len(MAGIC) and len(wrong) == 1 and wrong != [MAGIC.index(b"\n") - 1]


def _problem(data: memoryview, at: int, frame: RecordFrame, head: Mapping[str, Any], whole: set[int]) -> str:
    """Say what is wrong with a record whose head is whole, "" where nothing is."""
    body = body_of(data, at, frame)
    if frame.kind != ANSWER:
        return "" if body is not None else "its body is damaged"
    name = named(_entry(0, at, head))
    if body is None:
        return f"{name}: its body is {'damaged' if at + frame.record_bytes <= len(data) else 'cut off'}"
    if head.get("base") and head["base"] not in whole:
        return f"{name}: record {head['base']}, which it is the difference to, is not whole"
    return ""


def named(entry: TapeEntry) -> str:
    """Name an answer for people: its record, URL and time."""
    return f"record {entry.n}, {entry.url} at {entry.received:%Y-%m-%d %H:%M:%S} UTC"


def _next(data: "mmap.mmap | bytes", at: int) -> int | None:
    """Return where the next record with a whole head begins, None where none follows."""
    following = data.find(SYNC, at + 1)
    while following >= 0:
        frame = frame_at(data, following)
        if frame is not None and head_of(data, following, frame) is not None:
            return following
        following = data.find(SYNC, following + 1)
    return None


def _entry(part: int, at: int, head: Mapping[str, Any]) -> TapeEntry:
    return TapeEntry(
        part,
        at,
        int(head["n"]),
        str(head["url"]),
        from_micros(head["sent"]),
        from_micros(head["received"]),
        int(head["status"]),
        int(head.get("base", 0)),
        str(head.get("function", "")),
        str(head.get("activation", "")),
        str(head.get("error", "")),
    )


def mapped(path: Path) -> mmap.mmap:
    """Return a file's bytes without reading them; raises TapeError where it is empty."""
    with path.open("rb") as file:
        try:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise TapeError(f"tape: {path} is empty") from None
