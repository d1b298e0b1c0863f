"""What is secret is blotted out wherever it stands, and nothing else is."""

import pytest

from ops.packaging.secrets import hidden, scrub

VALUES = {
    "NZTAB_PARTNER_ID": "newcomer", "APPWRITE_API_KEY": "abcdefgh", "RACEDAY_NAMESPACE": "fn-newcomer",
    "RACEDAY_WEB_SECRET": "web-secret-of-it", "OF_ANOTHER": "anything at all",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("namespace 'fn-newcomer' of newcomers", "namespace 'fn-newcomer' of newcomers"),
        ("X-Partner-ID: NEWCOMER, id=newcomer.", "X-Partner-ID: [secret], id=[secret]."),
        ("xabcdefghx ABCDEFGH-1", "x[secret]x [secret]-1"),
        ("web-secret-of-its anything at all", "[secret]s [secret]"),
    ],
    ids=["an id in a name", "an id alone", "a key in a word", "a name that is not ours"],
)
def test_a_secret_is_blotted_out_and_no_name_that_has_its_letters(text: str, told: str) -> None:
    """The feed's short id goes where it stands alone; every other secret goes wherever it stands."""
    assert scrub(text, hidden(VALUES.items())) == told
