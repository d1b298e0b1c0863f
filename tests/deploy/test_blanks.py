"""A blank at the end of a setting counts nowhere: what reads it as a function does takes it all the way."""

import base64
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from local.cli import main
from ops.environment import key_expired
from raceday.clock import SystemClock
from tests.deploy.fake.script import install, load

SCHEDULER = "master-race-scheduler"
KEY = "dof_v1_id:secret-of-a-key"
MEANT = {
    "RACEDAY_NAMESPACE": "fn-test",
    "RACEDAY_NAMESPACE_KEY": KEY,
    "RACEDAY_PACKAGE": "raceday",
    "APPWRITE_ENDPOINT": "http://127.0.0.1:9/v1",
    "APPWRITE_PROJECT_ID": "project",
    "APPWRITE_API_KEY": "s3cret-value-of-a-key",
    "NZTAB_FROM": "a@x.test",
    "NZTAB_PARTNER": "partner",
    "NZTAB_PARTNER_ID": "partner-id",
}


class _NamespaceHost(BaseHTTPRequestHandler):
    """Knows one namespace and one key, to the letter."""

    def do_GET(self) -> None:
        """Answer with a list, 401 to another key and 404 to another path."""
        known = f"Basic {base64.b64encode(KEY.encode()).decode()}"
        path = self.path == "/api/v1/namespaces/fn-test/actions?limit=1"
        self.send_response(401 if self.headers.get("authorization") != known else 200 if path else 404)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def host() -> Iterator[str]:
    """Serve a namespace host on loopback; gives its address."""
    server = HTTPServer(("127.0.0.1", 0), _NamespaceHost)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="a tree staged for this Python is refused")
def test_a_blank_at_the_end_of_a_setting_keeps_no_deployment(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plan, the question whether the key opens the namespace, and doctl's connection all take what is meant."""
    state = tmp_path / "state.pickle"
    monkeypatch.setenv("PATH", f"{install(tmp_path / 'bin')}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_DOCTL_STATE", str(state))
    for name, value in {**MEANT, "RACEDAY_API_HOST": f"{host}/"}.items():
        monkeypatch.setenv(name, f"{value} ")
    monkeypatch.setenv("RACEDAY_WEB_SECRET", "a-secret-of-sixteen")
    words = ["deploy", "--target", "host", "--only", SCHEDULER, "--out", str(tmp_path / "out")]
    ended = main([*words, "--home", str(tmp_path / "home")])
    shown = capsys.readouterr()
    assert (ended, shown.err) == (0, "")
    assert list(load(state).host.functions) == [f"raceday/{SCHEDULER}"]


def test_an_advice_names_the_namespace_without_its_blank() -> None:
    """A command that is copied would else end at the blank."""
    values = {"RACEDAY_NAMESPACE": "fn-test ", "RACEDAY_NAMESPACE_KEY_EXPIRES": "2026-01-01"}
    assert "--namespace fn-test --expiration" in key_expired(values, SystemClock().now().date())
