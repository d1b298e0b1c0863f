"""What a caller asks the pollers for, checked: race ids, or slots from the scheduler."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from raceday.errors import BadRequest
from raceday.polling.outcome import Order
from raceday.racing.schedule import request_slot

_MODES = ("raceId", "raceIds", "slots")
_KINDS = ("slot", "recheck", "request", "watch")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MOST_SLOTS = 2000


def read_orders(params: Mapping[str, Any], now: datetime, *, most: int) -> list[Order]:
    """Return the orders of one call in slot order, each once; raises BadRequest naming the field.

    Race ids become one order each of kind `request`, its slot `now` floored to 15 s; `most` bounds how many.
    """
    given = [mode for mode in _MODES if params.get(mode) is not None]
    if len(given) != 1:
        raise BadRequest("raceId", "exactly one of raceId, raceIds and slots", ", ".join(given) or "none")
    if given[0] == "slots":
        orders = _slots(params["slots"], params.get("tick"))
    else:
        ids = [race_id(params["raceId"], "raceId")] if given[0] == "raceId" else race_ids(params["raceIds"], most)
        orders = [request(each, now) for each in ids]
    unique = {(order.race_id, order.slot): order for order in orders}
    return sorted(unique.values(), key=lambda order: (order.slot, order.race_id))


def is_empty(value: Any) -> bool:
    """Tell whether `raceIds` is given and names no race, as a caller writes that has none at hand."""
    return value == [] or (isinstance(value, str) and not value.replace(",", "").strip())


def names_races(params: Mapping[str, Any]) -> bool:
    """Tell whether a call names races by `raceIds`."""
    value = params.get("raceIds")
    return value is not None and not is_empty(value)


def request(race: str, now: datetime) -> Order:
    """Make the order for a poll that somebody asked for at `now`."""
    return Order(race, request_slot(now), "request", issued_at=now)


def race_id(value: Any, field: str) -> str:
    """Check one race id; raises BadRequest."""
    if not isinstance(value, str) or not _UUID.fullmatch(value.strip()):
        raise BadRequest(field, "a race id (a UUID of the feed)", value)
    return value.strip().lower()


def race_ids(value: Any, most: int, field: str = "raceIds") -> list[str]:
    """Check a list of race ids, or a text of ids with commas between; repeated ones count once."""
    if isinstance(value, str):
        value = [part for part in value.split(",") if part.strip()]
    if not isinstance(value, list) or not value:
        raise BadRequest(field, "a list of race ids", value)
    ids = list(dict.fromkeys(race_id(each, f"{field}[{i}]") for i, each in enumerate(value)))
    if len(ids) > most:
        raise BadRequest(field, f"at most {most} races", f"{len(ids)} races")
    return ids


def _slots(value: Any, tick: Any) -> list[Order]:
    if not isinstance(value, list) or not value:
        raise BadRequest("slots", "a list of slots", value)
    if len(value) > _MOST_SLOTS:
        raise BadRequest("slots", f"at most {_MOST_SLOTS} slots", f"{len(value)} slots")
    issued = None if tick is None else _instant(tick, "tick")
    return [_slot(each, f"slots[{i}]", issued) for i, each in enumerate(value)]


def _slot(value: Any, field: str, issued: datetime | None) -> Order:
    if not isinstance(value, Mapping):
        raise BadRequest(field, "an object with raceId and slot", value)
    kind = value.get("kind", "slot")
    if kind not in _KINDS:
        raise BadRequest(f"{field}.kind", "slot, recheck, request or watch", kind)
    start = value.get("start")
    return Order(
        race_id(value.get("raceId"), f"{field}.raceId"),
        _instant(value.get("slot"), f"{field}.slot"),
        kind,
        None if start is None else _instant(start, f"{field}.start"),
        issued,
    )


def _instant(value: Any, field: str) -> datetime:
    expected = "an instant with its offset, such as 2026-03-01T02:30:00+00:00"
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise BadRequest(field, expected, value)
    return instant - timedelta(microseconds=instant.microsecond % 1000)
