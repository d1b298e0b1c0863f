"""How an upsert decides whether a row changes: PHP's loose comparison, where a patch compares exactly."""

import time
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
    ("name", None, ""),
    ("name", "1.0", "1.00"),
    ("name", "10", "1e1"),
    ("name", "7", "07"),
    ("name", "7", " 7"),
    ("best", 0.0, None),
]
# What does not even fit its column is not looked at where it counts as equal.
UNFIT: list[tuple[str, Any, Any]] = [("best", 1.5, "1.5"), ("active", True, "yes"), ("laps", 7, "7")]
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
    for column, stored, sent in EQUAL + UNFIT:
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


@pytest.mark.parametrize("write", UPSERTS)
def test_what_changes_nothing_is_not_even_checked(place: Place, write: Write) -> None:
    """A required column that is null and one that no table has pass where nothing counts as a change."""
    write(place, "a", {"num": None})
    write(place, "a", {"nosuch": None})
    assert place.api("GET", f"{place.rows()}/a").status == 404
    place.api("POST", place.rows(), {"rowId": "a", "data": PLAIN})
    write(place, "a", {**PLAIN, "nosuch": None})
    assert place.api("PUT", f"{place.rows()}/a", {"data": {**PLAIN, "laps": 2, "nosuch": None}}).status == 400


@pytest.mark.parametrize("write", [_put, _bulk])
def test_an_upsert_under_an_id_of_another_case_overwrites_the_row(place: Place, write: Write) -> None:
    """It is taken for a new row, so that columns left out are emptied; the row keeps its own id."""
    place.api("POST", place.rows(), {"rowId": "abc", "data": PLAIN})
    write(place, "ABC", {"num": 6})
    row = place.api("GET", f"{place.rows()}/ABC").body
    assert (row["$id"], row["num"], row["name"], row["active"]) == ("abc", 6, None, False)


def test_doubled_ids_count_where_both_change(place: Place) -> None:
    """Of two rows of one id in a bulk both have to change anything to be refused."""
    place.api("POST", place.rows(), {"rowId": "a", "data": PLAIN})
    same, other = {"$id": "a", **PLAIN}, {"$id": "a", **PLAIN, "num": 9}
    assert place.api("PUT", place.rows(), {"rows": [same, other]}).body["total"] == 1
    assert place.api("PUT", place.rows(), {"rows": [other | {"num": 8}, other | {"num": 7}]}).status == 409


def test_a_null_becomes_the_default(place: Place) -> None:
    """A null written to a column with a default, alone or in an upsert, is stored as that; in a bulk it stays."""
    place.api("POST", place.rows(), {"rowId": "a", "data": PLAIN})
    assert place.api("PATCH", f"{place.rows()}/a", {"data": {"active": None}}).body["active"] is False
    place.api("PATCH", place.rows(), {"data": {"active": None}})
    assert place.api("GET", f"{place.rows()}/a").body["active"] is None
    assert place.api("PUT", f"{place.rows()}/a", {"data": {"num": 6}}).body["active"] is False


def test_a_row_with_a_link_always_changes(place: Place) -> None:
    """A link is compared with the whole row that it points at: an upsert of the same id counts as a change."""
    place.api("POST", place.rows("teams"), {"rowId": "t", "data": {"name": "t"}})
    path, data = f"{place.rows('races')}/r", {"name": "r", "team": "t"}
    before = place.api("PUT", path, {"data": data}).body["$updatedAt"]
    time.sleep(0.01)
    assert place.api("PUT", path, {"data": data}).body["$updatedAt"] > before
