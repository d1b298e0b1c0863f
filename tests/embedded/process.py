"""The embedded server as a process of its own, for tests that need a real socket or a real kill."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Running:
    """A running server: its process, its endpoint with /v1, and its key."""

    process: subprocess.Popen[bytes]
    endpoint: str
    key: str

    def client(self) -> httpx.Client:
        """Return a client with project and key."""
        headers = {"x-appwrite-project": "raceday", "x-appwrite-key": self.key}
        return httpx.Client(base_url=self.endpoint, headers=headers, timeout=30)


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Running]:
    """Serve `folder`/store.db until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    key_file = folder / "key"
    command = [
        sys.executable,
        "-m",
        "local.embedded",
        "--path",
        str(folder / "store.db"),
        "--port",
        str(port),
        *options,
    ]
    process = subprocess.Popen([*command, "--key-file", str(key_file)], cwd=ROOT, env={})
    try:
        endpoint = f"http://127.0.0.1:{port}/v1"
        _wait(process, endpoint)
        yield Running(process, endpoint, key_file.read_text())
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], endpoint: str) -> None:
    for _ in range(600):
        assert process.poll() is None, "the server ended before it answered"
        try:
            if httpx.get(f"{endpoint}/health/version").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the server does not answer")
