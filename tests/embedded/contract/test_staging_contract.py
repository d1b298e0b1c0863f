"""What staging refuses at once, and what a commit makes of rows that are gone by then."""

from typing import Any

import pytest

from tests.embedded.contract.conftest import Place
from tests.embedded.contract.test_transactions_contract import begin, commit, op, stage, total


@pytest.mark.parametrize("action", ["update", "delete", "increment"])
def test_a_missing_row_is_told_at_staging(place: Place, action: str) -> None:
    """To change or delete a row that is not there answers 404 document_not_found at once, and stages nothing."""
    path = begin(place)
    data = {"column": "laps", "value": 1} if action == "increment" else {"num": 1}
    refused = stage(place, path, op(place, "create", "a", {"num": 1}), op(place, action, "nope", data))
    assert (refused.status, refused.kind) == (404, "document_not_found")
    assert commit(place, path).body["operations"] == 0
    assert total(place) == 0


def test_a_row_of_the_same_transaction_is_there(place: Place) -> None:
    """A row that the transaction creates may be changed and deleted in it, by a later request too."""
    path = begin(place)
    assert stage(place, path, op(place, "bulkCreate", data=[{"$id": "a", "num": 1}])).status == 201
    assert stage(place, path, op(place, "update", "a", {"num": 2}), op(place, "delete", "a")).status == 201
    assert commit(place, path).status == 200
    assert total(place) == 0


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"action": "frobnicate"}, "general_argument_invalid"),
        ({"rowId": ""}, "general_argument_invalid"),
        ({"rowId": None}, "general_argument_invalid"),
        ({"tableId": " "}, "general_argument_invalid"),
        ({"action": "increment", "data": {"column": "laps", "value": "x"}}, "general_argument_invalid"),
        ({"action": "bulkUpdate", "data": {"data": {"num": 1}}}, "general_argument_invalid"),
        ({"action": "bulkUpdate", "data": {"queries": []}}, "general_argument_invalid"),
        ({"action": "bulkDelete", "data": {}}, "general_argument_invalid"),
        ({"data": None}, "general_argument_invalid"),
        ({"action": "increment", "data": {"attribute": "laps"}}, "general_argument_invalid"),
        ({"tableId": "nope"}, "collection_not_found"),
    ],
)
def test_an_operation_that_cannot_be_is_refused(place: Place, change: dict[str, Any], kind: str) -> None:
    """The form of an operation is looked at when it is staged, and a table is missing under its former name."""
    path = begin(place)
    assert stage(place, path, {**op(place, "create", "a", {"num": 1}), **change}).kind == kind


def test_a_bulk_names_no_row(place: Place) -> None:
    """A staged bulk with an empty `rowId` answers 400."""
    path = begin(place)
    bulk = op(place, "bulkUpsert", data=[{"$id": "a", "num": 1}])
    assert stage(place, path, {**bulk, "rowId": ""}).status == 400
    assert stage(place, path, bulk).status == 201


def test_nothing_to_stage_and_no_way_to_end_are_refused(place: Place) -> None:
    """No operations, both ends, and none, each answer 400 general_bad_request; the transaction stays open."""
    path = begin(place)
    assert stage(place, path).kind == "general_bad_request"
    for body in ({"commit": True, "rollback": True}, {}):
        assert place.api("PATCH", path, body).kind == "general_bad_request"
    assert commit(place, path).status == 200
    assert stage(place, path, op(place, "create", "a", {"num": 1})).kind == "general_bad_request"


def _gone_before_commit(place: Place, *ops: dict[str, Any]) -> Any:
    place.api("POST", place.rows(), {"rowId": "a", "data": {"num": 1, "laps": 7}})
    path = begin(place)
    assert stage(place, path, *ops, op(place, "create", "b", {"num": 2})).status == 201
    assert place.api("DELETE", f"{place.rows()}/a").status == 204
    return commit(place, path)


def test_an_update_of_a_row_that_is_gone_fails_the_commit(place: Place) -> None:
    """A row deleted between staging and commit answers 404 document_not_found, and nothing is written."""
    answer = _gone_before_commit(place, op(place, "update", "a", {"num": 9}))
    assert (answer.status, answer.kind) == (404, "document_not_found")
    assert total(place) == 0


@pytest.mark.parametrize("action", ["upsert", "bulkUpsert"])
def test_an_upsert_of_a_row_that_is_gone_makes_it_anew(place: Place, action: str) -> None:
    """A row deleted between staging and commit is made anew by an upsert, with its own columns alone."""
    data: Any = {"$id": "a", "num": 9}
    upsert = op(place, "upsert", "a", data) if action == "upsert" else op(place, "bulkUpsert", data=[data])
    assert _gone_before_commit(place, upsert).status == 200
    row = place.api("GET", f"{place.rows()}/a").body
    assert (row["num"], row["laps"]) == (9, None)
    assert total(place) == 2


def test_a_staged_creation_does_not_look_at_its_id(place: Place) -> None:
    """An id that a creation would refuse is stored by a staged one."""
    path = begin(place)
    stage(place, path, op(place, "create", "bad id!", {"num": 1}))
    assert commit(place, path).status == 200
    assert place.api("GET", place.rows()).body["rows"][0]["$id"] == "bad id!"


def test_an_id_in_the_data_of_a_staged_creation_goes_first(place: Place) -> None:
    """The row is made under the id in its data, not under that of the operation."""
    path = begin(place)
    stage(place, path, op(place, "create", "a", {"num": 1, "$id": "b"}))
    commit(place, path)
    assert place.api("GET", f"{place.rows()}/a").status == 404
    assert place.api("GET", f"{place.rows()}/b").status == 200


@pytest.mark.parametrize("action", ["upsert", "bulkUpsert"])
def test_an_upsert_goes_over_what_its_transaction_made(place: Place, action: str) -> None:
    """A row that the transaction created needs no required column in an upsert after it."""
    path = begin(place)
    after = op(place, "upsert", "a", {"laps": 5})
    if action == "bulkUpsert":
        after = op(place, "bulkUpsert", data=[{"$id": "a", "laps": 5}])
    stage(place, path, op(place, "create", "a", {"num": 1}), after)
    assert commit(place, path).status == 200
    row = place.api("GET", f"{place.rows()}/a").body
    assert (row["num"], row["laps"]) == (1, 5)


def test_within_one_request_only_a_creation_shows(place: Place) -> None:
    """A row that an upsert or a bulk of the same request makes is missing to what comes after it."""
    path = begin(place)
    refused = stage(place, path, op(place, "upsert", "a", {"num": 1, "$id": "a"}), op(place, "update", "a", {"num": 2}))
    assert (refused.status, refused.kind) == (404, "document_not_found")
    made = stage(place, path, op(place, "create", "a", {"num": 1}), op(place, "update", "a", {"num": 2}))
    assert made.status == 201


@pytest.mark.parametrize("action", ["delete", "increment"])
def test_a_row_that_is_gone_at_the_commit_is_missing(place: Place, action: str) -> None:
    """Deleted between staging and commit, a row that was to be deleted or changed ends the transaction."""
    place.api("POST", place.rows(), {"rowId": "a", "data": {"num": 1}})
    path = begin(place)
    stage(place, path, op(place, action, "a", {} if action == "delete" else {"column": "num", "value": 1}))
    place.api("DELETE", f"{place.rows()}/a")
    told = commit(place, path)
    assert (told.status, told.kind) == (404, "document_not_found")
    assert place.api("GET", path).body["status"] == "failed"


def test_a_limit_that_is_passed_at_the_commit(place: Place) -> None:
    """An increment beyond its maximum ends the transaction in the former words."""
    place.api("POST", place.rows(), {"rowId": "a", "data": {"num": 4}})
    path = begin(place)
    stage(place, path, op(place, "increment", "a", {"column": "num", "value": 2, "max": 5}))
    told = commit(place, path)
    assert (told.status, told.kind) == (400, "attribute_limit_exceeded")


def test_a_bulk_names_a_transaction_that_is_there(place: Place) -> None:
    """A bulk into an unknown transaction is a bad request, a single row's write names what is missing."""
    many = place.api("PUT", place.rows(), {"rows": [{"$id": "a", "num": 1}], "transactionId": "nope"})
    one = place.api("POST", place.rows(), {"rowId": "a", "data": {"num": 1}, "transactionId": "nope"})
    assert (many.status, many.kind) == (400, "general_bad_request")
    assert (one.status, one.kind) == (404, "transaction_not_found")


def test_a_staged_bulk_tells_how_many_rows_it_has(place: Place) -> None:
    """The rows of a bulk that waits are counted and not shown."""
    name = begin(place).rpartition("/")[2]
    rows = [{"$id": "a", "num": 1}, {"$id": "b", "num": 1}]
    told = place.api("POST", place.rows(), {"rows": rows, "transactionId": name}).body
    assert (told["total"], told["rows"]) == (2, [])
