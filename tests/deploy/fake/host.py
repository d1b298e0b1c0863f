"""A functions platform in memory: the namespace host and the API, as far as doctl and its deployer ask them."""

import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

T = TypeVar("T")
CUT, LOST = "cut", "lost"
HOST, API = "https://faas.example", "https://api.example"
PYTHONS = ("3.9", "3.11", "3.12", "3.13")


@dataclass(slots=True)
class Fault:
    """What happens to calls that match: a status, `cut` before it takes effect, or `lost` after it did.

    `after` calls are served before it begins, and it ends after `times` calls; 0 is never.
    """

    method: str
    path: str
    answer: int | str
    after: int = 0
    times: int = 0
    seen: int = 0
    said: str | None = None

    def strikes(self, method: str, path: str) -> bool:
        """Count a call that matches, and tell whether it is struck."""
        if self.method not in ("*", method) or re.search(self.path, path) is None:
            return False
        self.seen += 1
        return self.seen > self.after and (not self.times or self.seen <= self.after + self.times)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; status 0 is a connection that was cut, -1 one that was refused."""

    status: int
    body: Any = None

    @property
    def reason(self) -> str:
        """Return the status with its words."""
        return f"{self.status} {phrase(self.status)}"


def phrase(status: int) -> str:
    """Return the words of a status as the real tools have them: Python's changed with 3.13."""
    told = {413: "Payload Too Large", 422: "Unprocessable Entity"}
    return told.get(status) or HTTPStatus(status).phrase


@dataclass(slots=True)
class FakeHost:
    """One namespace with its functions and triggers, and everything that was asked of it."""

    namespace: str = "fn-acc"
    namespaces: tuple[tuple[str, str], ...] = (("fn-acc", "raceday"), ("fn-two", "racetest"))
    functions: dict[str, dict[str, Any]] = field(default_factory=dict)
    triggers: dict[str, dict[str, Any]] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    keys: list[dict[str, Any]] = field(default_factory=list)
    refused_keys: set[str] = field(default_factory=set)
    trigger_limit: int = 0
    duplicate_trigger: int = 409
    unreachable: frozenset[str] = frozenset()
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    most_schedulers: int = 0

    def ask(self, base: str, method: str, path: str, body: Any = None, *, key: str = "dof_v1_") -> Answer:
        """Serve one call, or let a fault have it; the namespace host takes access keys alone."""
        if base in self.unreachable:
            return Answer(-1)
        if base == HOST and path != "/api/v1" and (not key.startswith("dof_v1_") or key in self.refused_keys):
            self.asked.append(f"{method} {path} 401")
            return Answer(401)
        struck = [fault for fault in self.faults if fault.strikes(method, path)]
        answer = Answer(0)
        if not struck or struck[0].answer == LOST:
            answer = self._serve(method, path, body)
        elif isinstance(struck[0].answer, int):
            answer = Answer(struck[0].answer, {"error": struck[0].said})
        if struck and struck[0].answer == LOST:
            answer = Answer(0)
        self.asked.append(f"{method} {path} {answer.status or 'cut'}")
        return answer

    def _serve(self, method: str, path: str, body: Any) -> Answer:
        path, _, query = path.partition("?")
        if path == "/api/v1":
            kinds = [{"kind": f"python:{version}", "default": version == "3.9"} for version in PYTHONS]
            return Answer(200, {"runtimes": {"python": kinds}})
        if path == "/api/v1/namespaces":
            return Answer(200, [self.namespace])
        if found := re.fullmatch(r"/api/v1/namespaces/_/packages/([^/]+)", path):
            return self._package(method, found.group(1))
        if path == "/api/v1/namespaces/_/actions":
            return self._list(query)
        if found := re.fullmatch(r"/api/v1/namespaces/_/actions/(.+)", path):
            return self._action(method, found.group(1), body)
        return self._api(method, path, body)

    def _package(self, method: str, name: str) -> Answer:
        if method == "GET":
            return Answer(200 if name in self.packages else 404, {})
        self.packages.add(name)
        return Answer(200, {})

    def _list(self, query: str) -> Answer:
        asked = dict(part.split("=") for part in query.split("&"))
        limit, skip = int(asked["limit"]), int(asked.get("skip", 0))
        if limit > 200:
            return Answer(400, {})
        rows = [_without_code(entity, listed=True) for entity in self.functions.values()]
        return Answer(200, rows[skip : skip + limit])

    def _action(self, method: str, name: str, body: Any) -> Answer:
        if method == "PUT":
            before = self.functions.get(name)
            version = int(before["version"].rpartition(".")[2]) + 1 if before else 1
            package, _, short = name.partition("/")
            self.functions[name] = {
                "namespace": f"{self.namespace}/{package}", "name": short, "version": f"0.0.{version}", **body,
                "publish": False,
            }  # fmt: skip
            return Answer(200, self.functions[name])
        if name not in self.functions:
            return Answer(404, {"error": "The requested resource does not exist.", "code": "x"})
        if method == "DELETE":
            return Answer(200, self.functions.pop(name))
        return Answer(200, copied(self.functions[name]))

    def _api(self, method: str, path: str, body: Any) -> Answer:
        rest = path.removeprefix("/v2/functions/namespaces").split("/")[1:]
        if not rest:
            rows = [
                {
                    "namespace": namespace, "api_host": HOST, "uuid": f"madeup-uuid{'' if i == 1 else i}",
                    "key": "madeuplegacykey", "label": label, "Region": "syd1",
                }
                for i, (namespace, label) in enumerate(self.namespaces, 1)
            ]  # fmt: skip
            return Answer(200, rows)
        if len(rest) == 1:
            return Answer(200, {"namespace": rest[0]})
        if rest[1] == "keys":
            return self._keys(method, body)
        return self._trigger(method, rest[2] if len(rest) > 2 else "", body)

    def _keys(self, method: str, body: Any) -> Answer:
        if method == "GET":
            return Answer(200, [{k: v for k, v in key.items() if k != "secret"} for key in self.keys])
        number = f"madeup{len(self.keys) + 1:04d}"
        key = {"id": number, "name": body["name"], "created_at": "2026-11-27T00:00:00Z"}
        # A key that never expires is asked for by leaving the member out.
        if "expires_in" in body:
            key["expires_at"] = "2027-02-25T00:00:00Z"
        self.keys.append({**key, "secret": f"dof_v1_{number}:madeupsecret0001"})
        return Answer(200, self.keys[-1])

    def _trigger(self, method: str, name: str, body: Any) -> Answer:
        if method == "GET":
            return Answer(200, list(self.triggers.values()))
        if method == "DELETE":
            return Answer(204) if self.triggers.pop(name, None) else Answer(404, {"error": "trigger not found"})
        name = body["name"]
        if name in self.triggers and self.duplicate_trigger:
            return Answer(self.duplicate_trigger, {})
        if self.trigger_limit and len(self.triggers) >= self.trigger_limit and name not in self.triggers:
            return Answer(422, {"error": "maximum number of triggers reached"})
        self.triggers[name] = {
            "namespace": self.namespace, "function": body["function"], "type": "SCHEDULED", "name": name,
            "is_enabled": body.get("is_enabled", True), "created_at": "2026-11-27T00:00:00Z",
            "updated_at": "2026-11-27T00:00:00Z", "scheduled_details": body["scheduled_details"],
            "scheduled_runs": {"next_run_at": "2026-11-27T17:00:00Z"},
        }  # fmt: skip
        self.most_schedulers = max(self.most_schedulers, len(self.started_each_minute()))
        return Answer(200, self.triggers[name])

    def started_each_minute(self) -> list[str]:
        """Return the triggers that start a function called master-race-scheduler, switched off ones left out."""
        rows = self.triggers.items()
        return [n for n, t in rows if t["function"].endswith("master-race-scheduler") and t["is_enabled"]]

    @contextmanager
    def struck(self, *faults: Fault) -> Iterator[None]:
        """Let faults strike while the block runs."""
        self.faults = list(faults)
        try:
            yield
        finally:
            self.faults = []


def copied(value: T) -> T:
    """Copy plain data, a good deal faster than by `copy`."""
    made: T = pickle.loads(pickle.dumps(value))
    return made


def _without_code(entity: dict[str, Any], *, listed: bool = False) -> dict[str, Any]:
    kept = copied(entity)
    if listed:
        kept["exec"] = {"binary": kept["exec"]["binary"]}
        kept.pop("parameters", None)
    else:
        kept["exec"].pop("code", None)
    return kept
