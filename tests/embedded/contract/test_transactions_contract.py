"""What the suite relies upon of Appwrite's transactions."""

from typing import Any

from tests.embedded.contract.conftest import Place


def begin(place: Place) -> str:
    """Open a transaction and give its path."""
    made = place.api("POST", "/tablesdb/transactions", {"ttl": 60})
    assert (made.status, made.body["status"]) == (201, "pending")
    return f"/tablesdb/transactions/{made.body['$id']}"


def op(place: Place, action: str, row_id: str = "", data: Any = None, table: str = "cars") -> dict[str, Any]:
    """Make one operation; a bulk names no row."""
    named = {"rowId": row_id} if row_id else {}
    carried = {} if data is None else {"data": data}
    return {"action": action, "databaseId": place.db, "tableId": table, **named, **carried}


def stage(place: Place, path: str, *ops: dict[str, Any]) -> Any:
    """Stage operations."""
    return place.api("POST", f"{path}/operations", {"operations": list(ops)})


def commit(place: Place, path: str) -> Any:
    """Commit."""
    return place.api("PATCH", path, {"commit": True})


def total(place: Place, table: str = "cars") -> int:
    """Count a table's rows."""
    return int(place.api("GET", place.rows(table)).body["total"])


def test_nothing_shows_before_the_commit_and_all_after_it(place: Place) -> None:
    """Creates, bulk upserts and updates of several tables take effect together."""
    place.api("POST", place.rows("races"), {"rowId": "r1", "data": {"name": "old"}})
    path = begin(place)
    staged = stage(
        place,
        path,
        op(place, "create", "a", {"num": 1}),
        op(place, "bulkUpsert", data=[{"$id": f"b{i}", "num": i} for i in range(1, 151)]),
        op(place, "update", "r1", {"name": "new"}, "races"),
    )
    assert (staged.status, staged.body["operations"]) == (201, 3)
    assert total(place) == 0
    assert commit(place, path).body["status"] == "committed"
    assert total(place) == 151
    assert place.api("GET", f"{place.rows('races')}/r1").body["name"] == "new"


def test_creating_an_existing_id_conflicts_at_the_commit(place: Place) -> None:
    """Staging an id that exists answers 201; the commit answers 409 transaction_conflict and writes nothing."""
    place.api("POST", place.rows(), {"rowId": "a", "data": {"num": 1}})
    path = begin(place)
    assert stage(place, path, op(place, "create", "b", {"num": 2}), op(place, "create", "a", {"num": 3})).status == 201
    answer = commit(place, path)
    assert (answer.status, answer.kind) == (409, "transaction_conflict")
    assert total(place) == 1
    assert place.api("GET", path).body["status"] == "failed"


def test_of_two_transactions_with_one_new_id_one_wins(place: Place) -> None:
    """The second commit of a new id answers 409 and writes nothing."""
    first, second = begin(place), begin(place)
    for path, num in ((first, 1), (second, 2)):
        stage(place, path, op(place, "create", "a", {"num": num}), op(place, "create", f"x{num}", {"num": num}))
    assert commit(place, first).status == 200
    assert commit(place, second).status == 409
    assert place.api("GET", f"{place.rows()}/a").body["num"] == 1
    assert place.api("GET", f"{place.rows()}/x2").status == 404


def test_a_row_changed_after_staging_conflicts(place: Place) -> None:
    """A touched row that somebody else updates between staging and commit answers 409 transaction_conflict."""
    place.api("POST", place.rows(), {"rowId": "a", "data": {"num": 1}})
    path = begin(place)
    stage(place, path, op(place, "update", "a", {"num": 2}), op(place, "create", "b", {"num": 9}))
    place.api("PATCH", f"{place.rows()}/a", {"data": {"num": 5}})
    assert commit(place, path).kind == "transaction_conflict"
    assert place.api("GET", f"{place.rows()}/b").status == 404


def test_a_row_that_does_not_fit_fails_the_commit(place: Place) -> None:
    """A structure error shows at the commit and nothing is written."""
    path = begin(place)
    stage(place, path, op(place, "create", "a", {"num": 1}), op(place, "create", "b", {"laps": 1}))
    answer = commit(place, path)
    assert (answer.status, answer.kind) == (400, "document_invalid_structure")
    assert total(place) == 0


def test_a_transaction_ends_once(place: Place) -> None:
    """What is committed or rolled back takes neither operations nor another end."""
    path = begin(place)
    assert place.api("PATCH", path, {"rollback": True}).body["status"] == "failed"
    assert commit(place, path).kind == "transaction_not_ready"
    assert stage(place, path, op(place, "create", "a", {"num": 1})).status == 400


def test_a_staged_upsert_needs_its_id_in_the_data(place: Place) -> None:
    """`rowId` of a staged upsert is not looked at; `$id` in the data is."""
    path = begin(place)
    stage(place, path, op(place, "upsert", "a", {"$id": "b", "num": 1}))
    commit(place, path)
    assert place.api("GET", f"{place.rows()}/a").status == 404
    assert place.api("GET", f"{place.rows()}/b").status == 200


def test_an_unknown_transaction_is_missing(place: Place) -> None:
    """A transaction that does not exist answers 404 transaction_not_found."""
    assert place.api("GET", "/tablesdb/transactions/nope").kind == "transaction_not_found"
