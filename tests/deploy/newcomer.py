"""A newcomer's machine: a copy of the tree, a doctl that nobody logged in, and servers to deploy to on loopback."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx

from local.embedded import Embedded
from local.feedsim import FeedSim, generate_day
from local.functions import ROOT
from ops.packaging.sources import SOURCES
from raceday.racing.nzday import race_day
from tests.deploy.fake.doctl import FakeDoctl
from tests.deploy.fake.host import HOST, FakeHost
from tests.deploy.fake.script import install, load, save

TREE = ("functions", "shared", "local", "ops", "project.yml", "pyproject.toml", "raceday")
RACING = "/affiliates/v1/racing"
NAMESPACE = "fn-newcomer"
COMMAND = re.compile(r"^ {7}((?:\./raceday|doctl) .+)$", re.MULTILINE)
WHERE = re.compile(r"`<API host>(/api/v1/web/\S+)`")


@dataclass(slots=True)
class Guide:
    """What the page tells to type: commands in order by step, the variables of `.env`, scopes, and the URLs' form."""

    text: str

    def commands(self, step: int) -> list[str]:
        """Return the lines of one numbered step that are to be typed."""
        return COMMAND.findall(self._step(step))

    @property
    def steps(self) -> list[int]:
        """Return the numbers of the steps in order."""
        return [int(number) for number in re.findall(r"^(\d+)\. \*\*", self.text, re.MULTILINE)]

    @property
    def variables(self) -> list[str]:
        """Return the names that `.env` is to have a value for."""
        return re.findall(r"\b[A-Z]+_[A-Z0-9_]+\b", "\n".join(re.findall(r"^ {7}\S.*$", self._step(2), re.MULTILINE)))

    @property
    def scopes(self) -> frozenset[str]:
        """Return the scopes of the two keys of step 1, `x.*` for both ways."""
        told = re.findall(r"`([a-z]+)\.(read|write|\*)`", self._step(1))
        return frozenset(f"{name}.{w}" for name, way in told for w in (("read", "write") if way == "*" else (way,)))

    def url(self, host: str, namespace: str, function: str) -> str:
        """Return a function's public URL by the form that the page gives."""
        found = WHERE.search(self.text)
        assert found is not None, "the page tells no form of the functions' URLs"
        return host + found.group(1).replace("<namespace>", namespace).replace("<function>", function)

    def _step(self, number: int) -> str:
        parts = re.split(r"^(?=\d+\. \*\*)", self.text, flags=re.MULTILINE)
        (found,) = [part for part in parts if part.startswith(f"{number}. ")]
        return found


@dataclass
class Machine:
    """The copy of the tree at `home`, and what stands behind its commands."""

    home: Path
    scopes: frozenset[str]
    said: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in TREE:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self.home / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, self.home / name)
        _borrow_venv(self.home / ".raceday" / "venv", self.home / "local" / "locks" / "dev.txt")
        (self.home / ".raceday" / "cache").symlink_to(SOURCES.cache)
        self.state = self.home / "doctl.pickle"
        host = FakeHost(namespace=NAMESPACE, namespaces=())
        save(self.state, FakeDoctl(host, installed=False, token=False, key="", stored_namespace=""))
        self.path = f"{install(self.home / 'bin')}:/usr/bin:/bin"

    def type(self, line: str) -> str:
        """Run one line in the tree as a shell would; gives what it printed, raises AssertionError where it failed."""
        env = {
            "PATH": self.path,
            "HOME": str(self.home),
            "FAKE_DOCTL_STATE": str(self.state),
            "NZTAB_URL": f"{self.url}{RACING}",
        }
        done = subprocess.run(["sh", "-c", line], cwd=self.home, env=env, capture_output=True, text=True, check=False)
        told = f"{line}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        # A plan ends with 1 where it finds something to make.
        assert done.returncode in ((0, 1) if line.endswith("schema plan") else (0,)), told
        self.said[line] = done.stdout
        return done.stdout

    @property
    def doctl(self) -> FakeDoctl:
        """Return doctl and the platform as they are now."""
        return load(self.state)

    def __enter__(self) -> "Machine":
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()

    def _serve(self, started: threading.Event) -> None:
        """Serve Appwrite, the feed and the namespace's host on one port, each by its path."""
        appwrite = self.appwrite = Embedded(scopes=self.scopes, loopback_hooks=True)
        feed = FeedSim(generate_day(1, race_day(datetime.now(UTC)), 2), compress=False)
        machine = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Print nothing."""

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                url = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                if url.path.startswith("/v1/"):
                    query = parse_qsl(url.query, keep_blank_values=True)
                    found = appwrite.answer(self.command, url.path, query, headers, body)
                    self._send(found.status, dict(found.headers), found.body)
                elif url.path.startswith(RACING):
                    self._send(*feed.respond(url.path, url.query, headers, datetime.now(UTC)))
                elif machine.opens(headers):
                    there = machine.doctl.host.ask(HOST, "GET", f"/api/v1/namespaces/_/actions?{url.query}").body
                    self._send(200, {}, json.dumps(there).encode())
                else:
                    self._send(401, {}, b"[]")

            def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(body))}.items():
                    if name.lower() not in ("content-encoding", "date", "transfer-encoding"):
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        started.set()
        self._server.serve_forever()
        self._server.server_close()
        appwrite.close()

    def opens(self, headers: dict[str, str]) -> bool:
        """Tell whether a call to the namespace's host carries a key that was made for it."""
        made = {key["secret"] for key in self.doctl.host.keys}
        auth = httpx.BasicAuth(*(next(iter(made), ":").split(":", 1)))
        expected = next(auth.auth_flow(httpx.Request("GET", self.url))).headers["authorization"]
        return bool(made) and headers.get("authorization") == expected


def _borrow_venv(folder: Path, lock: Path) -> None:
    """Let the tree have this interpreter's packages, so that its first command installs nothing."""
    folder.mkdir(parents=True)
    for entry in Path(sys.prefix).iterdir():
        (folder / entry.name).symlink_to(entry)
    stamp = folder / ".lock-sum"
    stamp.unlink(missing_ok=True)
    with lock.open("rb") as file:
        stamp.write_bytes(subprocess.run(["cksum"], stdin=file, capture_output=True, check=True, env=os.environ).stdout)
