"""The embedded server over a real socket: the stock SDK, foreign hosts, and a process that is killed."""

import json
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from appwrite.client import Client
from appwrite.exception import AppwriteException
from appwrite.query import Query
from appwrite.services.tables_db import TablesDB

from local.embedded import Embedded
from tests.embedded.api import Api
from tests.embedded.process import ROOT, Running, running

DB = "raceday-db"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Running]:
    """Return a running server with the declared tables."""
    with running(tmp_path) as found:
        yield found


def test_the_stock_sdk_talks_to_it(served: Running) -> None:
    """Appwrite's own SDK makes a table, writes, lists and is refused as by a real server."""
    client = Client().set_endpoint(served.endpoint).set_project("raceday").set_key(served.key)
    client.add_header("X-Appwrite-Response-Format", "1.9.6")
    tables = TablesDB(client)
    tables.create(database_id="sdk", name="sdk")
    tables.create_table(database_id="sdk", table_id="cars", name="cars")
    tables.create_varchar_column(database_id="sdk", table_id="cars", key="name", size=40, required=True)
    made = tables.create_row(database_id="sdk", table_id="cars", row_id="a", data={"name": "Équipe/X"})
    assert made.id == "a"
    assert tables.upsert_rows(database_id="sdk", table_id="cars", rows=[{"$id": "b", "name": "y"}]).total == 1
    found = tables.list_rows(database_id="sdk", table_id="cars", queries=[Query.starts_with("name", "Équipe")])
    assert [row.id for row in found.rows] == ["a"]
    with pytest.raises(AppwriteException) as refused:
        tables.create_row(database_id="sdk", table_id="cars", row_id="a", data={"name": "again"})
    assert (refused.value.code, refused.value.type) == (409, "row_already_exists")
    transaction = tables.create_transaction(ttl=60)
    op = {"action": "create", "databaseId": "sdk", "tableId": "cars", "rowId": "c", "data": {"name": "z"}}
    tables.create_operations(transaction_id=transaction.id, operations=[op])
    assert tables.update_transaction(transaction_id=transaction.id, commit=True).status == "committed"
    tables.delete_rows(database_id="sdk", table_id="cars", queries=[Query.equal("$id", ["a"])])
    assert tables.list_rows(database_id="sdk", table_id="cars").total == 2


def test_its_webhooks_are_delivered(tmp_path: Path) -> None:
    """A row that is made in a process of its own reaches the subscribed URL over a socket, signed."""
    with socket.create_server(("127.0.0.1", 0)) as taker, running(tmp_path, "--loopback-webhooks") as found:
        taker.settimeout(20)
        hook = {
            "webhookId": "a",
            "name": "a",
            "url": f"http://127.0.0.1:{taker.getsockname()[1]}/take",
            "events": [f"databases.{DB}.tables.suite-state.rows.*.create"],
        }
        with found.client() as client:
            client.post("/webhooks", json=hook).raise_for_status()
            row = {"rowId": "r", "data": {"kind": "test", "name": "x", "status": "ok", "at": "2026-11-24T00:00:00Z"}}
            client.post(f"/tablesdb/{DB}/tables/suite-state/rows", json=row).raise_for_status()
        connection, _ = taker.accept()
        with connection:
            told = connection.recv(65_536).decode()
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    assert told.startswith("POST /take HTTP/1.1")
    assert "x-appwrite-webhook-signature: " in told.lower()


def test_it_answers_this_machine_only(served: Running) -> None:
    """A request whose Host header names another machine is refused, and one without the key too."""
    url = f"{served.endpoint}/tablesdb"
    assert httpx.get(url, headers={"host": "rebound.example"}).status_code == 421
    assert httpx.get(url, headers={"x-appwrite-project": "raceday"}).status_code == 401
    with served.client() as client:
        assert client.get("/tablesdb").status_code == 200


def test_what_was_committed_survives_a_kill(tmp_path: Path) -> None:
    """After kill -9 committed transactions are whole, staged ones absent, and one under way is all or nothing."""
    with running(tmp_path) as served, served.client() as client:
        rows = f"/tablesdb/{DB}/tables/kept/rows"
        column = {"key": "n", "type": "integer", "required": True}
        table = {"tableId": "kept", "name": "kept", "columns": [column]}
        assert client.post(f"/tablesdb/{DB}/tables", json=table).status_code == 201
        for n in range(20):
            _commit(client, _staged(client, n))
        assert client.post(rows, json={"rowId": "single", "data": {"n": 1}}).status_code == 201
        _staged(client, 50)
        last = _staged(client, 60)
        # The request is sent without waiting for its answer, so the kill falls somewhere in its work.
        with _sent(served, "PATCH", last, b'{"commit":true}'):
            served.process.send_signal(signal.SIGKILL)
        served.process.wait()
    assert stat.S_IMODE((tmp_path / "store.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    server = Embedded(tmp_path / "store.db")
    limit = [Query.limit(5000)]
    found = Api(server)("GET", rows, queries=limit).body["rows"]
    server.close()
    by_n: dict[int, int] = {}
    for row in found:
        by_n[row["n"]] = by_n.get(row["n"], 0) + 1
    assert by_n.pop(1) == 42
    assert by_n.pop(60, 41) == 41
    assert by_n == {n: 41 for n in range(20) if n != 1}


@contextmanager
def _sent(served: Running, method: str, path: str, body: bytes) -> Iterator[None]:
    host, port = served.endpoint.removeprefix("http://").removesuffix("/v1").split(":")
    head = (
        f"{method} /v1{path} HTTP/1.1\r\nhost: {host}:{port}\r\nx-appwrite-project: raceday\r\n"
        f"x-appwrite-key: {served.key}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as wire:
        wire.sendall(head.encode() + body)
        yield


def _staged(client: httpx.Client, n: int) -> str:
    base = {"databaseId": DB, "tableId": "kept"}
    ops = [
        {**base, "action": "create", "rowId": f"one-{n}", "data": {"n": n}},
        {**base, "action": "bulkCreate", "data": [{"$id": f"many-{n}-{i}", "n": n} for i in range(40)]},
    ]
    path = f"/tablesdb/transactions/{client.post('/tablesdb/transactions', json={'ttl': 60}).json()['$id']}"
    assert client.post(f"{path}/operations", json={"operations": ops}).status_code == 201
    return path


def _commit(client: httpx.Client, path: str) -> None:
    answer = client.patch(path, content=json.dumps({"commit": True}))
    assert answer.json()["status"] == "committed"


def test_it_says_where_it_listens_and_ends_at_ctrl_c(tmp_path: Path) -> None:
    """Its address and project stand on one line once it answers there, whatever port it took."""
    command = [sys.executable, "-m", "local.embedded", "--path", str(tmp_path / "s.db")]
    with subprocess.Popen(command, cwd=ROOT, env={}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        try:
            assert words[:2] == ["listening", "on"]
            assert httpx.get(f"{words[2].rstrip(',')}/health/version").status_code == 200
            assert words[3:5] == ["project", "raceday;"]
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """A taken port ends it as wrong usage with the port and what would do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "local.embedded", "--path", str(tmp_path / "s.db"), "--port", port]
        ended = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert f"port {port}: " in ended.stderr
    assert "0 takes any free one" in ended.stderr
