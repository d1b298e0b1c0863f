"""Log lines: JSON, bounded, and without any secret."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raceday.errors import SettingsError
from raceday.log import REDACTED, SHORTEST_SECRET, Log
from raceday.settings import read_settings


@pytest.mark.parametrize("secret", ['with"quote', "mit-Umlaut-ä", "back\\slash", "line\nbreak", "tab\there"])
def test_a_secret_that_json_escapes_is_redacted_all_the_same(secret: str) -> None:
    """Quotes, accents and control characters of a secret do not carry it past the log."""
    lines: list[str] = []
    Log(lines.append, secrets=(secret,)).info("e", text=f"key={secret}", deep={"list": [secret, {secret: 1}]})
    told = json.loads(lines[0])
    assert told["text"] == f"key={REDACTED}"
    assert told["deep"] == {"list": [REDACTED, {REDACTED: 1}]}


def test_a_secret_too_short_to_be_one_blots_no_words() -> None:
    """A one-letter value among the secrets leaves innocent words as they are."""
    lines: list[str] = []
    Log(lines.append, secrets=("a",)).info("started", text="a banana")
    assert json.loads(lines[0])["text"] == "a banana"


@pytest.mark.parametrize("secrets", [("abcd", "abcdef12"), ("abcdef12", "abcd")])
def test_a_secret_that_begins_with_another_leaves_no_rest(secrets: tuple[str, ...]) -> None:
    """The longest secret is redacted first, in whichever order they are declared, also of a bound log."""
    lines: list[str] = []
    Log(lines.append, secrets=secrets).bind(n=1).info("e", text="key=abcdef12, abcd")
    assert json.loads(lines[0])["text"] == f"key={REDACTED}, {REDACTED}"


def test_a_key_too_short_to_be_redacted_is_refused() -> None:
    """Settings take no API key under four characters, name it and do not show it; one of four is taken."""
    with pytest.raises(SettingsError) as caught:
        read_settings({"APPWRITE_API_KEY": "qzj"})
    assert "APPWRITE_API_KEY: expected 4 characters or more" in str(caught.value)
    assert "qzj" not in str(caught.value)
    assert read_settings({"APPWRITE_API_KEY": " qzjx "}).secrets() == ("qzjx",)


@given(st.text(min_size=SHORTEST_SECRET), st.text(), st.text())
def test_no_secret_is_ever_in_a_line(secret: str, before: str, after: str) -> None:
    """Whatever stands around it, a line holds no secret, escaped or plain."""
    lines: list[str] = []
    Log(lines.append, secrets=(secret,)).warning("e", text=before + secret + after, error=ValueError(secret))
    told = json.loads(lines[0])
    assert told["text"] == (before + secret + after).replace(secret, REDACTED)
    assert told["error"] == REDACTED
