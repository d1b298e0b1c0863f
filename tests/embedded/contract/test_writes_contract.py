"""What is written where little is sent: permissions alone, lists with nulls, ids that are left out."""

from typing import Any

import pytest

from tests.embedded.contract.conftest import Place
from tests.embedded.contract.test_rows_contract import create

COLUMNS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("email", "mail", {}),
    ("url", "page", {}),
    ("ip", "host", {}),
    ("varchar", "tags", {"size": 4, "array": True}),
    ("integer", "marks", {"array": True}),
)


@pytest.fixture
def wide(place: Place) -> Place:
    """Return a place whose `cars` have columns of a format and lists too."""
    for kind, key, more in COLUMNS:
        column = {"key": key, "required": False, **more}
        place.api.make(f"/tablesdb/{place.db}/tables/cars/columns/{kind}", column)
    return place


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"mail": "a@b.co"}, 201),
        ({"mail": "nobody"}, 400),
        ({"mail": ""}, 400),
        ({"page": "https://x.y/z"}, 201),
        ({"page": "x.y"}, 400),
        ({"host": "::1"}, 201),
        ({"host": "1.2.3"}, 400),
        ({"tags": ["a", None]}, 201),
        ({"tags": []}, 201),
        ({"tags": ["abcde"]}, 400),
        ({"tags": "a"}, 400),
        ({"marks": [1, 2]}, 201),
        ({"marks": ["1"]}, 400),
        ({"$nothing": 1}, 400),
    ],
)
def test_formats_and_lists_are_held_to(wide: Place, data: dict[str, Any], status: int) -> None:
    """A format refuses what is none of it, and a list holds nulls and what its column takes."""
    told = wide.api("POST", wide.rows(), {"rowId": "a", "data": {"num": 1, **data}})
    assert (told.status, told.kind) == (status, "" if status == 201 else "row_invalid_structure")


def test_permissions_may_come_alone(place: Place) -> None:
    """A change may bring permissions and no columns; such as are none are refused."""
    create(place, "a", num=1)
    told = place.api("PATCH", f"{place.rows()}/a", {"permissions": ['write("any")']})
    assert told.body["$permissions"] == ['update("any")', 'delete("any")']
    assert place.api("PATCH", f"{place.rows()}/a", {"permissions": ["all"]}).kind == "general_argument_invalid"
    rows = [{"$id": "b", "num": 1, "$permissions": ["all"]}]
    assert place.api("POST", place.rows(), {"rows": rows}).kind == "general_bad_request"


def test_a_bulk_makes_ids_up(place: Place) -> None:
    """A new row of a bulk without an id comes under a random one, and one that is named `unique()` too."""
    rows = [{"num": 1}, {"$id": "unique()", "num": 2}]
    made = place.api("POST", place.rows(), {"rows": rows}).body["rows"]
    assert [len(row["$id"]) for row in made] == [20, 20]


def test_a_bulk_update_looks_at_its_columns_first(place: Place) -> None:
    """Columns are looked at where no row matches, and rows that are so already count as changed."""
    assert place.api("PATCH", place.rows(), {"data": {"zzz": 1}}).kind == "row_invalid_structure"
    assert place.api("PATCH", place.rows(), {}).kind == "row_missing_payload"
    create(place, "a", num=1)
    assert place.api("PATCH", place.rows(), {"data": {"num": 1}}).body["total"] == 1


def test_a_null_grows_to_no_number(place: Place) -> None:
    """The answer to an increment tells the sum, but a column that is null stays so, and whole numbers stay whole."""
    create(place, "a", num=1)
    assert place.api("PATCH", f"{place.rows()}/a/laps/increment", {"value": 2}).body["laps"] == 2
    assert place.api("PATCH", f"{place.rows()}/a/num/increment", {"value": 1.5}).body["num"] == 2.5
    found = place.api("GET", f"{place.rows()}/a").body
    assert (found["laps"], found["num"]) == (None, 3)


def test_a_row_that_is_newer_is_not_deleted(place: Place) -> None:
    """The instant that a caller names holds for its deletion too."""
    create(place, "a", num=1)
    told = place.api("DELETE", f"{place.rows()}/a", x_appwrite_timestamp="2020-01-01T00:00:00Z")
    assert told.kind == "row_update_conflict"
    assert place.api("GET", f"{place.rows()}/a").status == 200


@pytest.mark.parametrize(
    ("kind", "body", "refused"),
    [
        ("integer", {"key": "n"}, "general_argument_invalid"),
        ("integer", {"key": "n", "required": "yes"}, "general_argument_invalid"),
        ("integer", {"key": "n", "required": False, "default": 1.5}, "general_argument_invalid"),
        ("string", {"key": "n", "required": False}, "general_argument_invalid"),
        ("datetime", {"key": "n", "required": False, "default": "nope"}, "general_argument_invalid"),
        ("enum", {"key": "n", "required": False, "elements": ["a"], "default": "b"}, "column_value_invalid"),
        ("float", {"key": "n", "required": False, "min": 2, "max": 1}, "column_value_invalid"),
        (
            "varchar",
            {"key": "n", "required": False, "size": 3, "array": True, "default": "a"},
            "column_default_unsupported",
        ),
    ],
)
def test_a_column_is_asked_for_whole(place: Place, kind: str, body: dict[str, Any], refused: str) -> None:
    """What a new column has to bring is looked at, and of which type, before its default is."""
    told = place.api("POST", f"/tablesdb/{place.db}/tables/cars/columns/{kind}", body)
    assert (told.status, told.kind) == (400, refused)


@pytest.mark.parametrize("asked", [("total", "x"), ("ttl", "-1"), ("ttl", "86401"), ("queries", "x")])
def test_what_a_list_is_asked_for_has_a_type(place: Place, asked: tuple[str, str]) -> None:
    """Flags, seconds and queries of another type answer 400 general_argument_invalid."""
    assert place.api("GET", place.rows(), asked=asked).kind == "general_argument_invalid"


def test_a_path_holds_ids(place: Place) -> None:
    """A database's id that none can have is a bad argument, not a missing database."""
    assert place.api("GET", "/tablesdb/b%20d/tables/cars/rows").kind == "general_argument_invalid"
    assert place.api("POST", f"/tablesdb/{place.db}/tables/cars/columns/nothing", {}).status == 404


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({"commit": "yes"}, "general_argument_invalid"),
        ({"commit": 1}, "general_argument_invalid"),
        ({"commit": False, "rollback": False}, "general_bad_request"),
    ],
)
def test_a_transaction_ends_by_a_plain_yes(place: Place, body: dict[str, Any], refused: str) -> None:
    """What is no boolean ends nothing, and neither do two that say no."""
    path = f"/tablesdb/transactions/{place.api('POST', '/tablesdb/transactions', {'ttl': '60'}).body['$id']}"
    assert place.api("PATCH", path, body).kind == refused
    assert place.api("GET", path).body["status"] == "pending"
    assert place.api("POST", f"{path}/operations", {}).kind == "general_bad_request"
