"""Reading a tape: one file or a folder of parts, in order of time."""

import json
import mmap
import zlib
from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import zstandard

from local.tape.format import MOST_BODY_BYTES, body_of, frame_at, head_of
from local.tape.index import indexed
from local.tape.recordings import is_recording, tape_of
from local.tape.scanning import Damage, Scan, TapeEntry, TapeError, mapped, named, scan
from raceday.feed import values

ENDING = ".tape"
KEPT_BODIES = 48


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
        self._generated: dict[tuple[int, int], datetime | None] = {}
        self._by_race: dict[str, list[TapeEntry]] = defaultdict(list)
        for entry in self.entries:
            if entry.race_id:
                self._by_race[entry.race_id].append(entry)

    @classmethod
    def open(cls, path: Path | str) -> "Tape":
        """Open a tape, a file or a folder of parts, by its index where that is up to date; raises TapeError."""
        return cls._read(parts(Path(path)), indexed)

    @classmethod
    def checked(cls, path: Path | str) -> "Tape":
        """Open a tape and look at every byte of it, whatever an index says; raises TapeError."""
        return cls._read(parts(Path(path)), lambda part, i: scan(part, i, mapped(part)))

    @classmethod
    def _read(cls, paths: Sequence[Path], read: Callable[[Path, int], Scan]) -> "Tape":
        """Read parts; among several one that is no tape, as a kill at its beginning leaves it, is named as damage."""
        there: list[Path] = []
        scans: list[Scan] = []
        refused: list[Damage] = []
        for path in paths:
            try:
                scans.append(read(path, len(there)))
                there.append(path)
            except TapeError as error:
                if len(paths) == 1:
                    raise
                refused.append(Damage(path, 0, path.stat().st_size, str(error).removeprefix("tape: ")))
        if not there:
            raise TapeError(f"tape: no part of {paths[0].parent} is one: {refused[0].what}")
        tape = cls(there, scans=scans)
        tape.damages += refused
        return tape

    @property
    def race_ids(self) -> list[str]:
        """Return the races that were asked for, in order of their first answers."""
        return list(self._by_race)

    def race(self, race_id: str) -> list[TapeEntry]:
        """Return the answers about one race, in order of time."""
        return self._by_race.get(race_id, [])

    def seek(self, race_id: str, at: datetime) -> TapeEntry | None:
        """Return the newest whole answer about a race at an instant, None where there is none yet."""
        there = [e for e in self.race(race_id) if e.status == 200]
        i = bisect_right(there, at, key=lambda e: e.received)
        return there[i - 1] if i else None

    def body(self, entry: TapeEntry) -> bytes:
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

    def is_whole(self, entry: TapeEntry) -> bool:
        """Tell whether an answer can be read: an index knows of no damage that came after it."""
        try:
            self.body(entry)
        except TapeError:
            return False
        return True

    def generated(self, entry: TapeEntry) -> datetime | None:
        """Return when the feed made an answer, when it came where it names no time; None for one that is not whole."""
        key = (entry.part, entry.n)
        if key not in self._generated:
            self._generated[key] = self._told(entry)
        return self._generated[key]

    def _told(self, entry: TapeEntry) -> datetime | None:
        try:
            answer = json.loads(self.body(entry))
        except (ValueError, RecursionError):
            return None
        header = answer.get("header") if isinstance(answer, dict) else None
        told = header.get("generated_time") if isinstance(header, dict) else None
        return values.instant(told) or entry.received

    def head(self, entry: TapeEntry) -> dict[str, Any]:
        """Return all that the tape says of an answer; raises TapeError where it is not whole."""
        data = self._maps[entry.part]
        frame = frame_at(data, entry.at)
        head = head_of(data, entry.at, frame) if frame else None
        if head is None:
            raise TapeError(f"{entry.place}: its head is not whole")
        return head

    def _unpacked(self, entry: TapeEntry) -> bytes:
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

    def bodies(self) -> Iterator[tuple[TapeEntry, bytes]]:
        """Return every answer that has a body, in order of time; one that is not whole joins `damages`."""
        for entry in self.entries:
            try:
                body = self.body(entry)
            except TapeError as error:
                part = self.paths[entry.part]
                self.damages.append(Damage(part, entry.at, entry.at, f"{named(entry)}: {error}"))
                continue
            if body:
                yield entry, body

    def close(self) -> None:
        """Close the files."""
        for data in self._maps:
            if isinstance(data, mmap.mmap):
                data.close()


def parts(path: Path) -> list[Path]:
    """Return the files of a tape, of a recorded folder's answers as one; raises TapeError where there are none."""
    if is_recording(path):
        return [tape_of(path)]
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
