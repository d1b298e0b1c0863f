"""Checks of ids, instants and headers that any route may make."""

import re
from collections.abc import Mapping
from typing import Any

from local.embedded.errors import ApiRefusal, argument, invalid
from local.embedded.instants import instant_text

_ROLE = r"any|guests|users(/(un)?verified)?|(user|team|member|label):[A-Za-z0-9][A-Za-z0-9._/-]*"
_RIGHT = re.compile(rf"(read|update|delete|write)\(\"({_ROLE})\"\)")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}")


def check_id(made: Any, name: str = "rowId", *, code: str = "general_argument_invalid") -> str:
    """Refuse an id under which nothing can be made."""
    if not isinstance(made, str) or not _ID.fullmatch(made):
        raise ApiRefusal(
            400,
            code,
            f"Invalid `{name}` param: Parameter must contain at most 36 chars. Valid chars are a-z, A-Z, 0-9, period, "
            "hyphen, and underscore. Can't start with a special char",
        )
    return made


def check_place(asked: str, name: str) -> str:
    """Refuse an id in a path under which nothing can be: the same ids, in other words."""
    if not _ID.fullmatch(asked):
        raise argument(
            f"Invalid `{name}` param: UID must contain at most 36 chars. Valid chars are a-z, A-Z, 0-9, and "
            "underscore. Can't start with a leading underscore"
        )
    return asked


def check_permissions(rights: Any, code: str = "general_argument_invalid") -> list[str] | None:
    """Refuse permissions that are none, such as `read("any")`; `write` stands for update and delete."""
    if rights is None:
        return None
    if not isinstance(rights, list) or not all(isinstance(one, str) and _RIGHT.fullmatch(one) for one in rights):
        raise ApiRefusal(400, code, "Invalid `permissions` param: Permissions must be an array of permission strings.")
    found: list[str] = []
    for one in rights:
        kinds = ("update", "delete") if one.startswith("write(") else (one.partition("(")[0],)
        found += [f"{kind}({one.partition('(')[2]}" for kind in kinds]
    return list(dict.fromkeys(found))


def given_stamp(data: Mapping[str, Any], key: str, stamp: str) -> str:
    """Return the instant that a row's data gives for a system field, `stamp` where it gives none."""
    given = data.get(key)
    if not isinstance(given, str):
        return stamp
    try:
        return instant_text(given)
    except ValueError:
        raise invalid(f'Attribute "{key}" has invalid type.') from None


def check_timestamp(raw: Mapping[str, Any], header: str) -> None:
    """Refuse an update of a row that changed after the instant the caller names."""
    if not header:
        return
    try:
        known = instant_text(header)
    except ValueError:
        raise argument("Invalid X-Appwrite-Timestamp header value") from None
    if raw["_updated"] > known:
        raise ApiRefusal(409, "row_update_conflict", "Remote row is newer than local.")
