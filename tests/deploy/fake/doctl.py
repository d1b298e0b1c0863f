"""Stands in for doctl: its commands, exit codes and words, over a platform in memory."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.deploy.fake.deployer import Deployer, Refused
from tests.deploy.fake.host import API, HOST, Answer, FakeHost
from tests.deploy.fake.words import WORDS, api_failure, host_failure, retried

LEGACY_KEY = "madeup-uuid:madeuplegacykey"


class Failure(Exception):
    """A command that ends with 1; the words are printed as text or as JSON."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    returncode: int
    stdout: str = ""
    stderr: str = ""


@dataclass(slots=True)
class FakeDoctl:
    """One installation of doctl: what is installed, logged in and connected."""

    host: FakeHost
    installed: bool = True
    version: str = "1.166.0-release"
    plugin: str = "5.0.22"
    token: bool = True
    key: str = "dof_v1_madeup0001:madeupsecret0001"
    stored_namespace: str = "fn-acc"
    calls: list[list[str]] = field(default_factory=list)

    def __call__(self, words: Sequence[str], env: Mapping[str, str]) -> Finished:
        """Run one command, without the word doctl."""
        self.calls.append(list(words))
        as_json = "json" in words and words[list(words).index("json") - 1] in ("--output", "-o")
        run = _Run(self, [w for w in words if w not in ("--output", "-o", "json")] if as_json else list(words), as_json)
        try:
            return Finished(0, run.answer(env))
        except Failure as failure:
            if as_json:
                return Finished(1, run.printed + _go_json({"errors": [{"detail": str(failure)}]}) + "\n")
            return Finished(1, run.printed, f"Error: {failure}\n")


@dataclass(slots=True)
class _Run:
    """One command under way; `printed` is what was written before it failed."""

    doctl: FakeDoctl
    words: list[str]
    as_json: bool
    printed: str = ""

    def answer(self, env: Mapping[str, str]) -> str:
        """Do what the words ask for; gives stdout, raises Failure."""
        if self.words[0] == "version":
            return f"doctl version {self.doctl.version}\n"
        if self.words[:2] == ["auth", "init"]:
            self.doctl.token = True
            return ""
        if not self.doctl.token:
            raise Failure(WORDS["states"]["no token"])
        command, rest = self.words[1], self.words[2:]
        if command == "deploy":
            return self._deploy(rest, env)
        commands: dict[str, Callable[[list[str]], str]] = {
            "status": self._status, "namespaces": self._namespaces, "connect": self._connect, "key": self._key,
            "functions": self._functions, "triggers": self._triggers, "undeploy": self._undeploy,
            "install": self._install,
        }  # fmt: skip
        return commands[command](rest)

    def _install(self, rest: list[str]) -> str:
        self.doctl.installed = True
        return ""

    def _installed(self) -> None:
        if not self.doctl.installed:
            raise Failure(WORDS["states"]["not installed"])

    def _ready(self, *, connected: bool = True) -> None:
        self._installed()
        if self.doctl.plugin != "5.0.22":
            raise Failure(WORDS["states"]["too old"])
        if connected and not self.doctl.key:
            raise Failure(WORDS["states"]["not connected"])

    def _status(self, rest: list[str]) -> str:
        self._installed()
        if "--version" in rest:
            current = self.doctl.plugin
            return f"{current}\n" if current == "5.0.22" else f"Current: {current}, required: 5.0.22\n"
        self._ready()
        answer = self._ask_host("GET", "/api/v1/namespaces")
        if answer.status != 200 or answer.body != [self.doctl.stored_namespace]:
            # An expired key, a dead host and no connection give the same words.
            raise Failure(WORDS["states"]["not connected"])
        where = f"namespace '{self.doctl.stored_namespace}' on API host '{HOST}'"
        return f"Connected to functions {where}\nServerless software version is {self.doctl.plugin}\n\n"

    def _namespaces(self, rest: list[str]) -> str:
        if rest[0] == "create":
            # The real one's words were not recorded: whoever tells that it was made asks for the list.
            given = dict(zip(rest[1::2], rest[2::2], strict=True))
            self.doctl.host.namespaces += ((self.doctl.host.namespace, given["--label"]),)
            return ""
        rows = self._api("GET", "/v2/functions/namespaces").body
        if self.as_json:
            return _go_json(rows, 2)
        lines = [f"{r['label']:<12}{r['Region']:<10}{r['namespace']:<16}{r['api_host']}" for r in rows]
        return "\n".join([f"{'Label':<12}{'Region':<10}{'Namespace ID':<16}API Host", *lines]) + "\n"

    def _connect(self, rest: list[str]) -> str:
        self._ready(connected=False)
        word, key = rest[0], rest[rest.index("--access-key") + 1] if "--access-key" in rest else ""
        if key and not key.startswith("dof_v1_"):
            form = "expected format: dof_v1_<access_key_id>:<secret>"
            raise Failure(f"access-key must start with 'dof_v1_' prefix ({form})")
        self.printed = "" if key else WORDS["connect_warning"].format(word=word)
        namespace, label = self._matching(word, key)
        if key:
            self._try_key(namespace, key)
        else:
            self._api("GET", f"/v2/functions/namespaces/{namespace}")
        self.doctl.key, self.doctl.stored_namespace = key or LEGACY_KEY, namespace
        return f"{self.printed}Connected to functions namespace '{namespace}' on API host '{HOST}' (label={label})\n\n"

    def _matching(self, word: str, key: str) -> tuple[str, str]:
        rows = self._api("GET", "/v2/functions/namespaces").body
        found = [(r["namespace"], r["label"]) for r in rows if word in r["namespace"] or word in r["label"]]
        if not found:
            self.printed += "" if key else "\n"
            nothing = f"no namespace found matching '{word}'" if key else f"you have no namespaces matching '{word}'"
            raise Failure(nothing)
        if len(found) > 1:
            raise Failure(f"multiple namespaces match '{word}', please be more specific")
        return found[0]

    def _try_key(self, namespace: str, key: str) -> None:
        path = "/api/v1/namespaces"
        answer = self.doctl.host.ask(HOST, "GET", path, key=key)
        if answer.status != 200:
            raise Failure(f"failed to connect with provided access-key: {host_failure(answer, 'GET', path)}")
        if answer.body != [namespace]:
            raise Failure(f"access-key does not match namespace '{namespace}'")

    def _key(self, rest: list[str]) -> str:
        given = dict(zip(rest[1::2], rest[2::2], strict=False))
        if rest[0] == "create" and not given.get("--expiration"):
            raise Failure("expiration duration cannot be empty")
        if "--namespace" not in given:
            self._ready()
        path = f"/v2/functions/namespaces/{given.get('--namespace', self.doctl.stored_namespace)}/keys"
        if rest[0] == "list":
            return _go_json(self._api("GET", path).body, 2)
        lasts = {} if given["--expiration"] == "never" else {"expires_in": given["--expiration"]}
        made = self._api("POST", path, {"name": given["--name"], **lasts}).body
        notice = str(WORDS["key_notice"].format(name=made["name"]))
        if self.as_json:
            return notice + _go_json([made], 2)
        times = [made["created_at"], made.get("expires_at", "")]
        row = [made["id"], made["name"], made["secret"], *(t.replace("T", " ").replace("Z", " UTC") for t in times)]
        return notice + _table(["ID", "Name", "Secret", "Created At", "Expires At"], [row])

    def _deploy(self, rest: list[str], env: Mapping[str, str]) -> str:
        self._ready()
        deployer = Deployer(self.doctl.host, Path(rest[0]), rest[0], env, self.doctl.key)
        try:
            transcript = deployer.run()
        except Refused as refused:
            raise Failure(str(refused)) from None
        if deployer.failures:
            self.printed = transcript
            raise Failure("\n".join(deployer.failures))
        return transcript

    def _functions(self, rest: list[str]) -> str:
        self._ready()
        if rest[0] == "list":
            given = dict(zip(rest[1::2], rest[2::2], strict=False))
            query = f"limit={given.get('--limit', 30)}&skip={given.get('--skip', 0)}"
            rows = self._host("GET", f"/api/v1/namespaces/_/actions?{query}").body
            return _go_json(rows, 2) if self.as_json else "\n".join(r["name"] for r in rows)
        save = rest[rest.index("--save-as") + 1] if "--save-as" in rest else ""
        path = f"/api/v1/namespaces/_/actions/{rest[1]}?code={'true' if save else 'false'}"
        found = self._host("GET", path).body
        if save:
            code = found["exec"]["code"]
            Path(save).write_bytes(base64.b64decode(code) if found["exec"]["binary"] else code.encode())
            return ""
        return _go_json(_shown(found), 2) + "\n"

    def _triggers(self, rest: list[str]) -> str:
        rows = self._api("GET", f"/v2/functions/namespaces/{self.doctl.stored_namespace}/triggers").body
        if self.as_json:
            return _go_json(rows, 2)
        names = ["Name", "Cron Expression", "Invokes", "Enabled", "Last Run At"]
        return _table(
            names,
            [
                [t["name"], t["scheduled_details"]["cron"], t["function"], str(t["is_enabled"]).lower(), "_"]
                for t in rows
            ],
        )

    def _undeploy(self, rest: list[str]) -> str:
        names = [word for word in rest if not word.startswith("--")]
        if not names:
            raise Failure("either command line arguments or `--all` must be specified")
        self._ready()
        errors = []
        for name in names:
            try:
                self._remove_trigger(name) if "--triggers" in rest else self._remove_function(name)
            except Failure as failure:
                errors.append(str(failure))
        if errors:
            raise Failure(f"there were {len(errors)} errors detected, e.g.: {errors[0]}")
        return f"{WORDS['undeployed']}\n"

    def _remove_function(self, name: str) -> None:
        path = f"/v2/functions/namespaces/{self.doctl.stored_namespace}/triggers"
        for trigger in self._api("GET", path).body:
            if trigger["function"] == name:
                self._remove_trigger(trigger["name"])
        self._host("DELETE", f"/api/v1/namespaces/_/actions/{name}")

    def _remove_trigger(self, name: str) -> None:
        self._api("DELETE", f"/v2/functions/namespaces/{self.doctl.stored_namespace}/triggers/{name}")

    def _ask_host(self, method: str, path: str) -> Answer:
        return self.doctl.host.ask(HOST, method, path, key=self.doctl.key)

    def _host(self, method: str, path: str) -> Answer:
        answer = self._ask_host(method, path)
        if not 200 <= answer.status < 300:
            raise Failure(host_failure(answer, method, path))
        return answer

    def _api(self, method: str, path: str, body: Any = None) -> Answer:
        """Ask the API, again where doctl would: five times after a 429, a 5xx and a cut."""
        most = self._attempts()
        for attempt in range(1, most + 1):  # noqa: B007
            answer = self.doctl.host.ask(API, method, path, body)
            if 200 <= answer.status < 300:
                return answer
            if answer.status != 0 and not retried(answer.status):
                break
        raise Failure(api_failure(answer, method, path, attempt))

    def _attempts(self) -> int:
        if "--http-retry-max" in self.words:
            return int(self.words[self.words.index("--http-retry-max") + 1]) + 1
        return int(WORDS["attempts"])


def _shown(entity: dict[str, Any]) -> dict[str, Any]:
    """Leave out what doctl's own types do not have: code, and that a parameter is a variable."""
    kept = {**entity, "exec": {k: v for k, v in entity["exec"].items() if k != "code"}}
    kept["parameters"] = [{"key": p["key"], "value": p["value"]} for p in entity.get("parameters", [])]
    return kept


def _go_json(value: Any, indent: int | None = None) -> str:
    text = json.dumps(value, indent=indent, ensure_ascii=False, separators=None if indent else (",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _table(names: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in [names, *rows]) + 4 for i in range(len(names))]
    lines = ["".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [names, *rows]]
    return "\n".join(line.rstrip() for line in lines) + "\n"
