"""What the feed said to one activation of a poller, kept as one object in a bucket where RACEDAY_TAPE names one."""

import asyncio
import base64
import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress

from raceday.call import Call
from raceday.container import Container, Kept
from raceday.feed.client import FeedClient
from raceday.feed.taping import Answer
from raceday.ids import row_key

# What is left of an activation's time after its polls, less what the answer itself takes.
RESERVE_SECS = 1.5
LONGEST_SECS = 10.0
# None until somebody listens.
_HEARD: Kept[list[Answer] | None] = Kept(lambda: None)
GZIP = "application/gzip"


def listen(container: Container) -> None:
    """Begin to keep what the feed says; whoever listens already goes on hearing it."""
    feed = container.feed
    if container.cache.of(_HEARD) is not None or not isinstance(feed, FeedClient):
        return
    heard: list[Answer] = []
    other = feed.tape

    def take(answer: Answer) -> None:
        heard.append(answer)
        if other is not None:
            other(answer)

    feed.tape = take
    container.cache.keep(_HEARD, heard)


async def keep(container: Container, call: Call) -> None:
    """Upload what was heard since the last time; a failure is told in the log and costs nothing else."""
    heard = container.cache.of(_HEARD)
    if not heard:
        return
    answers = list(heard)
    heard.clear()
    secs = min(LONGEST_SECS, call.remaining_secs() - RESERVE_SECS)
    key = object_id(call)
    try:
        if secs <= 0:
            raise TimeoutError
        async with asyncio.timeout(secs):
            await container.store.put_file(
                container.settings.tape_bucket,
                key,
                f"{key}.gz",
                packed(answers, call.function, call.activation_id),
                GZIP,
            )
    except Exception as error:
        # Whatever refuses it, the polls are committed, and their answer has to be given.
        call.log.warning("tape.not_kept", answers=len(answers), error=type(error).__name__)


def object_id(call: Call) -> str:
    """Return an object's id: when it was made, to the second in UTC, and whose it is."""
    return f"{call.clock.now():%Y%m%dT%H%M%SZ}-{row_key('tape', call.activation_id)[:16]}"


def packed(answers: Sequence[Answer], function: str, activation: str) -> bytes:
    """Return answers as gzip of JSON lines; a body that is no UTF-8 is written in base64."""
    lines = [summed(_line(answer, function, activation)) for answer in answers]
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), 6, mtime=0)


def summed(told: Mapping[str, object]) -> str:
    """Return one line with the checksum of what it tells, by which a line of half an object is whole or not."""
    crc = zlib.crc32(json.dumps(told, ensure_ascii=False).encode())
    return json.dumps({**told, "crc": crc}, ensure_ascii=False)


def _line(answer: Answer, function: str, activation: str) -> dict[str, object]:
    told: dict[str, object] = {
        "url": answer.url,
        "sent": answer.sent.isoformat(),
        "received": answer.received.isoformat(),
        "status": answer.status,
        "headers": {k.lower(): v for k, v in answer.headers.items() if k.lower() not in ("set-cookie", "cookie")},
        "error": answer.error,
        "function": function,
        "activation": activation,
    }
    with suppress(UnicodeDecodeError):
        return {**told, "body": answer.body.decode()}
    return {**told, "base64": base64.b64encode(answer.body).decode()}
