"""What the suite relies upon of Appwrite's schema routes, former routes, bulk transactions and events of links."""

import json

import pytest

from tests.embedded.contract.conftest import Place
from tests.embedded.contract.test_rows_contract import create, many
from tests.embedded.contract.test_transactions_contract import begin, commit, op, stage, total


def test_the_former_routes_write_and_refuse_in_their_words(place: Place) -> None:
    """Documents are created, patched and refused under the former names of members and error types."""
    path = f"/databases/{place.db}/collections/cars/documents"
    made = place.api("POST", path, {"documentId": "a", "data": {"num": 1}})
    assert (made.status, made.body["$collectionId"]) == (201, "cars")
    assert place.api("PATCH", f"{path}/a", {"data": {"num": 2}}).body["num"] == 2
    assert [d["$id"] for d in place.api("GET", path).body["documents"]] == ["a"]
    assert place.api("POST", path, {"documentId": "a", "data": {"num": 1}}).kind == "document_already_exists"
    assert place.api("GET", f"{path}/nope").kind == "document_not_found"
    assert place.api("GET", f"{place.rows()}/a").body["num"] == 2
    assert place.api("PATCH", f"{path}/a/num/increment", {"value": 2}).body["num"] == 4
    assert place.api("DELETE", f"{path}/a").status == 204


def test_a_related_document_speaks_the_former_words_too(place: Place) -> None:
    """In the 1.7.0 format a race shows its team whole, with `$collectionId` and without `$tableId`."""
    create(place, "t1", "teams", name="Red")
    create(place, "r1", "races", name="Cup", team="t1")
    path = f"/databases/{place.db}/collections/races/documents"
    (race,) = place.api("GET", path, x_appwrite_response_format="1.7.0").body["documents"]
    assert race["team"]["name"] == "Red"
    assert (race["team"]["$collectionId"], race["$collectionId"]) == ("teams", "races")
    assert "$tableId" not in race["team"]


def test_transactions_are_listed(place: Place) -> None:
    """`transactions` beside the databases is the list of them, not a database of that name."""
    begin(place)
    listed = place.api("GET", "/tablesdb/transactions")
    assert listed.status == 200
    assert {"$id", "status", "expiresAt"} <= listed.body["transactions"][0].keys()


def test_a_value_may_say_how_a_number_changes(place: Place) -> None:
    """An increment as a value of a patch adds to what is there."""
    create(place, "a", num=5, laps=3)
    add = json.dumps({"method": "increment", "values": [2]})
    assert place.api("PATCH", f"{place.rows()}/a", {"data": {"laps": add}}).body["laps"] == 5


def test_a_range_is_told_with_its_bounds(place: Place) -> None:
    """A number out of its column's range is refused with the range, a zero at its lower end included."""
    create(place, "a", num=5)
    refused = place.api("PATCH", f"{place.rows()}/a", {"data": {"laps": 1001}})
    assert (refused.kind, refused.body["message"].rpartition("range ")[2]) == (
        "row_invalid_structure",
        "between 0 and 1,000",
    )


def test_a_deleted_row_loosens_links_to_it(place: Place) -> None:
    """With onDelete setNull the rows that point at a deleted row stay, and point nowhere."""
    create(place, "t1", "teams", name="Red")
    create(place, "r1", "races", name="Cup", team="t1")
    assert place.api("DELETE", f"{place.rows('teams')}/t1").status == 204
    assert place.api("GET", f"{place.rows('races')}/r1").body["team"] is None


def test_a_bulk_upsert_of_a_row_changed_meanwhile_conflicts(place: Place) -> None:
    """A staged bulk row that somebody changed before the commit answers 409, and nothing of it is written."""
    create(place, "a", num=1)
    path = begin(place)
    rows = [{"$id": "a", "num": 2}, {"$id": "b", "num": 3}]
    assert stage(place, path, op(place, "bulkUpsert", data=rows)).status == 201
    place.api("PATCH", f"{place.rows()}/a", {"data": {"num": 9}})
    answer = commit(place, path)
    assert (answer.status, answer.kind) == (409, "transaction_conflict")
    assert total(place) == 1


def test_a_row_may_be_created_and_changed_in_one_transaction(place: Place) -> None:
    """Operations see what those before them did."""
    path = begin(place)
    ops = [
        op(place, "create", "a", {"num": 1, "laps": 1}),
        op(place, "update", "a", {"num": 2}),
        op(place, "bulkUpsert", data=[{"$id": "a", "num": 3}]),
        op(place, "increment", "a", {"column": "laps", "value": 4}),
    ]
    stage(place, path, *ops)
    assert commit(place, path).status == 200
    row = place.api("GET", f"{place.rows()}/a").body
    assert (row["num"], row["laps"]) == (3, 5)


def test_a_write_that_names_a_transaction_waits_for_it(place: Place) -> None:
    """PUT and DELETE with a transactionId are staged, answered 201 and 204, and done at the commit."""
    create(place, "a", num=1)
    path = begin(place)
    name = path.rsplit("/", 1)[1]
    put = place.api("PUT", f"{place.rows()}/b", {"data": {"num": 2}, "transactionId": name})
    assert put.status == 201
    assert total(place) == 1
    assert place.api("DELETE", f"{place.rows()}/a", {"transactionId": name}).status == 204
    assert commit(place, path).status == 200
    assert [r["$id"] for r in place.api("GET", place.rows()).body["rows"]] == ["b"]


def test_a_transaction_takes_a_hundred_operations(place: Place) -> None:
    """The 101st operation answers 400 transaction_limit_exceeded."""
    path = begin(place)
    assert stage(place, path, *(op(place, "create", f"r{i}", {"num": i}) for i in range(100))).status == 201
    answer = stage(place, path, op(place, "create", "r100", {"num": 1}))
    assert (answer.status, answer.kind) == (400, "transaction_limit_exceeded")


def test_a_bulk_update_changes_what_matches(place: Place) -> None:
    """Queries in the body say which rows change; a bulk delete without any takes all."""
    many(place, "POST", [{"$id": f"r{i}", "num": i} for i in range(4)])
    queries = ['{"method":"greaterThan","attribute":"num","values":[1]}']
    changed = place.api("PATCH", place.rows(), {"data": {"laps": 7}, "queries": queries})
    assert (changed.status, changed.body["total"]) == (200, 2)
    assert place.api("DELETE", place.rows(), {"queries": []}).body["total"] == 4


@pytest.mark.parametrize(
    ("kind", "body", "error"),
    [
        ("integer", {"key": "num", "required": False}, "column_already_exists"),
        ("integer", {"key": "x", "required": True, "default": 1}, "column_default_unsupported"),
        ("varchar", {"key": "x", "size": 16381, "required": False}, "column_limit_exceeded"),
        ("varchar", {"key": "x", "size": 16383, "required": False}, "general_argument_invalid"),
    ],
)
def test_a_column_that_cannot_be_is_refused(place: Place, kind: str, body: dict[str, object], error: str) -> None:
    """A doubled key, a default beside required, and a row grown too wide each have their type."""
    assert place.api("POST", f"/tablesdb/{place.db}/tables/cars/columns/{kind}", body).kind == error


def test_numbers_that_are_none_are_missing_data(place: Place) -> None:
    """A body with NaN cannot be read, so the row's data is missing."""
    answer = create(place, "a", num=1, best=float("nan"))
    assert (answer.status, answer.kind) == (400, "row_missing_data")


def test_an_increment_of_what_is_no_number_or_not_there(place: Place) -> None:
    """An increment of a text answers 400, one of a missing row speaks of a column."""
    create(place, "a", num=1, name="x")
    assert place.api("PATCH", f"{place.rows()}/a/name/increment", {"value": 1}).kind == "attribute_type_invalid"
    assert place.api("PATCH", f"{place.rows()}/nope/laps/increment", {"value": 1}).kind == "column_not_found"


def test_a_body_over_twelve_mebibytes_is_not_read(place: Place) -> None:
    """A larger body answers 413 with nothing in it."""
    answer = create(place, "a", num=1, name="x" * (12 * 1024 * 1024))
    assert (answer.status, answer.body) == (413, None)


ID_WORDS = "Try again with a different ID or use ID.unique() to generate a unique ID."


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "{rows}", {"rowId": "a", "data": {"num": 1}},
         f"Row with the requested ID 'a' already exists. {ID_WORDS}"),
        ("GET", "{rows}/nope", None, "Row with the requested ID 'nope' could not be found."),
        ("GET", "{tables}/nope", None, "Table with the requested ID 'nope' could not be found."),
        ("POST", "{tables}", {"tableId": "cars", "name": "x"},
         f"A table with the requested ID 'cars' already exists. {ID_WORDS}"),
        ("POST", "{tables}/cars/columns/integer", {"key": "num", "required": False},
         "Column with the requested key 'num' already exists. Column keys must be unique, try again with a different "
         "key."),
        ("POST", "{rows}", {"rowId": "b", "data": {"zz": 1}},
         'Invalid document structure: Missing required attribute "num"'),
        ("POST", "{rows}", {"rowId": "b", "data": {"num": "1", "zz": 1}},
         'Invalid document structure: Unknown attribute: "zz"'),
        ("PUT", "{rows}", {"rows": [{"$id": "b", "num": 1, "laps": "3"}]},
         'Invalid document structure: Attribute "laps" has invalid format. Value must be a valid signed 32-bit integer '
         "between -2,147,483,648 and 2,147,483,647"),
        ("PATCH", "{rows}/a", {}, "The row data and permissions are missing. You must provide either row data or "
         "permissions to be updated."),
        ("PUT", "{rows}", {}, 'Param "rows" is not optional.'),
    ],
)  # fmt: skip
def test_refusals_have_the_servers_own_words(
    place: Place, method: str, path: str, body: dict[str, object] | None, words: str
) -> None:
    """What is missing, taken or does not fit is named in the server's own words, what is missing before the rest."""
    create(place, "a", num=1)
    asked = path.format(rows=place.rows(), tables=f"/tablesdb/{place.db}/tables")
    assert place.api(method, asked, body).body["message"] == words


def test_an_ended_transaction_is_told_as_not_ready(place: Place) -> None:
    """A second commit, an end that is none and an end that is both have words of their own."""
    path = begin(place)
    for body, words in (
        ({}, "Either commit or rollback must be true"),
        ({"commit": True, "rollback": True}, "Cannot commit and rollback at the same time"),
    ):
        assert place.api("PATCH", path, body).body["message"] == words
    commit(place, path)
    again = place.api("PATCH", path, {"commit": True})
    assert again.body["message"] == "The transaction is not ready yet. Please try again later."
