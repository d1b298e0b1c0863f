"""Joining what the deployed pollers uploaded, one object an activation, to one part of a tape."""

import base64
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

import httpx
from appwrite.query import Query

from local.tape.pairing import answers_for
from local.tape.reader import Tape
from local.tape.writer import TapeWriter
from raceday.errors import StoreError
from raceday.feed.taping import Answer
from raceday.polling.taping import summed
from raceday.racing.nzday import day_limits
from raceday.settings import Settings
from raceday.store.port import Store
from raceday.tables import RACE_POLLS, RACES

PAGE = 100
# Other lines than a poller's, and members that are missing or no text.
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)
_OF_A_POLL = ("raceId", "n", "slot", "kind", "fetchedAt", "generatedAt")
# Rows whose answer no poller heard.
_NOT_POLLED = ("closing", "backfill")
# A night meeting's last races, and the looks at their results, come after the next midnight.
NIGHT = timedelta(hours=6)
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(slots=True)
class JoinedTape:
    """What a pull made: where it lies, how many objects and answers, which objects are not whole, and why.

    `missing` are polls in the ledger that none of them has an answer of: their poller never uploaded it.
    """

    path: Path | None = None
    objects: int = 0
    answers: int = 0
    refused: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    polls: int = 0


async def pull_day(s: Settings, transport: httpx.AsyncBaseTransport | None, day: date, folder: Path) -> JoinedTape:
    """Write every upload of a NZ race day to a new part; raises FileExistsError where the day was pulled already."""
    path = folder / day.isoformat() / "joined.tape"
    if path.exists():
        raise FileExistsError(f"{path} is there already: the day was pulled before; move it away to pull anew")
    begin, end = day_limits(day)
    headers = {"x-appwrite-project": s.store_project, "x-appwrite-key": s.store_key}
    joined = JoinedTape()
    found: list[tuple[Answer, str, str]] = []
    async with httpx.AsyncClient(base_url=s.store_endpoint, headers=headers, transport=transport, timeout=30) as http:
        async for key in _objects(http, s.tape_bucket):
            if not begin <= _made(key, begin) < end + NIGHT:
                continue
            joined.objects += 1
            try:
                answer = await http.get(f"/storage/buckets/{s.tape_bucket}/files/{key}/download")
                there, wrong = salvaged(_read(answer).content)
            except (StoreError, httpx.HTTPError, OSError, EOFError, *_UNREADABLE, zlib.error) as error:
                there, wrong = [], str(error) or type(error).__name__
            found += there
            if wrong:
                joined.refused.append(f"{key}: {wrong}")
    if found:
        # One that is made in part, by a pull that was killed, is no tape.
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        joined.answers = write_part(part, found, day)
        joined.path = part.rename(path)
    return joined


async def name_missing(joined: JoinedTape, store: Store, day: date) -> None:
    """Name the polls of a race day's ledger that a joined tape has no answer of."""
    of_day = await store.find(RACES, [Query.equal("raceDateNz", [day.isoformat()])], select=("$id",))
    ids = sorted(row["$id"] for row in of_day)
    tape = Tape.open(joined.path) if joined.path else None
    for at in range(0, len(ids), PAGE):
        rows = await store.find(RACE_POLLS, [Query.equal("raceId", ids[at : at + PAGE])], select=_OF_A_POLL)
        asked = [row for row in rows if row["kind"] not in _NOT_POLLED]
        joined.polls += len(asked)
        for row in sorted(asked, key=lambda row: (row["slot"], row["raceId"])):
            if tape is None or not answers_for(tape, row):
                joined.missing.append(f"{row['raceId']} n={row['n']} of slot {row['slot'][:19]}Z")


def write_part(path: Path, found: Iterable[tuple[Answer, str, str]], day: date) -> int:
    """Write answers to a new part in order of time, each once; returns how many. OSError: no room for them."""
    by_time = sorted(found, key=lambda each: (each[0].received, each[0].url, each[2]))
    writer = TapeWriter.create(path, day=day.isoformat(), source="joined")
    before: tuple[Any, ...] = ()
    count = 0
    for answer, function, activation in by_time:
        key = (answer.url, answer.sent, answer.received, activation)
        if key != before:
            count += writer.answer(answer, function, activation)
        before = key
    writer.close()
    if writer.lost:
        path.unlink()
        raise OSError(f"there is no room for {writer.lost} of the day's answers at {path.parent}")
    return count


def unpacked(content: bytes) -> list[tuple[Answer, str, str]]:
    """Return the answers of one object with function and activation; raises ValueError, KeyError or OSError."""
    return [_answer(json.loads(line)) for line in gzip.decompress(content).splitlines() if line]


def salvaged(content: bytes) -> tuple[list[tuple[Answer, str, str]], str]:
    """Return an object's answers, and of one that is cut off those before the cut with what is not whole of it."""
    try:
        if content:
            return unpacked(content), ""
        text = b""
    except EOFError:
        text = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(content)
    # One whose end was damaged looks as if it were cut: a line counts by its own checksum alone.
    lines = takewhile(_is_whole, text.split(b"\n")[:-1])
    whole = [_answer(json.loads(line)) for line in lines]
    return whole, f"cut off behind its answer {len(whole)}"


def _is_whole(line: bytes) -> bool:
    try:
        told = json.loads(line)
        told.pop("crc")
        return summed(told).encode() == line
    except _UNREADABLE:
        return False


def _answer(line: Mapping[str, Any]) -> tuple[Answer, str, str]:
    body = base64.b64decode(line["base64"]) if "base64" in line else line["body"].encode()
    sent, received = datetime.fromisoformat(line["sent"]), datetime.fromisoformat(line["received"])
    answer = Answer(line["url"], sent, received, line["status"], line["headers"], body, line["error"])
    return answer, line["function"], line["activation"]


async def _objects(http: httpx.AsyncClient, bucket: str) -> AsyncIterator[str]:
    """Return the ids of a bucket's files, page by page."""
    offset = 0
    while True:
        queries = [Query.limit(PAGE), Query.offset(offset)]
        answer = _read(await http.get(f"/storage/buckets/{bucket}/files", params={"queries[]": queries}))
        files = answer.json()["files"]
        for each in files:
            yield each["$id"]
        if len(files) < PAGE:
            return
        offset += PAGE


def _read(answer: httpx.Response) -> httpx.Response:
    if answer.status_code >= 400:
        told = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        raise StoreError(told.get("message", answer.reason_phrase), status=answer.status_code)
    return answer


def _made(key: str, otherwise: datetime) -> datetime:
    """Return when an object was made, by its id; one of another name belongs to no day."""
    try:
        return datetime.strptime(key.partition("-")[0], _STAMP).replace(tzinfo=otherwise.tzinfo)
    except ValueError:
        return otherwise - timedelta(days=1)
