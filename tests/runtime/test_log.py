"""Log lines: JSON, bounded, and without any secret."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raceday.log import REDACTED, SHORTEST_SECRET, Log


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


@given(st.text(min_size=SHORTEST_SECRET), st.text(), st.text())
def test_no_secret_is_ever_in_a_line(secret: str, before: str, after: str) -> None:
    """Whatever stands around it, a line holds no secret, escaped or plain."""
    lines: list[str] = []
    Log(lines.append, secrets=(secret,)).warning("e", text=before + secret + after, error=ValueError(secret))
    told = json.loads(lines[0])
    assert told["text"] == (before + secret + after).replace(secret, REDACTED)
    assert told["error"] == REDACTED
