"""One tape's bytes: records one after another, each found again by itself, whatever happened to its neighbours.

file    = MAGIC record*
record  = SYNC kind head_size body_size head_crc body_crc head body
kind    = H header of the part | A an answer of the feed | M a mark: an activation, or what was not recorded
head    = JSON; `head_crc` is the CRC-32 of kind, sizes, `body_crc` and head together
body    = a zstd frame, empty where there is none; `body_crc` is the CRC-32 of the frame
"""

import json
import mmap
import struct
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

Data = mmap.mmap | memoryview | bytes
MAGIC = b"RACEDAY-TAPE-1\n"
SYNC = b"\xf5RDT"
HEADER, ANSWER, MARK = b"H", b"A", b"M"
KINDS = (HEADER, ANSWER, MARK)
TERMS = "This holds payloads of the NZ TAB feed, whose terms allow personal use only: keep it, and do not publish it."
# Sizes beyond these are damage, not data: the largest event that was ever recorded has 0.7 MB.
MOST_HEAD_BYTES, MOST_BODY_BYTES = 1 << 20, 1 << 26
_FRAME = struct.Struct("<4scIIII")
_CHECKED = struct.Struct("<cIII")
FRAME_BYTES = _FRAME.size
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class RecordFrame(NamedTuple):
    """What stands in front of a record's head: its kind, sizes in bytes, and the body's checksum."""

    kind: bytes
    head_bytes: int
    body_bytes: int
    body_crc: int
    head_crc: int

    @property
    def record_bytes(self) -> int:
        """Return the size of the whole record."""
        return FRAME_BYTES + self.head_bytes + self.body_bytes


def pack(kind: bytes, head: Mapping[str, Any], body: bytes = b"") -> bytes:
    """Return one record as it stands on a tape; `body` is compressed already."""
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    body_crc = zlib.crc32(body)
    head_crc = zlib.crc32(text, zlib.crc32(_CHECKED.pack(kind, len(text), len(body), body_crc)))
    return _FRAME.pack(SYNC, kind, len(text), len(body), head_crc, body_crc) + text + body


def frame_at(data: Data, at: int) -> RecordFrame | None:
    """Return the frame that begins at an offset, None where none does; its head is not checked yet."""
    if at + FRAME_BYTES > len(data):
        return None
    sync, kind, head_bytes, body_bytes, head_crc, body_crc = _FRAME.unpack_from(data, at)
    if sync != SYNC or kind not in KINDS or head_bytes > MOST_HEAD_BYTES or body_bytes > MOST_BODY_BYTES:
        return None
    return RecordFrame(kind, head_bytes, body_bytes, body_crc, head_crc)


def head_of(data: Data, at: int, frame: RecordFrame) -> dict[str, Any] | None:
    """Return a record's head, None where it is cut off or its checksum does not hold."""
    text = bytes(data[at + FRAME_BYTES : at + FRAME_BYTES + frame.head_bytes])
    checked = _CHECKED.pack(frame.kind, frame.head_bytes, frame.body_bytes, frame.body_crc)
    if len(text) < frame.head_bytes or zlib.crc32(text, zlib.crc32(checked)) != frame.head_crc:
        return None
    head: dict[str, Any] = json.loads(text)
    return head


def body_of(data: Data, at: int, frame: RecordFrame) -> bytes | None:
    """Return a record's body as it is compressed, None where it is cut off or its checksum does not hold."""
    begin = at + FRAME_BYTES + frame.head_bytes
    body = bytes(data[begin : begin + frame.body_bytes])
    return body if len(body) == frame.body_bytes and zlib.crc32(body) == frame.body_crc else None


def to_micros(at: datetime) -> int:
    """Return an instant as a head keeps it: whole microseconds since 1970 in UTC."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the instant of whole microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)
