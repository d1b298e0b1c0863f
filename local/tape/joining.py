"""Joining what the deployed pollers uploaded, one object an activation, to one part of a tape."""

import base64
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from appwrite.query import Query

from local.tape.writer import TapeWriter
from raceday.errors import StoreError
from raceday.feed.taping import Answer
from raceday.racing.nzday import day_limits
from raceday.settings import Settings

PAGE = 100
# A night meeting's last races, and the looks at their results, come after the next midnight.
NIGHT = timedelta(hours=6)
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(slots=True)
class JoinedTape:
    """What a pull made: where it lies, how many objects and answers, and which objects could not be read."""

    path: Path | None = None
    objects: int = 0
    answers: int = 0
    refused: list[str] = field(default_factory=list)


async def pull_day(s: Settings, transport: httpx.AsyncBaseTransport | None, day: date, folder: Path) -> JoinedTape:
    """Write every upload of a NZ race day to a new part; raises FileExistsError where the day was pulled already."""
    begin, end = day_limits(day)
    headers = {"x-appwrite-project": s.store_project, "x-appwrite-key": s.store_key}
    joined = JoinedTape()
    found: list[tuple[Answer, str, str]] = []
    async with httpx.AsyncClient(base_url=s.store_endpoint, headers=headers, transport=transport, timeout=30) as http:
        async for key in _objects(http, s.tape_bucket):
            if not begin <= _made(key, begin) < end + NIGHT:
                continue
            answer = await http.get(f"/storage/buckets/{s.tape_bucket}/files/{key}/download")
            joined.objects += 1
            try:
                found += unpacked(_read(answer).content)
            except (StoreError, OSError, EOFError, ValueError, KeyError, zlib.error) as error:
                joined.refused.append(f"{key}: {error}")
    if found:
        joined.path = folder / day.isoformat() / "joined.tape"
        joined.answers = write_part(joined.path, found, day)
    return joined


def write_part(path: Path, found: Iterable[tuple[Answer, str, str]], day: date) -> int:
    """Write answers to a new part in order of time, each once; returns how many."""
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
    return count


def unpacked(content: bytes) -> list[tuple[Answer, str, str]]:
    """Return the answers of one object with function and activation; raises ValueError, KeyError or OSError."""
    return [_answer(json.loads(line)) for line in gzip.decompress(content).splitlines() if line]


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
