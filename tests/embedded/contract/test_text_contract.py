"""What counts as the same text, what a query may ask, and how values come back. MariaDB's ways, marked as such."""

from typing import Any

import pytest
from appwrite.query import Query

from tests.embedded.contract.conftest import Place
from tests.embedded.contract.test_rows_contract import create


def _ids(place: Place, *queries: str) -> list[str]:
    return [row["$id"] for row in place.api("GET", place.rows(), queries=list(queries)).body["rows"]]


def test_ids_ignore_case(place: Place) -> None:
    """On MariaDB an id in other letters' case is the same id: it conflicts, and finds the row under its own."""
    create(place, "abc", num=1)
    assert create(place, "ABC", num=2).kind == "row_already_exists"
    assert place.api("GET", f"{place.rows()}/ABC").body["$id"] == "abc"
    assert _ids(place, Query.equal("$id", ["AbC"])) == ["abc"]


def test_texts_ignore_case_accents_and_trailing_blanks(place: Place) -> None:
    """On MariaDB `equal` finds texts that differ by case, accents or trailing blanks alone."""
    for row_id, name in (("a", "Été"), ("b", "ete "), ("c", "eter"), ("d", "ETE")):
        create(place, row_id, num=1, name=name)
    assert _ids(place, Query.equal("name", ["ete"])) == ["a", "b", "d"]
    assert _ids(place, Query.not_equal("name", "ÉTÉ")) == ["c"]
    assert _ids(place, Query.starts_with("name", "éT")) == ["a", "b", "c", "d"]
    assert _ids(place, Query.order_asc("name"), Query.limit(4))[-1] == "c"


def test_letters_with_a_stroke_and_joined_ones_are_plain_letters(place: Place) -> None:
    """On MariaDB `equal` takes ø for o, æ for ae and ß for ss."""
    for row_id, name in (("a", "Bjørn"), ("b", "BJORN"), ("c", "Ægir"), ("d", "aegir"), ("e", "Straße")):
        create(place, row_id, num=1, name=name)
    found = [_ids(place, Query.equal("name", [asked])) for asked in ("bjorn", "ÆGIR", "STRASSE")]
    assert found == [["a", "b"], ["c", "d"], ["e"]]


def test_table_and_column_ids_ignore_case(place: Place) -> None:
    """On MariaDB a table or a column whose id differs by case alone is taken."""
    table = {"tableId": "Cars", "name": "cars"}
    assert place.api("POST", f"/tablesdb/{place.db}/tables", table).kind == "table_already_exists"
    column = {"key": "NUM", "required": False}
    made = place.api("POST", f"/tablesdb/{place.db}/tables/cars/columns/integer", column)
    assert made.kind == "column_already_exists"


@pytest.mark.parametrize(("column", "value"), [("num", "5"), ("name", 1), ("active", 1), ("best", "1.5")])
def test_a_query_asks_in_its_columns_type(place: Place, column: str, value: Any) -> None:
    """A number's text asked of a number, and a number asked of a text, answer 400 general_query_invalid."""
    answer = place.api("GET", place.rows(), queries=[Query.equal(column, [value])])
    assert (answer.status, answer.kind) == (400, "general_query_invalid")


def test_of_two_limits_the_first_counts(place: Place) -> None:
    """A second limit is not looked at."""
    for i in range(3):
        create(place, f"r{i}", num=i)
    assert len(_ids(place, Query.limit(1), Query.limit(3))) == 1


def test_a_row_is_asked_for_by_an_id_that_can_be(place: Place) -> None:
    """GET of an id that no row can have answers 400, not 404."""
    for row_id in ("bad%20id", "x" * 40):
        answer = place.api("GET", f"{place.rows()}/{row_id}")
        assert (answer.status, answer.kind) == (400, "general_argument_invalid")


def test_half_a_surrogate_pair_is_no_body(place: Place) -> None:
    """A body with half of a surrogate pair cannot be read, so the row's data is missing."""
    assert create(place, "a", num=1, name="\ud800").kind == "row_missing_data"


def test_a_number_is_read_back_with_fifteen_digits(place: Place) -> None:
    """On MariaDB a float's creation repeats all its digits; a later list has fifteen of them."""
    assert create(place, "a", num=1, best=0.1 + 0.2).body["best"] == 0.30000000000000004
    gone = place.api("DELETE", place.rows(), {"queries": [Query.equal("$id", ["a"])]})
    assert gone.body["rows"][0]["best"] == 0.3


def test_a_created_row_shows_its_link_whole(place: Place) -> None:
    """The answer to a creation has the related row whole, and no relation that was not given."""
    create(place, "t1", "teams", name="Red")
    assert create(place, "r1", "races", name="Cup", team="t1").body["team"]["name"] == "Red"
    assert "team" not in create(place, "r2", "races", name="Cup").body


def test_a_webhook_goes_to_a_public_name(place: Place) -> None:
    """URLs of this machine, of addresses and of names that no register has are refused."""
    body = {"webhookId": "unique()", "name": "n", "events": ["databases.*"]}
    odd = (
        "http://a_b.com/x",
        "http://-a.com/x",
        "https://functions.com/a b",
        " https://functions.com",
        "https://é.com",
    )
    for url in (
        "http://localhost:8080/x",
        "http://10.0.0.1/x",
        "http://intranet/x",
        "ftp://functions.com/x",
        "x",
        *odd,
    ):
        answer = place.api("POST", "/webhooks", {**body, "url": url})
        assert (answer.status, answer.kind) == (400, "general_argument_invalid"), url
    made = place.api("POST", "/webhooks", {**body, "url": "https://functions.com/x"})
    assert made.status == 201
    assert place.api("DELETE", f"/webhooks/{made.body['$id']}").status == 204


def test_the_version_is_for_guests(place: Place) -> None:
    """A project's key may not ask for the version; nobody in particular may."""
    assert place.api("GET", "/health/version").kind == "general_unauthorized_scope"
    answer = place.api("GET", "/health/version", x_appwrite_key=None)
    assert answer.status == 200
    assert answer.body["version"]
