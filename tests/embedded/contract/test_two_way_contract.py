"""Relationships that both tables list: made, read, written and deleted from either side.

These rest on reading 1.9.6's source: the recording has no two-way relationship.
"""

import json

import pytest
from appwrite.query import Query

from tests.embedded.contract.conftest import Place


@pytest.fixture
def linked(place: Place) -> Place:
    """Return the place with cars that have a team, which lists them as `downs`."""
    link = {"relatedTableId": "teams", "type": "manyToOne", "twoWay": True, "key": "crew", "twoWayKey": "downs"}
    place.api.make(f"/tablesdb/{place.db}/tables/cars/columns/relationship", link)
    for team in ("t1", "t2"):
        assert place.api("POST", place.rows("teams"), {"rowId": team, "data": {"name": team}}).status == 201
    for num, car in enumerate(("c1", "c2")):
        data = {"num": num + 1, "crew": "t1"}
        assert place.api("POST", place.rows("cars"), {"rowId": car, "data": data}).status == 201
    return place


def _column(place: Place, table: str, key: str) -> dict[str, object]:
    found = place.api("GET", f"/tablesdb/{place.db}/tables/{table}").body["columns"]
    return next((column for column in found if column["key"] == key), {})


def _downs(place: Place, team: str) -> list[str]:
    found = place.api("GET", f"{place.rows('teams')}/{team}", queries=[Query.select(["*", "downs.*"])]).body
    return [row["$id"] for row in found["downs"]]


def test_both_tables_list_a_two_way_relationship(linked: Place) -> None:
    """Each side tells of the other: whose it is, under what key, and the same fate."""
    near, far = _column(linked, "cars", "crew"), _column(linked, "teams", "downs")
    same = ("relationType", "twoWay", "onDelete", "required")
    assert [near[name] for name in same] == [far[name] for name in same] == ["manyToOne", True, "restrict", False]
    assert [near[name] for name in ("relatedTable", "twoWayKey", "side")] == ["teams", "downs", "parent"]
    assert [far[name] for name in ("relatedTable", "twoWayKey", "side")] == ["cars", "crew", "child"]


def test_a_far_key_is_the_tables_id_unless_told(place: Place) -> None:
    """Without `twoWayKey` the related table lists the relationship under the id of the table that has it."""
    link = {"relatedTableId": "teams", "type": "manyToOne", "twoWay": True, "key": "crew"}
    place.api.make(f"/tablesdb/{place.db}/tables/cars/columns/relationship", link)
    assert _column(place, "teams", "cars")["twoWayKey"] == "crew"


def test_a_far_key_that_is_taken_makes_neither_side(place: Place) -> None:
    """Where the related table has a column of the name, 409 is answered and nothing is there."""
    link = {"relatedTableId": "teams", "type": "manyToOne", "twoWay": True, "key": "crew", "twoWayKey": "name"}
    answer = place.api("POST", f"/tablesdb/{place.db}/tables/cars/columns/relationship", link)
    assert (answer.status, answer.kind) == (409, "column_already_exists")
    assert _column(place, "cars", "crew") == {}


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_both_tables_of_a_two_way_relationship_refuse_bulk(linked: Place, method: str) -> None:
    """The related table takes no bulk either."""
    for table, data in (("teams", {"name": "x"}), ("cars", {"num": 1})):
        answer = linked.api(method, linked.rows(table), {"rows": [{"$id": "a", **data}]})
        assert (answer.status, answer.kind) == (400, "general_bad_request")


def test_rows_that_point_at_one_show_where_they_are_selected(linked: Place) -> None:
    """They are shown whole without their link back; a plain read has none, and no query looks through that side."""
    assert "downs" not in linked.api("GET", f"{linked.rows('teams')}/t1").body
    found = linked.api("GET", linked.rows("teams"), queries=[Query.select(["*", "downs.*"])]).body["rows"]
    assert [[(row["$id"], row["num"], "crew" in row) for row in team["downs"]] for team in found] == [
        [("c1", 1, False), ("c2", 2, False)], []]  # fmt: skip
    assert linked.api("GET", linked.rows("teams"), queries=[Query.equal("downs", ["c1"])]).status == 400
    query = json.dumps({"method": "equal", "attribute": "crew", "values": ["t1"]})
    assert linked.api("GET", linked.rows("cars"), queries=[query]).body["total"] == 2


def test_a_former_format_shows_both_sides_whole(linked: Place) -> None:
    """In 1.7.0 a row shows the rows that point at it, and those show what they point at without the way back."""
    base = f"/databases/{linked.db}/collections"
    team = linked.api("GET", f"{base}/teams/documents/t1", x_appwrite_response_format="1.7.0").body
    assert [(row["$id"], row["$collectionId"]) for row in team["downs"]] == [("c1", "cars"), ("c2", "cars")]
    car = linked.api("GET", f"{base}/cars/documents/c1", x_appwrite_response_format="1.7.0").body
    assert (car["crew"]["$id"], "downs" in car["crew"]) == ("t1", False)


def test_the_far_side_points_rows_at_itself(linked: Place) -> None:
    """A list of ids given to it is what points at it from then on, from a patch, an upsert and a new row."""
    team = linked.rows("teams")
    assert linked.api("PATCH", f"{team}/t2", {"data": {"downs": ["c2"]}}).status == 200
    assert (_downs(linked, "t1"), _downs(linked, "t2")) == (["c1"], ["c2"])
    assert linked.api("PUT", f"{team}/t1", {"data": {"name": "t1", "downs": []}}).status == 200
    assert (_downs(linked, "t1"), _downs(linked, "t2")) == ([], ["c2"])
    assert linked.api("POST", team, {"rowId": "t3", "data": {"name": "x", "downs": ["c1", "c2"]}}).status == 201
    assert _downs(linked, "t3") == ["c1", "c2"]
    assert linked.api("PATCH", f"{team}/t1", {"data": {"downs": "c1"}}).kind == "relationship_value_invalid"


def test_a_row_that_is_pointed_at_stays(linked: Place) -> None:
    """Under `restrict` its deletion is refused, those that point at it may go."""
    assert linked.api("DELETE", f"{linked.rows('teams')}/t1").status == 403
    assert linked.api("DELETE", f"{linked.rows('cars')}/c1").status == 204
    fate = f"/tablesdb/{linked.db}/tables/teams/columns/downs/relationship"
    assert linked.api("PATCH", fate, {"onDelete": "setNull"}).status == 200
    assert _column(linked, "cars", "crew")["onDelete"] == "setNull"
    assert linked.api("DELETE", f"{linked.rows('teams')}/t1").status == 204
    assert linked.api("GET", f"{linked.rows('cars')}/c2").body["crew"] is None


@pytest.mark.parametrize("side", ["cars/columns/crew", "teams/columns/downs", "teams"])
def test_one_side_takes_the_other_with_it(linked: Place, side: str) -> None:
    """Deleted from either side, or with the related table, a relationship is gone from both; rows stay."""
    assert linked.api("DELETE", f"/tablesdb/{linked.db}/tables/{side}").status == 204
    assert (_column(linked, "cars", "crew"), linked.api("GET", linked.rows("cars")).body["total"]) == ({}, 2)
    if side != "teams":
        assert _column(linked, "teams", "downs") == {}
        answer = linked.api("PUT", linked.rows("teams"), {"rows": [{"$id": "t9", "name": "x"}]})
        assert answer.status == 200
