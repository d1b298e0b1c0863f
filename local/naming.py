"""Races by name in a local call: `raceId` and `raceIds` may say "Bulloo Heights R3" or a beginning of an id.

The deployed functions take the feed's ids alone; this stands before them on this machine.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from local.failures import NoSuchRace
from local.races import find_race
from raceday.catalogue.functions import EVENT_FUNCTIONS
from raceday.errors import BadRequest
from raceday.polling.orders import race_id
from raceday.store.port import Store

_EXPECTED = 'an id of the feed, a unique beginning of one, or course and number as "Bulloo Heights R3"'


class _Unnamed(BadRequest):
    """A name that is no one race's: the message says which are near, `expected` what would do."""

    def __init__(self, message: str) -> None:
        super().__init__(message.partition(":")[0], _EXPECTED)
        self.args = (message,)


async def with_ids(store: Store, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event whose races are named by their ids; raises NoSuchRace for a name that is no one race's."""
    found = dict(event)
    if isinstance(text := event.get("raceId"), str):
        try:
            found["raceId"] = await _id(store, text)
        except NoSuchRace as error:
            raise NoSuchRace(f"raceId: {error}") from None
    listed = event.get("raceIds")
    if isinstance(listed, str):
        found["raceIds"] = ",".join(await _ids(store, listed.split(",")))
    elif isinstance(listed, list):
        found["raceIds"] = await _ids(store, listed)
    return found


async def _ids(store: Store, listed: Sequence[Any]) -> list[Any]:
    """Return the ids of several; what names no race is told with its place among them."""
    found = []
    for at, each in enumerate(listed):
        try:
            found.append(await _id(store, each) if isinstance(each, str) else each)
        except NoSuchRace as error:
            raise NoSuchRace(f"raceIds[{at}]: {error}") from None
    return found


async def web_with_ids(store: Store, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Do the same in the query and the JSON body of a raw web event; raises BadRequest naming the field.

    What a webhook carries is signed, and stays as it is.
    """
    if function in EVENT_FUNCTIONS:
        return dict(event)
    http = dict(event["http"])
    try:
        query = dict(parse_qsl(http["queryString"], keep_blank_values=True))
        if (named := await with_ids(store, query)) != query:
            http["queryString"] = urlencode(named)
        body = _body(http)
        if (named := await with_ids(store, body)) != body:
            http |= {"body": base64.b64encode(json.dumps(named).encode()).decode(), "isBase64Encoded": True}
    except NoSuchRace as error:
        raise _Unnamed(str(error)) from None
    return {**event, "http": http}


async def _id(store: Store, text: str) -> str:
    if not text.strip():
        return text
    try:
        return race_id(text, "raceId")
    except BadRequest:
        return await find_race(store, text)


def _body(http: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a JSON body; what is none is the function's to refuse."""
    text = http.get("body") or ""
    try:
        found = json.loads(base64.b64decode(text) if http.get("isBase64Encoded") else text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
