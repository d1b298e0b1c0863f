"""What the suite relies upon of Appwrite's rows."""

from typing import Any

import pytest
from appwrite.query import Query

from tests.embedded.api import real_is_named
from tests.embedded.contract.conftest import Place


def test_the_contract_was_held_against_a_real_appwrite(place: Place) -> None:
    """Every test here runs unchanged on a real Appwrite that the environment names."""
    if not real_is_named():
        pytest.skip("no real Appwrite is named in APPWRITE_ENDPOINT, APPWRITE_PROJECT_ID and APPWRITE_API_KEY")
    assert place.api("GET", f"/tablesdb/{place.db}").status == 200


def create(place: Place, row_id: str, table: str = "cars", **data: Any) -> Any:
    """Create one row and give its answer."""
    return place.api("POST", place.rows(table), {"rowId": row_id, "data": data})


def many(place: Place, method: str, rows: list[dict[str, Any]]) -> Any:
    """Create or upsert rows in bulk."""
    return place.api(method, place.rows(), {"rows": rows})


def test_a_created_row_comes_back_whole(place: Place) -> None:
    """Absent optional columns are null or their default, the sequence is a text, instants are UTC milliseconds."""
    answer = create(place, "a", num=7, best=7.0, at="2026-11-23T10:00:00.123456+02:00")
    assert answer.status == 201
    row = answer.body
    assert (row["$id"], row["num"], row["best"], row["laps"], row["active"]) == ("a", 7, 7, None, False)
    assert row["at"] == "2026-11-23T08:00:00.123+00:00"
    assert isinstance(row["$sequence"], str)
    assert row["$tableId"] == "cars"


def test_an_existing_id_conflicts(place: Place) -> None:
    """Creating an id twice answers 409 row_already_exists."""
    create(place, "a", num=1)
    answer = create(place, "a", num=2)
    assert (answer.status, answer.kind) == (409, "row_already_exists")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"name": "x"}, 'Missing required attribute "num"'),
        ({"num": 1, "zzz": 1}, 'Unknown attribute: "zzz"'),
        ({"num": 1, "laps": 2000}, 'Attribute "laps" has invalid format'),
        ({"num": 1, "laps": "3"}, 'Attribute "laps" has invalid format'),
        ({"num": 1, "best": "fast"}, "Value must be a valid float"),
        ({"num": 1, "at": "no instant"}, 'Attribute "at" has invalid type'),
        ({"num": 1, "name": "x" * 65}, "no longer than 64 chars"),
    ],
)
def test_a_row_that_does_not_fit_is_refused(place: Place, data: dict[str, Any], says: str) -> None:
    """A row that does not fit its table answers 400 row_invalid_structure and names the column."""
    answer = create(place, "a", **data)
    assert (answer.status, answer.kind) == (400, "row_invalid_structure")
    assert says in answer.body["message"]


@pytest.mark.parametrize("row_id", ["bad id!", "-a", "_a", "", "x" * 37])
def test_ids_are_checked_at_creation(place: Place, row_id: str) -> None:
    """An id has 1 to 36 characters of letters, digits, period, hyphen and underscore, and begins with no sign."""
    assert create(place, row_id, num=1).status == 400


def test_upsert_needs_required_columns_and_keeps_the_rest(place: Place) -> None:
    """An upsert of an existing row needs every required column; columns left out keep their value."""
    create(place, "a", num=1, name="old", laps=3)
    refused = place.api("PUT", f"{place.rows()}/a", {"data": {"name": "new"}})
    assert (refused.status, refused.kind) == (400, "row_invalid_structure")
    done = place.api("PUT", f"{place.rows()}/a", {"data": {"num": 2, "name": None}})
    assert done.status == 200
    assert (done.body["num"], done.body["name"], done.body["laps"]) == (2, None, 3)
    assert place.api("PUT", f"{place.rows()}/new", {"data": {"num": 5}}).status == 200


def test_patch_with_equal_values_leaves_the_time(place: Place) -> None:
    """A patch that changes nothing does not move $updatedAt."""
    before = create(place, "a", num=1).body["$updatedAt"]
    assert place.api("PATCH", f"{place.rows()}/a", {"data": {"num": 1}}).body["$updatedAt"] == before


def test_a_patch_is_refused_when_the_row_is_newer(place: Place) -> None:
    """X-Appwrite-Timestamp before the row's last change answers 409 row_update_conflict."""
    create(place, "a", num=1)
    old = place.api(
        "PATCH", f"{place.rows()}/a", {"data": {"num": 2}}, x_appwrite_timestamp="2020-01-01T00:00:00.000+00:00"
    )
    assert (old.status, old.kind) == (409, "row_update_conflict")
    new = place.api(
        "PATCH", f"{place.rows()}/a", {"data": {"num": 2}}, x_appwrite_timestamp="2099-01-01T00:00:00.000+00:00"
    )
    assert new.status == 200


def test_missing_things_have_their_own_types(place: Place) -> None:
    """Row, table and database each answer 404 with a type that names what is missing."""
    assert place.api("GET", f"{place.rows()}/nope").kind == "row_not_found"
    assert place.api("GET", f"/tablesdb/{place.db}/tables/nope/rows").kind == "table_not_found"
    assert place.api("GET", "/tablesdb/nope/tables/cars/rows").kind == "database_not_found"
    assert place.api("PATCH", f"{place.rows()}/nope", {"data": {"num": 1}}).kind == "row_not_found"


def test_deleting_answers_without_a_body(place: Place) -> None:
    """A deleted row answers 204, a second time 404."""
    create(place, "a", num=1)
    gone = place.api("DELETE", f"{place.rows()}/a")
    assert (gone.status, gone.body) == (204, None)
    assert place.api("DELETE", f"{place.rows()}/a").status == 404


def test_bulk_is_all_or_nothing(place: Place) -> None:
    """One bad row of a bulk keeps every row out."""
    assert many(place, "POST", [{"$id": "a", "num": 1}, {"$id": "b"}]).status == 400
    assert place.api("GET", place.rows()).body["total"] == 0
    create(place, "b", num=1)
    clash = many(place, "POST", [{"$id": "a", "num": 1}, {"$id": "b", "num": 1}])
    assert (clash.status, clash.kind) == (409, "row_already_exists")
    assert place.api("GET", place.rows()).body["total"] == 1


def test_bulk_takes_a_hundred_rows(place: Place) -> None:
    """101 rows of one bulk answer 400 general_argument_invalid."""
    rows = [{"$id": f"r{i}", "num": i} for i in range(101)]
    assert many(place, "POST", rows).kind == "general_argument_invalid"
    assert many(place, "POST", rows[:100]).status == 201


def test_bulk_upsert_skips_rows_that_are_the_same_in_every_column(place: Place) -> None:
    """Only a row sent with all its columns equal counts as unchanged; one column left out makes it a change."""
    whole = {"$id": "a", "num": 1, "name": None, "laps": None, "best": None, "at": None, "active": False}
    assert many(place, "PUT", [whole]).body["total"] == 1
    assert many(place, "PUT", [whole]).body == {"total": 0, "rows": []}
    assert many(place, "PUT", [{"$id": "a", "num": 1}]).body["total"] == 1
    assert many(place, "PUT", [{"$id": "b", "num": 1}, {"$id": "b", "num": 2}]).status == 409


def test_lists_give_25_rows_unless_told(place: Place) -> None:
    """The default page has 25 rows; a limit, an order and a cursor give the rest."""
    many(place, "POST", [{"$id": f"r{i:02}", "num": i} for i in range(40)])
    first = place.api("GET", place.rows()).body
    assert (first["total"], len(first["rows"])) == (40, 25)
    found = place.api("GET", place.rows(), queries=[Query.order_desc("num"), Query.limit(3)]).body["rows"]
    assert [row["num"] for row in found] == [39, 38, 37]
    after = [Query.order_desc("num"), Query.limit(3), Query.cursor_after("r37")]
    assert [row["num"] for row in place.api("GET", place.rows(), queries=after).body["rows"]] == [36, 35, 34]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        (Query.equal("num", [1, 3]), "bd"),
        (Query.not_equal("num", 1), "acd"),
        (Query.between("num", 1, 2), "bc"),
        (Query.greater_than("num", 2), "d"),
        (Query.less_than_equal("num", 1), "ab"),
        (Query.is_null("name"), "ab"),
        (Query.is_not_null("name"), "cd"),
        (Query.starts_with("name", "car"), "cd"),
        (Query.equal("$id", ["a", "d"]), "ad"),
        (Query.or_queries([Query.equal("num", [0]), Query.equal("num", [3])]), "ad"),
        (Query.greater_than_equal("at", "2026-01-02T00:00:00Z"), "cd"),
    ],
)
def test_queries_select_rows(place: Place, query: str, ids: str) -> None:
    """Every kind of query that the suite makes selects the rows that it says."""
    rows: list[dict[str, Any]] = [{"$id": c, "num": i} for i, c in enumerate("abcd")]
    rows[2] |= {"name": "car 2", "at": "2026-01-02T00:00:00Z"}
    rows[3] |= {"name": "car 3", "at": "2026-01-03T00:00:00Z"}
    many(place, "POST", rows)
    found = place.api("GET", place.rows(), queries=[query, Query.order_asc("num")]).body["rows"]
    assert "".join(row["$id"] for row in found) == ids


def test_select_keeps_the_system_fields(place: Place) -> None:
    """A selection has the columns asked for and every $ field."""
    create(place, "a", num=1, name="x")
    (row,) = place.api("GET", place.rows(), queries=[Query.select(["num"])]).body["rows"]
    assert row["num"] == 1
    assert "name" not in row
    assert {"$id", "$sequence", "$createdAt", "$updatedAt"} <= row.keys()


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        (Query.equal("zzz", [1]), "general_query_invalid"),
        (Query.limit(0), "general_query_invalid"),
        ("nonsense", "general_query_invalid"),
        (Query.cursor_after("nope"), "general_cursor_not_found"),
        (Query.equal("num", list(range(501))), "general_query_invalid"),
    ],
)
def test_bad_queries_are_refused(place: Place, query: str, kind: str) -> None:
    """A query that cannot be answered says so by its type."""
    answer = place.api("GET", place.rows(), queries=[query])
    assert (answer.status, answer.kind) == (400, kind)


def test_deleting_by_queries_of_the_body(place: Place) -> None:
    """Rows that match the body's queries go; the answer counts them."""
    many(place, "POST", [{"$id": f"r{i}", "num": i} for i in range(5)])
    gone = place.api("DELETE", place.rows(), {"queries": [Query.less_than("num", 3)]})
    assert (gone.status, gone.body["total"]) == (200, 3)
    assert place.api("GET", place.rows()).body["total"] == 2


def test_increments_keep_to_their_limit(place: Place) -> None:
    """An increment adds, and one over `max` is refused."""
    create(place, "a", num=1, laps=4)
    path = f"{place.rows()}/a/laps/increment"
    assert place.api("PATCH", path, {"value": 1, "max": 5}).body["laps"] == 5
    assert place.api("PATCH", path, {"value": 1, "max": 5}).status == 400


def test_a_wrong_key_is_unauthorized(place: Place) -> None:
    """A key that is not the project's answers 401 user_unauthorized."""
    answer = place.api("GET", place.rows(), x_appwrite_key="wrong")
    assert answer.status == 401


def test_an_unknown_route_is_a_page(place: Place) -> None:
    """A route that does not exist answers 404 with HTML, not JSON."""
    answer = place.api("GET", "/nope/nope")
    assert answer.status == 404
    assert "html" in answer.headers["content-type"]


def test_a_table_with_a_relationship_refuses_bulk(place: Place) -> None:
    """Bulk operations answer 400 general_bad_request where a column is a relationship."""
    answer = place.api("POST", place.rows("races"), {"rows": [{"$id": "a", "name": "x"}]})
    assert (answer.status, answer.kind) == (400, "general_bad_request")


def test_relationships_are_ids_unless_asked_for(place: Place) -> None:
    """A related row shows as its id, and whole where `key.*` is selected or in the 1.7.0 format's documents."""
    create(place, "t1", "teams", name="Red")
    create(place, "r1", "races", name="Cup", team="t1")
    assert place.api("GET", f"{place.rows('races')}/r1").body["team"] == "t1"
    found = place.api("GET", place.rows("races"), queries=[Query.select(["*", "team.*"])]).body["rows"]
    assert found[0]["team"]["name"] == "Red"
    assert place.api("GET", place.rows("races"), queries=[Query.equal("team", ["t1"])]).body["total"] == 1
    assert place.api("GET", place.rows("races"), queries=[Query.select(["team"])]).status == 400
    legacy = place.api("GET", f"/databases/{place.db}/collections/races/documents", x_appwrite_response_format="1.7.0")
    assert legacy.body["documents"][0]["team"]["name"] == "Red"
