"""The deployer behind `doctl serverless deploy`: what it refuses, asks, and prints."""

import base64
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.fake.host import API, HOST, PYTHONS, Answer, FakeHost, phrase
from tests.deploy.fake.words import WORDS, host_error

_ACTIONS = "/api/v1/namespaces/_/actions"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_KEYS = {
    "packages": {"packages", "parameters", "environment", "targetNamespace"},
    "functions": {
        "name", "file", "runtime", "main", "docker", "binary", "remoteBuild", "localBuild", "sequence", "web",
        "webSecure", "environment", "annotations", "parameters", "limits", "triggers",
    },
}  # fmt: skip
_CRON = re.compile(r"^[\d*/,-]+( [\d*/,-]+){4}$")
_RUNTIMES = {f"python:{version}" for version in (*PYTHONS, "default")}


class Refused(Exception):
    """The whole deployment is refused before anything was asked."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads scalars as the deployer's parser does: YAML 1.2, where a digit string with one `e` is a number."""


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), None)
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), None)
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?\d+$"), None)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$"), None
)
_Loader.add_constructor("tag:yaml.org,2002:float", lambda _, node: float(str(node.value)))


@dataclass(slots=True)
class Deployer:
    """One run of the deployer over a folder."""

    host: FakeHost
    folder: Path
    shown: str
    env: Mapping[str, str]
    key: str
    functions: list[str] = field(default_factory=list)
    triggers: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def run(self) -> str:
        """Deploy; give the transcript, raises Refused with the one error that stops everything."""
        if not self.folder.is_dir():
            raise Refused(f"ENOENT: no such file or directory, lstat '{self.shown}'")
        project = self._project()
        for package in project["packages"]:
            self._package(package)
        return self._transcript()

    def _reach(self) -> None:
        if self._ask("GET", "/api/v1").status < 0:
            raise Refused(_invalid(f"http request failed: GET {HOST}/api/v1"))

    def _project(self) -> dict[str, Any]:
        file = self.folder / "project.yml"
        if not file.exists():
            # Without a project.yml everything is deployed, open to all.
            self._log_in()
            packages = sorted(p for p in (self.folder / "packages").iterdir() if p.is_dir())
            return {"packages": [{"name": p.name, "functions": _found(p)} for p in packages]}
        text = file.read_text("utf-8")
        data = self._parsed(self._substituted(text))
        self._reach()
        self._refuse_unresolved(text)
        if problem := _problem(data):
            raise Refused(_invalid(problem))
        if "targetNamespace" in data and data["targetNamespace"] != self.host.namespace:
            raise Refused(f"No credentials found for namespace '{data['targetNamespace']}' on any API host")
        self._log_in()
        return data

    def _log_in(self) -> None:
        answer = self._ask("GET", "/api/v1/namespaces")
        if answer.status != 200:
            words = f'--> "{host_error(answer)}"' if answer.status > 0 else "--> socket hang up"
            told = phrase(answer.status) if answer.status > 0 else ""
            raise Refused(f"GET {HOST}/api/v1/namespaces Returned HTTP {answer.status} ({told}) {words}")

    def _substituted(self, text: str) -> str:
        return _VARIABLE.sub(lambda found: self.env.get(found.group(1), "").replace("\n", "\\n"), text)

    def _refuse_unresolved(self, text: str) -> None:
        missing = [name for name in _VARIABLE.findall(text) if not self.env.get(name)]
        if missing:
            names = ", ".join(f"'{name}'" for name in missing)
            raise Refused(f"The following substitutions could not be resolved: {names}")

    def _parsed(self, text: str) -> dict[str, Any]:
        if "\t" in text:
            raise Refused(_invalid("YAML configuration may not contain tabs"))
        try:
            data = yaml.load(text, _Loader)
        except yaml.YAMLError as error:
            raise Refused(_invalid(str(error))) from None
        if not isinstance(data, dict):
            raise Refused(_invalid("configuration is empty or unparseable"))
        return data

    def _package(self, package: dict[str, Any]) -> None:
        path = f"/api/v1/namespaces/_/packages/{package['name']}"
        self._ask("GET", path)
        answer = self._ask("PUT", f"{path}?overwrite=true", {})
        refused = [] if answer.status == 200 else [f"While deploying package '{package['name']}': {_put_error(answer)}"]
        functions = sorted(package.get("functions") or [], key=lambda f: str(f["name"]))
        done = [f for f in functions if self._function(package["name"], f)]
        self.failures = sorted(refused + self.failures)
        for function in done:
            for trigger in function.get("triggers") or []:
                self._trigger(f"{package['name']}/{function['name']}", trigger)

    def _function(self, package: str, function: dict[str, Any]) -> bool:
        name = f"{package}/{function['name']}"
        folder = self.folder / "packages" / package / function["name"]
        if not folder.is_dir():
            what = "Action is named in the config but does not exist in the project"
            self.failures.append(f"While deploying action '{name}': {what}")
            return False
        self._ask("GET", f"{_ACTIONS}/{name}?code=false")
        answer = self._ask("PUT", f"{_ACTIONS}/{name}?overwrite=true", self._entity(function, folder))
        if answer.status != 200:
            self.failures.append(f"While deploying action '{name}': {_put_error(answer)}")
            return False
        self.functions.append(name)
        return True

    def _entity(self, function: dict[str, Any], folder: Path) -> dict[str, Any]:
        code, binary = _code(folder)
        web, secure = function.get("web", True), function.get("webSecure", False)
        own = {
            "deployer": {"digest": "d", "projectPath": self.shown, "user": "USER", "zipped": binary},
            "final": True, "web-export": web is not False, "raw-http": web == "raw", "require-whisk-auth": secure,
            "provide-api-key": False, "exec": function.get("runtime", "python:default"),
        }  # fmt: skip
        notes = {**(function.get("annotations") or {}), **own}
        limits = {"timeout": 3000, "memory": 256, "logs": 16, **(function.get("limits") or {}), "concurrency": 1}
        return {
            "exec": {"kind": own["exec"], "main": function.get("main", ""), "binary": binary, "code": code},
            "annotations": [{"key": key, "value": value} for key, value in notes.items()],
            "parameters": [
                {"key": k, "value": v, "init": True} for k, v in (function.get("environment") or {}).items()
            ],
            "limits": limits,
        }

    def _trigger(self, function: str, trigger: dict[str, Any]) -> None:
        path = f"/v2/functions/namespaces/{self.host.namespace}/triggers"
        # The deployer passes a refused DELETE over in silence.
        self._ask("DELETE", f"{path}/{trigger['name']}", base=API)
        body = {
            "name": trigger["name"], "function": function, "is_enabled": trigger.get("enabled", True),
            "scheduled_details": dict(trigger["scheduledDetails"]),
        }  # fmt: skip
        answer = self._ask("POST", path, body, base=API)
        if answer.status == 200:
            self.triggers.append(trigger["name"])
            return
        said = f"Request failed with status code {answer.status}" if answer.status > 0 else "socket hang up"
        self.failures.append(f"While deploying while deploying trigger '{trigger['name']}': {said}")

    def _ask(self, method: str, path: str, body: Any = None, base: str = HOST) -> Answer:
        return self.host.ask(base, method, path, body, key=self.key)

    def _transcript(self) -> str:
        lines = [f"Deploying '{self.shown}'", f"  to namespace '{self.host.namespace}'", f"  on host '{HOST}'"]
        if self.functions:
            lines += [f"Deployment status recorded in '{self.shown}/.deployed'", ""]
            lines += ["Deployed functions ('doctl sls fn get <funcName> --url' for URL):"]
            lines += [f"  - {name}" for name in self.functions]
        else:
            lines.append("")
        if self.triggers:
            lines += ["Deployed triggers:", *(f"  - {name}" for name in self.triggers)]
        return "\n".join([*lines, *(["Failures:"] if self.failures else [])]) + "\n"


def _found(package: Path) -> list[dict[str, Any]]:
    return [{"name": f.name, "web": True} for f in sorted(package.iterdir()) if f.is_dir()]


def _invalid(problem: str) -> str:
    return f"Invalid project configuration file (project.yml): {problem}{WORDS['learn_more']}"


def _put_error(answer: Answer) -> str:
    if answer.status <= 0:
        return "socket hang up"
    # The deployer puts the host's words into lower case.
    return f"{host_error(answer).lower()} ({answer.reason.replace('Request Entity', 'Payload')})"


def _problem(data: dict[str, Any]) -> str:
    for key in data:
        if key not in _KEYS["packages"]:
            return f"Invalid key '{key}' found in project.yml"
    return next((p for pk in data["packages"] for f in pk.get("functions") or [] if (p := _function_problem(f))), "")


def _function_problem(function: dict[str, Any]) -> str:
    for key in function:
        if key not in _KEYS["functions"]:
            return f"Invalid key '{key}' found in 'functions' clause in project.yml"
    if (runtime := function.get("runtime", "python:default")) not in _RUNTIMES:
        return f"'{runtime}' is not a valid runtime value"
    for key, value in (function.get("limits") or {}).items():
        if not isinstance(value, int):
            return f"'{key}' member of a 'limits' clause must be a number"
    for key, value in (function.get("environment") or {}).items():
        if not isinstance(value, str):
            kind = "number" if isinstance(value, (int, float)) else "object"
            return f"All environment values must be strings but '{key}' has type '{kind}'"
    triggers = function.get("triggers") or []
    if any(str(t.get("type", "")).upper() != "SCHEDULED" for t in triggers):
        return "the trigger 'type' field must be 'SCHEDULED'"
    crons = [str(t["scheduledDetails"]["cron"]) for t in triggers]
    return next((f"the cron expression '{c}' is not valid crontab syntax" for c in crons if not _CRON.match(c)), "")


def _code(folder: Path) -> tuple[str, bool]:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "__deployer__.zip")
    if len(files) == 1:
        return files[0].read_text("utf-8"), False
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for file in files:
            archive.writestr(file.relative_to(folder).as_posix(), file.read_bytes())
    (folder / "__deployer__.zip").write_bytes(out.getvalue())
    return base64.b64encode(out.getvalue()).decode(), True
