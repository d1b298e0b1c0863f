"""Appwrite's webhooks at the door."""

import pytest

from raceday.call import Http
from raceday.errors import BadRequest
from raceday.runtime.webhook import MAX_BODY_BYTES, WebhookRefused, check_delivery, read_row, sign, verify
from raceday.settings import Settings

SECRET, URL = "whsec-test-0123456789", "http://127.0.0.1:9777/hook"
SINGLE = (
    b'{"num":44,"gap":2,"$id":"car-44","$permissions":[],"$updatedAt":"2026-11-23T12:46:00.553+00:00",'
    b'"$createdAt":"2026-11-23T12:46:00.536+00:00","team":"\\u00c9quipe\\/X","$sequence":"1","$databaseId":"d",'
    b'"$tableId":"cars"}'
)
BULK = (
    b'{"$id":"car-44","num":44,"team":"\\u00c9quipe\\/X","gap":1.25,"$collection":"database_1_collection_2",'
    b'"$updatedAt":"2026-11-23T12:46:00.536+00:00","$createdAt":"2026-11-23T12:46:00.536+00:00","$permissions":[],'
    b'"$sequence":"1","$databaseId":"d","$tableId":"cars"}'
)
SETTINGS = Settings(store_project="p1", webhook_secret=SECRET, store_database="d")
EVENTS = "databases.d.tables.cars.rows.car-44.create,databases.*.tables.*.rows.*"


def delivery(body: bytes, **headers: str) -> Http:
    """Make a delivery that is signed and of our project unless `headers` say otherwise."""
    given = {
        "x-appwrite-webhook-signature": sign(SECRET, URL, body),
        "x-appwrite-webhook-project-id": "p1",
        "x-appwrite-webhook-events": EVENTS,
        **{key.replace("_", "-"): value for key, value in headers.items()},
    }
    return Http("POST", "/", "", given, body)


@pytest.mark.parametrize(
    ("body", "signature"), [(SINGLE, "qG5HlaRaJL6bmlJMMW+78LET9DM="), (BULK, "681Ps6I6upJMuYC2XCSfDer1uyM=")]
)
def test_observed_signatures_hold(body: bytes, signature: str) -> None:
    """Signatures that a real server made verify; one changed byte, another secret or another URL does not."""
    assert verify(SECRET, URL, body, signature)
    assert not verify(SECRET, URL, body.replace(b"44", b"45", 1), signature)
    assert not verify("whsec-test-0123456780", URL, body, signature)
    assert not verify(SECRET, URL + "/", body, signature)
    assert not verify(SECRET, URL, body, "")
    assert not verify(SECRET, URL, body, "é")


def test_both_forms_of_a_url_with_escapes_hold() -> None:
    """Older servers sign the decoded URL, newer ones the raw one; both are ours."""
    url = "https://example.org/a%20b"
    assert verify(SECRET, url, b"{}", sign(SECRET, "https://example.org/a b", b"{}"))
    assert verify(SECRET, url, b"{}", sign(SECRET, url, b"{}"))


def test_a_large_body_is_refused_before_its_signature_is_looked_at() -> None:
    """A body over the limit answers 413 whatever it is signed with."""
    with pytest.raises(WebhookRefused) as caught:
        check_delivery(delivery(b"x" * (MAX_BODY_BYTES + 1)), SETTINGS, URL)
    assert caught.value.status == 413


@pytest.mark.parametrize(
    "headers",
    [{"x_appwrite_webhook_signature": "AAAA"}, {"x_appwrite_webhook_signature": ""},
     {"x_appwrite_webhook_project_id": "p2"}],
)  # fmt: skip
def test_a_wrong_signature_or_project_is_refused(headers: dict[str, str]) -> None:
    """What is not signed by our Appwrite, or is of another project, answers 401."""
    with pytest.raises(WebhookRefused) as caught:
        check_delivery(delivery(SINGLE, **headers), SETTINGS, URL)
    assert caught.value.status == 401


def test_without_a_secret_nothing_is_let_in() -> None:
    """A function whose secret or URL is not set lets no delivery in, not even one signed with no secret."""
    for settings, url in ((Settings(store_project="p1"), URL), (SETTINGS, "")):
        with pytest.raises(WebhookRefused):
            check_delivery(delivery(SINGLE), settings, url)
    nobodys = delivery(SINGLE, x_appwrite_webhook_signature=sign("", URL, SINGLE))
    with pytest.raises(WebhookRefused):
        check_delivery(nobodys, Settings(store_project="p1"), URL)


@pytest.mark.parametrize(
    "events",
    [
        EVENTS,
        "databases.d.collections.cars.documents.car-44.update",
        "databases.*,databases.d.tables.cars.rows.x.upsert",
    ],
)
def test_rows_are_read_in_both_forms(events: str) -> None:
    """Events of tables and of collections name the same table."""
    table, row = read_row(delivery(SINGLE, x_appwrite_webhook_events=events), "d")
    assert (table, row["num"]) == ("cars", 44)


@pytest.mark.parametrize(
    ("body", "events"),
    [(b"[]", EVENTS), (b"{", EVENTS), (SINGLE, "users.u.create"), (SINGLE, EVENTS.replace(".d.", ".e."))],
)
def test_what_is_no_row_of_ours_is_told(body: bytes, events: str) -> None:
    """A signed delivery that carries no row of our database names what was expected."""
    with pytest.raises(BadRequest):
        read_row(delivery(body, x_appwrite_webhook_events=events), "d")
