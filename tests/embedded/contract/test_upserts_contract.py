"""How an upsert decides whether a row changes: PHP's loose comparison, where a patch compares exactly."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.embedded.contract.conftest import Place
from tests.embedded.contract.test_transactions_contract import begin, commit, op, stage

PLAIN = {"name": "v", "num": 5, "laps": 1, "best": 1.5, "at": None, "active": True}
# Column, what is stored, what is sent.
EQUAL: list[tuple[str, Any, Any]] = [
    ("laps", None, 0),
    ("laps", 0, None),
    ("active", None, False),
    ("name", None, ""),
    ("name", "1.0", "1.00"),
    ("name", "10", "1e1"),
    ("name", "7", "07"),
    ("name", "7", " 7"),
    ("best", 0.0, None),
]
OTHER: list[tuple[str, Any, Any]] = [
    ("laps", 1, 2),
    ("name", None, "0"),
    ("name", "7", "7a"),
    ("name", "1.0", "1.01"),
    ("active", False, True),
    ("best", 1.5, 1.25),
]


def _put(place: Place, row_id: str, data: dict[str, Any]) -> None:
    place.api("PUT", f"{place.rows()}/{row_id}", {"data": data})


def _bulk(place: Place, row_id: str, data: dict[str, Any]) -> None:
    place.api("PUT", place.rows(), {"rows": [{"$id": row_id, **data}]})


def _staged(place: Place, row_id: str, data: dict[str, Any]) -> None:
    path = begin(place)
    stage(place, path, op(place, "bulkUpsert", data=[{"$id": row_id, **data}]))
    assert commit(place, path).status == 200


def _patch(place: Place, row_id: str, data: dict[str, Any]) -> None:
    place.api("PATCH", f"{place.rows()}/{row_id}", {"data": data})


def _staged_patch(place: Place, row_id: str, data: dict[str, Any]) -> None:
    path = begin(place)
    stage(place, path, op(place, "update", row_id, data))
    assert commit(place, path).status == 200


UPSERTS = [_put, _bulk, _staged]
PATCHES = [_patch, _staged_patch]
Write = Callable[[Place, str, dict[str, Any]], None]


def _stored_after(place: Place, write: Write, column: str, stored: Any, sent: Any) -> Any:
    """Create a row with null where a create would put a default, write over it, and return what is then stored."""
    place.api("POST", place.rows(), {"rowId": "a", "data": PLAIN})
    place.api("PATCH", f"{place.rows()}/a", {"data": {column: stored}})
    write(place, "a", {**PLAIN, column: sent})
    return place.api("GET", f"{place.rows()}/a").body[column]


@pytest.mark.parametrize("write", UPSERTS)
def test_an_upsert_drops_what_only_looks_other(place: Place, write: Write) -> None:
    """Null and 0, null and false, null and an empty text, and texts of one number count as equal: nothing is kept."""
    for column, stored, sent in EQUAL:
        assert _stored_after(place, write, column, stored, sent) == stored, (column, stored, sent)
        place.api("DELETE", f"{place.rows()}/a")


@pytest.mark.parametrize("write", UPSERTS)
def test_an_upsert_keeps_what_is_other(place: Place, write: Write) -> None:
    """What is not loosely equal is kept."""
    for column, stored, sent in OTHER:
        assert _stored_after(place, write, column, stored, sent) == sent, (column, stored, sent)
        place.api("DELETE", f"{place.rows()}/a")


@pytest.mark.parametrize("write", UPSERTS)
def test_one_column_that_differs_carries_the_others(place: Place, write: Write) -> None:
    """Where any column differs, those that only look other are kept too."""
    place.api("POST", place.rows(), {"rowId": "a", "data": {**PLAIN, "laps": None}})
    write(place, "a", {**PLAIN, "laps": 0, "num": 6})
    assert place.api("GET", f"{place.rows()}/a").body["laps"] == 0


@pytest.mark.parametrize("write", UPSERTS)
def test_an_upsert_that_leaves_a_column_out_is_kept(place: Place, write: Write) -> None:
    """A row that is not sent whole counts as changed, whatever its values."""
    place.api("POST", place.rows(), {"rowId": "a", "data": {**PLAIN, "laps": None}})
    write(place, "a", {"num": 5, "laps": 0})
    assert place.api("GET", f"{place.rows()}/a").body["laps"] == 0


@pytest.mark.parametrize("write", PATCHES)
def test_a_patch_compares_exactly(place: Place, write: Write) -> None:
    """A patch, single or staged, keeps a null for a zero and one text of a number for another."""
    for column, stored, sent in EQUAL:
        assert _stored_after(place, write, column, stored, sent) == sent, (column, stored, sent)
        place.api("DELETE", f"{place.rows()}/a")


@pytest.mark.parametrize("write", UPSERTS)
def test_a_new_row_of_nothing_is_not_made(place: Place, write: Write) -> None:
    """An upsert of a new row whose every value counts as null is answered well, and no row is there."""
    write(place, "a", {"num": 0, "name": None, "active": False})
    assert place.api("GET", f"{place.rows()}/a").status == 404
    write(place, "a", {"num": 0, "name": "x"})
    assert place.api("GET", f"{place.rows()}/a").body["num"] == 0
