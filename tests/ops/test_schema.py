"""What provisioning makes of a server that is busy, half done, or not as declared."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from ops.fitting import broken, incompatible
from ops.schema import SchemaChange, Server, apply, plan
from raceday.errors import StoreError
from raceday.settings import Settings
from raceday.tables import BY_ID, RACES
from raceday.tables.base import Column

SETTINGS = Settings(store_endpoint="http://store.test/v1", store_project="raceday", store_key="embedded-key")
ADD = SchemaChange("column t.a", path="/tablesdb/db/tables/t/columns/varchar", body={"key": "a"})


def over(handler: Callable[[httpx.Request], httpx.Response]) -> Server:
    """Make the management routes of a scripted server."""
    return Server(SETTINGS, "admin-key", httpx.MockTransport(handler))


def refusal(status: int, kind: str) -> httpx.Response:
    """Return an error as Appwrite words it."""
    return httpx.Response(status, json={"message": "no", "type": kind, "code": status})


@pytest.mark.parametrize("kind", ["column_already_exists", "table_already_exists", "row_already_exists"])
def test_what_is_there_already_counts_as_made(kind: str) -> None:
    """Somebody else's apply at the same time is no failure."""
    assert apply(over(lambda _: refusal(409, kind)), [ADD]) == 1


def test_another_conflict_is_a_failure() -> None:
    """A locked resource answers 409 too, and has not been changed."""
    with pytest.raises(StoreError) as caught:
        apply(over(lambda _: refusal(409, "general_resource_locked")), [ADD])
    assert caught.value.kind == "general_resource_locked"


def test_a_column_that_is_failed_is_told() -> None:
    """A column that the worker gave up stops the apply with the server's reason."""
    answers = [httpx.Response(202, json={}), httpx.Response(200, json={"status": "failed", "error": "row too wide"})]
    change = SchemaChange(ADD.what, path=ADD.path, body=ADD.body, watch="/tablesdb/db/tables/t/columns/a")
    with pytest.raises(StoreError, match="row too wide"):
        apply(over(lambda _: answers.pop(0)), [change])


def stored(status: str, **races: Any) -> Callable[[httpx.Request], httpx.Response]:
    """Answer as a server whose `races` has one column and one index in a state, and that has nothing else."""
    column = {"key": "name", "type": "varchar", "size": 255, "required": True, "status": status, **races}
    index = {"key": "by_startTime", "columns": ["startTime"], "status": status}

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(f"/tables/{RACES}"):
            return httpx.Response(200, json={"columns": [column], "indexes": [index]})
        return refusal(404, "table_not_found")

    return handler


def test_what_is_under_way_is_waited_for() -> None:
    """A column or index that is still processing becomes a change without a request, only waited for."""
    changes = {change.what: change for change in plan(over(stored("processing")))}
    for what in ("column races.name", "index races.by_startTime"):
        assert (changes[what].path, changes[what].refused) == ("", "")
        assert changes[what].watch
    assert "column races.name" not in {change.what for change in plan(over(stored("available")))}


@pytest.mark.parametrize("status", ["failed", "stuck", "deleting"])
def test_what_was_given_up_is_refused(status: str) -> None:
    """A column or index that failed needs a hand, and is not taken for one that is there."""
    refused = {change.what: change.refused for change in plan(over(stored(status))) if change.refused}
    assert refused.keys() == {"column races.name", "index races.by_startTime"}
    assert all(status in reason for reason in refused.values())
    assert broken({"status": "available"}) == ""


@pytest.mark.parametrize(
    ("there", "fits"),
    [
        ({"relatedTable": "meetings", "relationType": "manyToOne"}, True),
        ({"relatedTable": "entrants", "relationType": "manyToOne"}, False),
        ({"relatedTable": "meetings", "relationType": "oneToMany"}, False),
    ],
)
def test_a_relationship_has_to_point_where_it_is_declared(there: dict[str, Any], fits: bool) -> None:
    """A relationship to another table, or of another kind, cannot serve."""
    column: Column = BY_ID[RACES].column("meeting")
    assert (incompatible(column, {"type": "relationship", **there}) == "") is fits


@pytest.mark.parametrize(("allowed", "changes"), [(["svg"], 1), (["svg", "png"], 0), ([], 0)])
def test_a_bucket_of_former_days_learns_to_take_pictures(allowed: list[str], changes: int) -> None:
    """A bucket that takes SVG alone is changed to take PNG too; one that takes any file is left as it is."""

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/storage/buckets/silks"):
            return httpx.Response(200, json={"$id": "silks", "allowedFileExtensions": allowed})
        return refusal(404, "table_not_found")

    found = [change for change in plan(over(handler)) if change.what.startswith("bucket")]
    assert len(found) == changes
    assert all((c.method, c.body["allowedFileExtensions"]) == ("PUT", ["svg", "png"]) for c in found)


@pytest.mark.parametrize(
    ("tape", "there", "told"),
    [
        ("", {}, []),
        ("tape", {}, [("POST", ["gz"], "")]),
        ("tape", {"tape": {"allowedFileExtensions": ["gz"]}}, []),
        ("tape", {"tape": {"allowedFileExtensions": []}}, []),
        ("tape", {"tape": {"allowedFileExtensions": ["zip"]}}, [("PUT", ["zip", "gz"], "")]),
        ("tape", {"tape": {"$permissions": ['read("any")']}}, [("POST", None, "everybody may read")]),
        ("silks", {}, [("POST", None, "everybody may read")]),
    ],
)
def test_the_tapes_bucket_is_made_where_a_setting_names_one(
    tape: str, there: dict[str, Any], told: list[tuple[str, list[str] | None, str]]
) -> None:
    """It takes gzip and is read by the key alone; one that everybody may read is refused."""

    def handler(request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/storage/buckets/")[2]
        if name == "silks":
            return httpx.Response(200, json={"$id": name, "allowedFileExtensions": []})
        return httpx.Response(200, json=there[name]) if name in there else refusal(404, "storage_bucket_not_found")

    server = Server(replace(SETTINGS, tape_bucket=tape), "admin-key", httpx.MockTransport(handler))
    found = [change for change in plan(server) if change.what.startswith("bucket")]
    assert [(c.method, c.body.get("allowedFileExtensions")) for c in found] == [each[:2] for each in told]
    assert all(each[2] in c.refused and bool(each[2]) is bool(c.refused) for c, each in zip(found, told, strict=True))
    assert all(not c.body.get("permissions") for c in found)
