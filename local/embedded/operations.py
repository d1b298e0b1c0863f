"""The form of staged operations, which is looked at before anything they name."""

from typing import Any

from local.embedded.errors import argument

BULK = {"bulkCreate": "create", "bulkUpsert": "upsert", "bulkUpdate": "update", "bulkDelete": "delete"}
ACTIONS = ("create", "update", "upsert", "delete", "increment", "decrement", *BULK)
_STARTS = "Invalid `operations` param: "


def check_operation(op: Any) -> None:
    """Refuse an operation that is none, whatever its tables hold."""
    if not isinstance(op, dict) or op.get("action") not in ACTIONS:
        raise argument(f"{_STARTS}Key 'action' must be one of: {', '.join(ACTIONS)}")
    action = op["action"]
    if bad := next((key for key in ("databaseId", "tableId") if not isinstance(op.get(key), str)), None):
        raise argument(f"{_STARTS}Missing required key: {bad}")
    if "rowId" in op and not (isinstance(op["rowId"], str) and op["rowId"]):
        raise argument(f"{_STARTS}Key 'rowId' must be a text that is not empty")
    if action not in BULK and action != "upsert" and "rowId" not in op:
        raise argument(f"{_STARTS}Key 'rowId' is required for action '{action}'")
    if action != "delete":
        _check_data(action, op.get("data"))


def _check_data(action: str, data: Any) -> None:
    if data is None:
        raise argument(f"{_STARTS}Missing required key: data")
    if action in ("bulkCreate", "bulkUpsert"):
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            raise argument(f"{_STARTS}Key 'data' must be an array of rows")
        return
    if not isinstance(data, dict):
        raise argument(f"{_STARTS}Key 'data' must be an object")
    if action in ("increment", "decrement") and not isinstance(data.get("column"), str):
        raise argument(f"{_STARTS}Key 'column' is required in data for {action}")
    if action in ("bulkUpdate", "bulkDelete") and not isinstance(data.get("queries") or [], list):
        raise argument(f"{_STARTS}Key 'queries' must be an array")
