"""The stand-in for doctl: what the real one was seen to answer and leave behind, call by call."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.fake.doctl import FakeDoctl
from tests.deploy.fake.recorded import RECORDED, differences, given_of, needs_exchanges
from tests.deploy.fake.scene import Outcome, make_host, play, play_on
from tests.deploy.fake.serving import SocketHost, serving

TABLE = [
    json.loads(line) for line in Path(__file__).with_name("fake").joinpath("exchanges.jsonl").read_text().splitlines()
]


def differing(row: dict[str, Any], outcome: Outcome) -> list[str]:
    """Return where an exchange ended otherwise than the table says."""
    found = outcome.finished
    wanted = {"rc": row["rc"], "stdout": row.get("stdout", ""), "stderr": row.get("stderr", ""), **row["left"]}
    told = {"rc": found.returncode, "stdout": found.stdout, "stderr": found.stderr}
    told |= {"functions": outcome.functions, "triggers": outcome.triggers}
    return [f"{name}: {told[name]!r} is not {wanted[name]!r}" for name in wanted if told[name] != wanted[name]]


def recorded() -> list[dict[str, Any]]:
    """Return the recorded exchanges, none where they are not here."""
    return [json.loads(line) for line in RECORDED.read_text().splitlines()] if RECORDED.is_file() else []


@pytest.mark.parametrize("row", TABLE, ids=[row["name"] for row in TABLE])
def test_an_exchange_of_the_table_ends_as_written(
    row: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code, words and what is left behind are those of the table."""
    monkeypatch.chdir(tmp_path)
    assert differing(row, play(row["given"], row["words"], tmp_path)) == []


@pytest.mark.parametrize("row", TABLE, ids=[row["name"] for row in TABLE])
def test_an_exchange_over_sockets_ends_in_the_same_way(
    row: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform behind a port, as a real doctl would ask it, answers and keeps what the one in memory does."""
    monkeypatch.chdir(tmp_path)
    with serving(make_host(row["given"])) as served:
        outcome = play_on(served.host, FakeDoctl(SocketHost(served)), row["given"], row["words"], tmp_path)
    assert differing(row, outcome) == []


@needs_exchanges
def test_the_stand_in_answers_as_the_real_one_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each recorded call ends with the same code, words, requests and remains."""
    rows = recorded()
    found = []
    for number, row in enumerate(rows):
        root = tmp_path / str(number)
        root.mkdir()
        monkeypatch.chdir(root)
        outcome = play(given_of(row["condition"], row["command"]), row["command"][1:], root)
        found += [f"{number} {row['condition']}: {text}" for text in differences(row, outcome)]
    assert (len(rows) > 100, found) == (True, [])
