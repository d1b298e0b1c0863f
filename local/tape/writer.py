"""Writing a part of a tape: each answer whole in one write, as the difference to an earlier answer of the same URL."""

import os
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

from local.tape.format import ANSWER, HEADER, MAGIC, MARK, TERMS, pack, to_micros
from raceday.feed.taping import Answer

LEVEL = 3
# A difference is taken to one whole answer, not to another difference: what is damaged costs itself alone, and any
# answer is read by unpacking two. A whole one is written anew after so many, or when the difference has grown.
ANSWERS_PER_KEY = 48
LARGEST_SHARE = 0.35
# URLs whose last whole answer is kept in memory: one for each race that is polled at a time, and some lists.
KEPT_KEYS = 400
HEADERS = ("date", "age", "last-modified", "etag", "cache-control", "retry-after", "content-type", "x-cache")


class Key(NamedTuple):
    """A whole answer that later ones are written as differences to."""

    n: int
    body: bytes
    packed_bytes: int
    used: int = 0


@dataclass(slots=True)
class TapeWriter:
    """Appends to one new part; a write that fails leaves only whole records, is counted, and told by a later mark."""

    path: Path
    _file: int
    n: int = 0
    lost: int = 0
    untold: int = 0
    size_bytes: int = 0
    _keys: OrderedDict[str, Key] = field(default_factory=OrderedDict)

    @classmethod
    def create(cls, path: Path, **about: Any) -> "TapeWriter":
        """Begin a part in a new file; `about` says whose it is. Raises FileExistsError where the file is there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        writer = cls(path, file)
        try:
            writer._write(MAGIC + pack(HEADER, {"terms": TERMS, **about}))
        except OSError:
            writer.close()
            path.unlink()
            raise
        return writer

    def answer(self, answer: Answer, function: str = "", activation: str = "") -> bool:
        """Append an answer of the feed; False where it could not be written, which `lost` counts."""
        self.n += 1
        head, body, key = self._packed(answer, function, activation)
        if not self._append(pack(ANSWER, head, body)):
            return False
        if key is not None:
            self._keys[answer.url] = key
            self._keys.move_to_end(answer.url)
            while len(self._keys) > KEPT_KEYS:
                self._keys.popitem(last=False)
        return True

    def mark(self, what: str, fields: Mapping[str, Any]) -> bool:
        """Append a mark: something that is known of the recording beside the answers."""
        self.n += 1
        return self._append(pack(MARK, {"n": self.n, "what": what, **fields}))

    def sync(self) -> None:
        """Have the file on the disk itself."""
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _packed(self, answer: Answer, function: str, activation: str) -> tuple[dict[str, Any], bytes, Key | None]:
        head: dict[str, Any] = {
            "n": self.n,
            "url": answer.url,
            "sent": to_micros(answer.sent),
            "received": to_micros(answer.received),
            "status": answer.status,
            "headers": {k: v for k, v in answer.headers.items() if k in HEADERS},
            "bytes": len(answer.body),
            "crc": zlib.crc32(answer.body),
        }
        told = {"function": function, "activation": activation, "error": answer.error}
        head |= {name: value for name, value in told.items() if value}
        if not answer.body:
            return head, b"", None
        key = self._keys.get(answer.url)
        if key is not None and key.used < ANSWERS_PER_KEY:
            body = _compressor(key.body).compress(answer.body)
            if len(body) <= key.packed_bytes * LARGEST_SHARE:
                return head | {"base": key.n}, body, key._replace(used=key.used + 1)
        body = _compressor(None).compress(answer.body)
        return head, body, Key(self.n, answer.body, len(body))

    def _append(self, record: bytes) -> bool:
        if self.untold:
            # What was not recorded is told before anything else is.
            told = pack(MARK, {"n": self.n, "what": "lost", "records": self.untold})
            record = told + record
        try:
            self._write(record)
        except OSError:
            self.lost += 1
            self.untold += 1
            return False
        self.untold = 0
        return True

    def _write(self, data: bytes) -> None:
        """Write all of `data` or nothing; raises OSError."""
        at, left = self.size_bytes, data
        try:
            while left:
                wrote = os.pwrite(self._file, left, at)
                at, left = at + wrote, left[wrote:]
        except OSError:
            os.ftruncate(self._file, self.size_bytes)
            raise
        self.size_bytes = at


def _compressor(base: bytes | None) -> zstandard.ZstdCompressor:
    if base is None:
        return zstandard.ZstdCompressor(level=LEVEL)
    known = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    return zstandard.ZstdCompressor(level=LEVEL, dict_data=known)
