"""The form of staged operations, which is looked at before anything they name."""

from typing import Any

from local.embedded.errors import ApiRefusal, argument

BULK = {"bulkCreate": "create", "bulkUpdate": "update", "bulkUpsert": "upsert", "bulkDelete": "delete"}
ACTIONS = ("create", "update", "upsert", "delete", "increment", "decrement", *BULK)


def _refused(words: str) -> ApiRefusal:
    return argument(f"Invalid `operations` param: Value must a valid array and {words}")


def check_operation(op: Any) -> None:
    """Refuse an operation that is none, whatever its tables hold."""
    if not isinstance(op, dict):
        raise _refused("Value must be an array")
    for key in ("databaseId", "action", "tableId"):
        if key not in op:
            raise _refused(f"Missing required key: {key}")
        if not _is_word(op[key]):
            raise _refused(f"Key '{key}' must be a non-empty string")
    action = op["action"]
    if action not in ACTIONS:
        raise _refused(f"Key 'action' must be one of: {', '.join(ACTIONS)}")
    if action not in BULK and "rowId" not in op:
        raise _refused(f"Key 'rowId' is required for action '{action}'")
    if "rowId" in op and not _is_word(op["rowId"]):
        raise _refused("Key 'rowId' must be a non-empty string")
    if action != "delete" and "data" not in op:
        raise _refused("Missing required key: data")
    if not isinstance(op.get("data", {}), (dict, list)):
        raise _refused("Key 'data' must be an array")
    _check_data(action, op.get("data"))


def _check_data(action: str, data: Any) -> None:
    if action in ("bulkUpdate", "bulkDelete"):
        for key in ("queries", "data") if action == "bulkUpdate" else ("queries",):
            if not isinstance(data, dict) or key not in data:
                raise _refused(f"Key '{key}' is required in data for {action}")
            if not isinstance(data[key], list if key == "queries" else (dict, list)):
                raise _refused(f"Key '{key}' must be an array for {action}")
    elif action in ("increment", "decrement"):
        if not isinstance(data, dict) or "column" not in data:
            raise _refused(f"Key 'column' is required in data for {action}")
        if "value" in data and not _is_numeric(data["value"]):
            raise _refused(f"Key 'value' must be a numeric value for {action}")
    elif action in BULK and not (isinstance(data, list) and all(isinstance(row, dict) for row in data)):
        raise _refused("Key 'data' must be an array")


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _is_numeric(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and value is not None and float(value) == float(value)
    except (TypeError, ValueError):
        return False
