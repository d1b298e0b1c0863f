"""Which queries, rows and indexes the server takes, and which it refuses with what type."""

import json
from typing import Any

import pytest

from tests.embedded.contract.conftest import Place


def query(method: str, attribute: str = "", *values: Any) -> str:
    """Write one query as the SDK does."""
    named = {"attribute": attribute} if attribute else {}
    return json.dumps({"method": method, **named, "values": list(values)})


ONE = {"method": "equal", "attribute": "num", "values": [1]}
REFUSED = [
    query("notEqual", "num", 1, 2),
    query("startsWith", "name", "a", "b"),
    query("greaterThan", "num"),
    query("between", "num", 1),
    query("between", "num", 1, 2, 3),
    query("contains", "num", 1),
    query("notContains", "num", 1),
    query("search", "name", "a"),
    query("equal", "name", None),
    query("equal", "num", 1.0),
    query("equal", "num", "1"),
    query("equal", "laps", 2**31),
    query("equal", "active", 1),
    query("equal", "best", "1.5"),
    query("equal", "at", "yesterday"),
    query("equal", "at", 5),
    query("equal", "$sequence", "x"),
    query("equal", "$permissions", "x"),
    query("frobnicate", "num", 1),
    query("orderAsc"),
    query("orderDesc", "nosuch"),
    query("limit"),
    query("limit", "", 1.5),
    query("limit", "", True),
    query("offset", "", -1),
    query("select"),
    query("select", "", "num", "num"),
    query("select", "", "$nosuch"),
    query("cursorAfter", "", "bad id!"),
    query("cursorAfter"),
    json.dumps({"method": "or", "values": [ONE]}),
    json.dumps({"method": "and", "values": []}),
    json.dumps({"method": "or", "values": [ONE, {"method": "limit", "values": [1]}]}),
    json.dumps({"method": "or", "values": [ONE, {"method": "equal", "attribute": "nosuch", "values": [1]}]}),
    json.dumps({"attribute": "num", "values": [1]}),
    json.dumps({"method": "equal", "attribute": 5, "values": [1]}),
    json.dumps({"method": "equal", "attribute": "num", "values": 1}),
    json.dumps({"method": "regex", "attribute": "name", "values": ["^car"]}),
    "[]",
    "5",
]


@pytest.mark.parametrize("asked", REFUSED)
def test_a_query_that_no_table_answers_is_invalid(place: Place, asked: str) -> None:
    """The number and the types of values, names, nesting and pages are looked at before anything is read."""
    told = place.api("GET", place.rows(), queries=[asked])
    assert (told.status, told.kind) == (400, "general_query_invalid")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ([query("notStartsWith", "name", "car")], "d"),
        ([query("notEndsWith", "name", "b")], "acd"),
        ([query("notContains", "name", "ar", "x")], ""),
        ([query("contains", "name", "RB", "rc")], "bc"),
        ([query("containsAny", "name", "rb", "x")], "bd"),
        ([query("notBetween", "num", 2, 3)], "ad"),
        ([query("endsWith", "name", "B")], "b"),
        ([query("limit", "", "2")], "ab"),
        ([query("limit", "", 1, 3)], "a"),
        ([query("offset", "", "3")], "d"),
        ([query("equal", "$sequence", "2")], "b"),
        ([query("orderDesc", "name"), query("limit", "", 2)], "dc"),
        ([query("cursorAfter", "", "B")], "cd"),
        ([query("cursorBefore", "", "c"), query("cursorAfter", "", "nosuch")], "ab"),
        ([query("equal", "at", "2026-01-02T02:00:00+02:00")], "b"),
    ],
)
def test_queries_find_rows(place: Place, asked: list[str], found: str) -> None:
    """Negative methods, texts of numbers, and cursors of another case, of which the first counts."""
    for i, row_id in enumerate("abcd"):
        data = {"num": i + 1, "name": f"car{row_id}" if row_id != "d" else "x", "at": f"2026-01-0{i + 1}T00:00:00Z"}
        assert place.api("POST", place.rows(), {"rowId": row_id, "data": data}).status == 201
    rows = place.api("GET", place.rows(), queries=asked).body["rows"]
    assert "".join(row["$id"] for row in rows) == found


def test_the_cursors_row_is_looked_for_first(place: Place) -> None:
    """A cursor whose row is not there is told before a query that is wrong, and after one that cannot be read."""
    wrong, gone = query("equal", "nosuch", 1), query("cursorAfter", "", "gone")
    assert place.api("GET", place.rows(), queries=[wrong, gone]).kind == "general_cursor_not_found"
    assert place.api("GET", place.rows(), queries=["nonsense", gone]).kind == "general_query_invalid"


def test_one_row_takes_no_query_but_a_selection(place: Place) -> None:
    """A limit beside the id of a row is refused."""
    place.api("POST", place.rows(), {"rowId": "a", "data": {"num": 1}})
    path = f"{place.rows()}/a"
    assert place.api("GET", path, queries=[query("select", "", "num")]).body["num"] == 1
    assert place.api("GET", path, queries=[query("limit", "", 1)]).kind == "general_query_invalid"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"data": {"num": 1}}, "row_missing_data"),
        ({"rowId": "a"}, "row_missing_data"),
        ({"rowId": "a", "data": []}, "row_missing_data"),
        ({"rowId": "a", "data": [1]}, "row_invalid_structure"),
        ({"rowId": "a", "data": {"num": 1}, "rows": [{"num": 1}]}, "general_bad_request"),
        ({"rowId": "a", "rows": [{"num": 1}]}, "general_bad_request"),
        ({"rows": [{"num": 1}], "permissions": ['read("any")']}, "general_bad_request"),
        ({"rows": "x"}, "general_argument_invalid"),
    ],
)
def test_one_row_or_many_are_created(place: Place, body: dict[str, Any], kind: str) -> None:
    """What goes with one row alone is refused beside many, and one row needs an id."""
    told = place.api("POST", place.rows(), body)
    assert (told.status, told.kind) == (400, kind)


def test_an_empty_list_beside_one_row_does_not_count(place: Place) -> None:
    """One row with an empty list of others is one row."""
    assert place.api("POST", place.rows(), {"rowId": "a", "data": {"num": 1}, "rows": []}).status == 201


@pytest.mark.parametrize(("value", "status"), [(0, 400), (-1, 400), ("2", 200), ("x", 400), (None, 400)])
def test_an_increment_is_positive(place: Place, value: Any, status: int) -> None:
    """A number, or the text of one, above zero is added."""
    place.api("POST", place.rows(), {"rowId": "a", "data": {"num": 1}})
    assert place.api("PATCH", f"{place.rows()}/a/num/increment", {"value": value}).status == status


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"columns": ["nosuch"]}, "column_unknown"),
        ({"columns": []}, "column_index_invalid"),
        ({"columns": ["num", "num"]}, "column_index_invalid"),
        ({"columns": ["$sequence"]}, "general_argument_invalid"),
        ({"columns": ["long"]}, "column_index_invalid"),
        ({"columns": ["num"], "type": "fulltext"}, "column_index_invalid"),
        ({"columns": ["num"], "type": "nosuch"}, "general_argument_invalid"),
        ({"columns": ["num"], "key": "primary"}, "column_index_invalid"),
        ({"columns": ["team"], "table": "races"}, "column_type_invalid"),
    ],
)
def test_an_index_that_cannot_be_is_refused(place: Place, change: dict[str, Any], kind: str) -> None:
    """An index names columns that are there, plain, different and short enough for the database's longest key."""
    place.api.make(f"/tablesdb/{place.db}/tables/cars/columns/varchar", {"key": "long", "size": 769, "required": False})
    table = change.pop("table", "cars")
    told = place.api("POST", f"/tablesdb/{place.db}/tables/{table}/indexes", {"key": "i", "type": "key", **change})
    assert (told.status, told.kind) == (400, kind)


def test_an_index_has_a_key_of_its_own(place: Place) -> None:
    """A second index under one key, whatever its case, is there already; one that is not there is missing."""
    path = f"/tablesdb/{place.db}/tables/cars/indexes"
    told = place.api("POST", path, {"key": "BY_NUM", "type": "key", "columns": ["num"]})
    assert (told.status, told.kind) == (409, "column_index_already_exists")
    gone = place.api("GET", f"{path}/nosuch")
    assert (gone.status, gone.kind) == (404, "column_index_not_found")
