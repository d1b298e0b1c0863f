"""A platform that answers a PUT with 200 and keeps something else: what is verified is what stands there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ops.packaging.errors import DeployError
from tests.deploy.bench import Bench
from tests.deploy.fake.host import Answer, FakeHost
from tests.deploy.tiny import clause, project_text

SECURED = "raceday/two"
TEXT = project_text(clause("one"), clause("two", "webSecure: '${RACEDAY_WEB_SECRET}'", web="raw"))
SENT = "a-secret-of-sixteen-letters"


def note(entity: dict[str, Any], key: str, value: Any) -> None:
    """Have one annotation of a function say something else."""
    (found,) = [each for each in entity["annotations"] if each["key"] == key]
    found["value"] = value


KEPT: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "open to everybody": (lambda e: note(e, "require-whisk-auth", False), "access there is not web, with secret"),
    "another secret": (lambda e: note(e, "require-whisk-auth", "another"), "not as sent there: RACEDAY_WEB_SECRET"),
    "not raw": (lambda e: note(e, "raw-http", False), "access there is not web, with secret"),
    "no web": (lambda e: note(e, "web-export", False), "access there is not web, with secret"),
    "another Python": (
        lambda e: e["exec"].update(kind="python:3.9"),
        "its runtime there is python:3.9, not python:3.11",
    ),
}


@pytest.mark.parametrize("again", [False, True], ids=["first", "again"])
@pytest.mark.parametrize(("kept", "said"), KEPT.values(), ids=KEPT.keys())
def test_what_did_not_arrive_as_sent_is_undone(
    kept: Callable[[dict[str, Any]], None], said: str, again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Access, secret and runtime are looked at like limits and variables; what stood stands again, no value is told."""
    bench = Bench(tmp_path, ("one", "two"))
    bench.env["RACEDAY_WEB_SECRET"] = SENT
    if again:
        bench.deploy(TEXT)
    old, put, left = bench.there(), FakeHost._action, [1]

    def otherwise(host: FakeHost, method: str, name: str, body: Any) -> Answer:
        if method == "PUT" and name == SECURED and left:
            left.pop()
            kept(body)
        return put(host, method, name, body)

    monkeypatch.setattr(FakeHost, "_action", otherwise)
    with pytest.raises(DeployError) as failed:
        bench.deploy(TEXT.replace("memory: 256", "memory: 512"))
    assert failed.value.problems[0] == f"{SECURED}: {said}"
    assert bench.there() == old
    assert not any(value in str(failed.value) for value in (SENT, "another"))
