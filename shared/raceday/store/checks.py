"""What is checked of any store: row ids before sending, stored rows against sent ones, the version of its tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from raceday.errors import StoreInvalid, StoreMissing
from raceday.ids import is_id
from raceday.store.port import Store
from raceday.tables import BY_ID, SUITE_STATE
from raceday.tables.base import same
from raceday.tables.suite_state import PLAN, schema_key, schema_trouble

_PAGING = ('{"method":"limit"', '{"method":"cursorAfter"', '{"method":"cursorBefore"', '{"method":"select"')


def check_id(table: str, row_id: object) -> str:
    """Return the id; StoreInvalid for one that no row can have.

    An empty one would turn a row's route into its table's, where DELETE removes every row; a bulk upsert on the
    server takes any text at all.
    """
    if not isinstance(row_id, str) or not is_id(row_id):
        raise StoreInvalid(
            f"{table}: row id: expected 1 to 36 of A-Z a-z 0-9 . _ -, got {str(row_id)[:60]!r}",
            status=400,
            kind="general_argument_invalid",
        )
    return row_id


def check_upsert(table: str, row_id: str, row: Mapping[str, Any]) -> None:
    """Refuse to upsert nothing but nulls, zeros, empty texts and false: Appwrite makes no new row of them, silently."""
    if not any(value for key, value in row.items() if not key.startswith("$")):
        raise StoreInvalid(f"{table}/{row_id}: an upsert of nothing but empty values is not kept", kind="empty_upsert")


def check_queries(table: str, queries: Sequence[str]) -> None:
    """Refuse queries that page or select: `find` makes its own of `limit` and `select`, and one more would be lost."""
    for query in queries:
        if query.startswith(_PAGING):
            raise StoreInvalid(f"{table}: find takes limit and select by name, got {query[:60]}", kind="queries")


def agrees(there: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
    """Tell whether a stored row holds what was sent to it."""
    return all(key.startswith("$") or same(there.get(key), value) for key, value in data.items())


def with_defaults(table: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new row's data with the defaults that take the place of nulls."""
    known = BY_ID.get(table)
    defaults = {c.key: c.default for c in known.columns if c.default is not None} if known else {}
    return {key: defaults.get(key) if value is None else value for key, value in data.items()}


async def unusable(store: Store) -> str:
    """Say why the tables cannot be used, too new, too old or not there, empty where they can; one read."""
    try:
        row = await store.get(SUITE_STATE, schema_key(), select=("status",))
    except StoreMissing as missing:
        return f"the suite's tables are not there ({missing.kind}): {PLAN}"
    return schema_trouble(None if row is None else str(row.get("status") or ""))
