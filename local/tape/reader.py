"""Reading a tape: one file or a folder of parts, in order of time; what is not whole is named and passed over."""

import mmap
import zlib
from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import zstandard

from local.tape.format import (
    ANSWER,
    HEADER,
    MAGIC,
    MARK,
    MOST_BODY_BYTES,
    SYNC,
    Frame,
    body_of,
    frame_at,
    from_micros,
    head_of,
)

ENDING = ".tape"
KEPT_BODIES = 48


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


class Entry(NamedTuple):
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
    entries: list[Entry]
    marks: list[dict[str, Any]]
    damages: list[Damage]
    end: int


class Tape:
    """The answers of one tape, by order of time and by race; bodies are read when they are asked for."""

    def __init__(self, paths: Sequence[Path], *, scans: Sequence[Scan] | None = None) -> None:
        self.paths = list(paths)
        self._maps = [mapped(path) for path in paths]
        found = scans or [scan(path, i, data) for i, (path, data) in enumerate(zip(paths, self._maps, strict=True))]
        self.headers = [each.header for each in found]
        self.marks = [mark for each in found for mark in each.marks]
        self.damages = [damage for each in found for damage in each.damages]
        self.entries = sorted((e for each in found for e in each.entries), key=lambda e: (e.received, e.part, e.n))
        self._by_n = {(e.part, e.n): e for e in self.entries}
        self._bodies: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._by_race: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            if entry.race_id:
                self._by_race[entry.race_id].append(entry)

    @classmethod
    def open(cls, path: Path | str) -> "Tape":
        """Open a tape, a file or a folder of parts, by its index where that is up to date; raises TapeError."""
        from local.tape.index import indexed

        paths = parts(Path(path))
        return cls(paths, scans=[indexed(each, i) for i, each in enumerate(paths)])

    @classmethod
    def checked(cls, path: Path | str) -> "Tape":
        """Open a tape and look at every byte of it, whatever an index says; raises TapeError."""
        return cls(parts(Path(path)))

    @property
    def race_ids(self) -> list[str]:
        """Return the races that were asked for, in order of their first answers."""
        return list(self._by_race)

    def race(self, race_id: str) -> list[Entry]:
        """Return the answers about one race, in order of time."""
        return self._by_race.get(race_id, [])

    def seek(self, race_id: str, at: datetime) -> Entry | None:
        """Return the newest whole answer about a race at an instant, None where there is none yet."""
        there = [e for e in self.race(race_id) if e.status == 200]
        i = bisect_right(there, at, key=lambda e: e.received)
        return there[i - 1] if i else None

    def body(self, entry: Entry) -> bytes:
        """Return an answer's body as the feed sent it; raises TapeError naming what is not whole."""
        key = (entry.part, entry.n)
        if key in self._bodies:
            self._bodies.move_to_end(key)
            return self._bodies[key]
        body = self._unpacked(entry)
        if not entry.base:
            self._bodies[key] = body
            while len(self._bodies) > KEPT_BODIES:
                self._bodies.popitem(last=False)
        return body

    def head(self, entry: Entry) -> dict[str, Any]:
        """Return all that the tape says of an answer; raises TapeError where it is not whole."""
        data = self._maps[entry.part]
        frame = frame_at(data, entry.at)
        head = head_of(data, entry.at, frame) if frame else None
        if head is None:
            raise TapeError(f"{entry.place}: its head is not whole")
        return head

    def _unpacked(self, entry: Entry) -> bytes:
        data = self._maps[entry.part]
        head = self.head(entry)
        frame = frame_at(data, entry.at)
        packed = body_of(data, entry.at, frame) if frame else None
        if packed is None:
            raise TapeError(f"{entry.place}: its body is not whole")
        if not packed:
            return b""
        base = None
        if entry.base:
            whole = self._by_n.get((entry.part, entry.base))
            if whole is None:
                raise TapeError(f"{entry.place}: record {entry.base}, which it is the difference to, is not whole")
            base = self.body(whole)
        body = unpack(packed, base)
        if body is None or zlib.crc32(body) != head["crc"]:
            raise TapeError(f"{entry.place}: its body does not unpack to what was recorded")
        return body

    def bodies(self) -> Iterator[tuple[Entry, bytes]]:
        """Return every answer that has a body, in order of time; one that is not whole joins `damages`."""
        for entry in self.entries:
            try:
                body = self.body(entry)
            except TapeError as error:
                part = self.paths[entry.part]
                self.damages.append(Damage(part, entry.at, entry.at, f"{_named(entry)}: {error}"))
                continue
            if body:
                yield entry, body

    def close(self) -> None:
        """Close the files."""
        for data in self._maps:
            if isinstance(data, mmap.mmap):
                data.close()


def parts(path: Path) -> list[Path]:
    """Return the files of a tape; raises TapeError where there are none."""
    found = sorted(path.glob(f"*{ENDING}")) if path.is_dir() else [path]
    if not found or not all(each.is_file() for each in found):
        raise TapeError(f"tape: expected a file, or a folder with files *{ENDING} in it, and {path} is none")
    return found


def unpack(packed: bytes, base: bytes | None) -> bytes | None:
    """Return what was packed, None where it does not unpack."""
    known = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if base is not None else None
    try:
        made = zstandard.ZstdDecompressor(dict_data=known) if known else zstandard.ZstdDecompressor()
        return made.decompress(packed, max_output_size=MOST_BODY_BYTES)
    except zstandard.ZstdError:
        return None


def scan(path: Path, part: int, data: "mmap.mmap | bytes", begin: int = 0, known: Scan | None = None) -> Scan:
    """Read every record of a part from `begin` on, after those that are `known`; raises TapeError for no tape."""
    if bytes(data[: len(MAGIC)]) != MAGIC:
        raise TapeError(f"tape: {path} does not begin as a tape does, with {MAGIC.strip().decode()}")
    found = known or Scan({}, [], [], [], 0)
    header, entries, marks, damages = dict(found.header), list(found.entries), list(found.marks), list(found.damages)
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
    return Scan(header, entries, marks, damages, min(end, len(data)))


def _problem(data: memoryview, at: int, frame: Frame, head: Mapping[str, Any], whole: set[int]) -> str:
    """Say what is wrong with a record whose head is whole, "" where nothing is."""
    body = body_of(data, at, frame)
    if frame.kind != ANSWER:
        return "" if body is not None else "its body is damaged"
    name = _named(_entry(0, at, head))
    if body is None:
        return f"{name}: its body is {'damaged' if at + frame.record_bytes <= len(data) else 'cut off'}"
    if head.get("base") and head["base"] not in whole:
        return f"{name}: record {head['base']}, which it is the difference to, is not whole"
    return ""


def _named(entry: Entry) -> str:
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


def _entry(part: int, at: int, head: Mapping[str, Any]) -> Entry:
    return Entry(
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
