"""The index beside a part: where each answer begins, by URL and time, so that opening a tape reads none of its heads.

It is made of the part and can be thrown away: one that does not fit its part is not used, and what was appended since
it was written is scanned.
"""

import json
import os
import zlib
from pathlib import Path
from typing import Any

import zstandard

from local.tape.format import from_micros, to_micros
from local.tape.scanning import Damage, Scan, TapeEntry, mapped, scan

VERSION = 1
# The part's last bytes under the index, checked before it is believed.
_TAIL = 64


def index_path(part: Path) -> Path:
    """Return where a part's index lies."""
    return part.with_name(f"{part.name}.index")


def indexed(part: Path, number: int) -> Scan:
    """Return what is on a part, from its index as far as that reaches, and keep the index for the next time."""
    data = mapped(part)
    known = _read(part, number, data)
    if known is not None and known.end == len(data):
        return known
    found = scan(part, number, data, known.end if known else 0, known)
    _keep(part, data, found)
    return found


def _read(part: Path, number: int, data: Any) -> Scan | None:
    try:
        kept = json.loads(zstandard.ZstdDecompressor().decompress(index_path(part).read_bytes()))
        if kept["version"] != VERSION or kept["end"] > len(data) or kept["tail"] != _tail(data, kept["end"]):
            return None
        urls, words = kept["urls"], kept["words"]
        entries = [
            TapeEntry(
                number,
                at,
                n,
                urls[url],
                from_micros(sent),
                from_micros(received),
                status,
                base,
                *(words[w] for w in told),
            )
            for at, n, url, sent, received, status, base, *told in kept["entries"]
        ]
        damages = [Damage(part, begin, end, what) for begin, end, what in kept["damages"]]
        return Scan(kept["header"], entries, kept["marks"], damages, kept["end"])
    except (OSError, ValueError, KeyError, TypeError, zstandard.ZstdError):
        return None


def _keep(part: Path, data: Any, found: Scan) -> None:
    """Write the index; where it cannot be kept the next opening scans again."""
    urls: dict[str, int] = {}
    words: dict[str, int] = {}

    def number(of: dict[str, int], text: str) -> int:
        return of.setdefault(text, len(of))

    entries = [
        [e.at, e.n, number(urls, e.url), to_micros(e.sent), to_micros(e.received), e.status, e.base,
         [number(words, word) for word in (e.function, e.activation, e.error)]]
        for e in found.entries
    ]  # fmt: skip
    kept = {
        "version": VERSION,
        "end": found.end,
        "tail": _tail(data, found.end),
        "header": found.header,
        "urls": list(urls),
        "words": list(words),
        "entries": entries,
        "marks": found.marks,
        "damages": [[d.begin, d.end, d.what] for d in found.damages if d.end <= found.end],
    }
    packed = zstandard.ZstdCompressor().compress(json.dumps(kept).encode())
    target = index_path(part)
    made = target.with_name(f"{target.name}.new")
    try:
        made.write_bytes(packed)
        os.replace(made, target)
    except OSError:
        made.unlink(missing_ok=True)


def _tail(data: Any, end: int) -> int:
    return zlib.crc32(bytes(data[max(0, end - _TAIL) : end]))
