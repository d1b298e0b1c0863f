"""The platform in memory behind a port: the namespace host and the API, over real sockets."""

import base64
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.deploy.fake.host import API, HOST, Answer, FakeHost
from tests.deploy.fake.words import WORDS, bodiless

TOKEN = "dop_v1_" + "0" * 64
_ENVELOPES = {
    "triggers": ("trigger", "triggers"),
    "keys": ("access_key", "access_keys"),
    "namespaces": ("namespace", "namespaces"),
}


@dataclass(frozen=True, slots=True)
class Served:
    """Where a platform listens, and where nobody does for a host that is told to be unreachable."""

    host: FakeHost
    url: str
    nowhere: str

    def address(self, base: str) -> str:
        """Return the address of the namespace host or of the API."""
        return self.nowhere if base in self.host.unreachable else self.url

    def plain(self, text: str) -> str:
        """Return what a client printed with the addresses that the words of tests have."""
        api = text.replace(f"{self.url}/v2", f"{API}/v2").replace(f"{self.nowhere}/v2", f"{API}/v2")
        return api.replace(self.url, HOST).replace(self.nowhere, HOST)


@contextmanager
def serving(host: FakeHost) -> Iterator[Served]:
    """Serve a platform on a port of loopback while the block runs."""
    with socket.socket() as closed:
        # Bound and never listening: whoever asks there is refused.
        closed.bind(("127.0.0.1", 0))
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        served = Served(host, f"http://127.0.0.1:{server.server_port}", f"http://127.0.0.1:{closed.getsockname()[1]}")
        server.served, server.lock = served, threading.Lock()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Turns one request into a call of the platform; a client may name the API in full, as through a proxy."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def _serve(self) -> None:
        served: Served = self.server.served  # type: ignore[attr-defined]
        text = self.rfile.read(int(self.headers.get("content-length") or 0))
        url = urlsplit(self.path)
        path = unquote(url.path) + (f"?{url.query}" if url.query else "")
        base = API if path.startswith("/v2/") else HOST
        with self.server.lock:  # type: ignore[attr-defined]
            if base == API and self.headers.get("authorization") != f"Bearer {TOKEN}":
                answer = Answer(401)
            else:
                body = json.loads(text) if text else None
                answer = served.host.ask(base, self.command, path, body, key=_key(self.headers.get("authorization")))
        if answer.status <= 0:
            self.close_connection = True
            # Nothing is sent: the client sees its connection end before an answer.
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._send(answer.status, _worded(base, answer, path, served))

    def _send(self, status: int, data: Any) -> None:
        body = b"" if data is None else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _serve


def _key(authorization: str | None) -> str:
    kind, _, value = (authorization or "").partition(" ")
    return base64.b64decode(value).decode() if kind == "Basic" else ""


def _worded(base: str, answer: Answer, path: str, served: Served) -> Any:
    """Return the body as the platform has it: its words for an error, its envelopes, its own address."""
    if answer.status == 204 or bodiless(answer):
        return None
    if answer.status >= 400:
        return _error(base, answer)
    if base == HOST:
        return answer.body
    text = json.dumps(answer.body).replace(HOST, served.address(HOST))
    return _wrapped(path, json.loads(text))


def _error(base: str, answer: Answer) -> dict[str, Any]:
    said = answer.body.get("error") if isinstance(answer.body, dict) else None
    if base == API:
        return {"id": "error", "message": said or WORDS["api"].get(str(answer.status), "unknown")}
    code = answer.body.get("code") if isinstance(answer.body, dict) else None
    return {"error": said or WORDS["host"].get(str(answer.status), "unknown"), "code": code or f"AbC{answer.status}xyz"}


def _wrapped(path: str, data: Any) -> Any:
    """Put what the API gives into the envelope of its kind: one thing, or all of them."""
    one, all_of = next((kind for word, kind in _ENVELOPES.items() if f"/{word}" in path), _ENVELOPES["namespaces"])
    return {all_of: data} if isinstance(data, list) else {one: data}


def _unwrapped(data: Any) -> Any:
    return next(iter(data.values())) if isinstance(data, dict) and len(data) == 1 else data


class SocketHost(FakeHost):
    """The served platform as a client of this process reaches it, through a connection for each call."""

    def __init__(self, served: Served) -> None:
        FakeHost.__init__(self, namespace=served.host.namespace, namespaces=served.host.namespaces)
        self.served: Served = served

    def ask(self, base: str, method: str, path: str, body: Any = None, *, key: str = "dof_v1_") -> Answer:
        """Ask over the socket; a connection that ends is an answer too."""
        address = urlsplit(self.served.address(base))
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        basic = f"Basic {base64.b64encode(key.encode()).decode()}"
        headers = {"authorization": basic if base == HOST else f"Bearer {TOKEN}"}
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        except ConnectionRefusedError:
            return Answer(-1)
        except (OSError, http.client.HTTPException):
            return Answer(0)
        finally:
            connection.close()
        if not text:
            return Answer(answer.status)
        data = json.loads(text.replace(self.served.url, HOST).replace(self.served.nowhere, HOST))
        if base == HOST:
            return Answer(answer.status, data)
        if answer.status < 300:
            return Answer(answer.status, _unwrapped(data))
        return Answer(answer.status, {"error": data["message"]})
