"""Talking to the platform through doctl: its output is read, since its exit code tells too little."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.packaging.errors import DeployError

_INSTALL = (
    "doctl is not installed. Install it (https://docs.digitalocean.com/reference/doctl/how-to/install/), then run "
    "`doctl auth init`, `doctl serverless install` and `doctl serverless connect <namespace>`"
)
# What doctl says, in lower case, and what its user can do about it.
_EXPLAINED = (
    (("unable to authenticate", "401", "access token", "expired", "invalid key", "authentication is invalid"),
     "the platform refused the key: it is wrong, revoked or expired. Make a new token, run `doctl auth init`, then "
     "`doctl serverless connect <namespace>`"),
    (("not installed", "serverless install"), "doctl's serverless support is missing: run `doctl serverless install`"),
    (("needs to be upgraded", "serverless upgrade", "needs an upgrade"),
     "doctl's serverless support is too old: run `doctl serverless upgrade`"),
    (("not connected", "serverless connect"),
     "doctl is connected to no functions namespace: run `doctl serverless connect <namespace>`"),
    (("maximum number of triggers", "trigger limit", "triggers limit"),
     "the account's triggers are used up: deploy with `--triggers single`, or remove other triggers"),
    (("quota", "limit exceeded", "too many requests", "429", "exceeds the limit", "limit reached"),
     "a quota of the platform is exceeded: wait a minute and repeat, or ask for a higher one"),
    (("could not be resolved",), "a variable of project.yml has no value: `./raceday deploy --plan` names them"),
    (("403", "not authorized"), "the token may not do this: it needs the scopes function:read, create, update, delete"),
)  # fmt: skip
_CONNECTED = re.compile(r"namespace '([^']+)' on API host '([^']+)'")


@dataclass(frozen=True, slots=True)
class Deployed:
    """What the deployer said that it did."""

    functions: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


@dataclass(slots=True)
class Doctl:
    """Runs doctl with an environment; every failure is raised as a DeployError that says what to do."""

    env: Mapping[str, str]
    executable: str = "doctl"
    timeout_secs: float = 900.0
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def connected(self) -> tuple[str, str]:
        """Return the namespace and API host that doctl is connected to; raises DeployError."""
        match = _CONNECTED.search(self._run(["serverless", "status"]))
        if match is None:
            raise DeployError(
                "doctl is connected to no functions namespace: run `doctl serverless connect <namespace>`"
            )
        return match.group(1), match.group(2)

    def deploy(self, folder: Path) -> Deployed:
        """Deploy a staged tree and tell what the deployer reported, failures included; raises DeployError."""
        text = self._run(["serverless", "deploy", str(folder), "--output", "json"], check=False)
        found = read_deployment(text)
        if not (found.functions or found.failures):
            raise DeployError(explain("the deployment", text, self.secrets))
        return Deployed(found.functions, found.triggers, tuple(self._scrub(text) for text in found.failures))

    def functions(self) -> list[str]:
        """List the deployed functions as `package/function`."""
        rows = self._json(["serverless", "functions", "list", "--limit", "200", "--output", "json"])
        return sorted(_full_name(row) for row in rows if isinstance(row, dict))

    def function(self, full_name: str) -> dict[str, Any]:
        """Return one function's metadata: limits, annotations."""
        data = self._json(["serverless", "functions", "get", full_name, "--output", "json"])
        found = data[0] if isinstance(data, list) and data else data
        return found if isinstance(found, dict) else {}

    def triggers(self) -> list[dict[str, Any]]:
        """List the namespace's triggers."""
        rows = self._json(["serverless", "triggers", "list", "--output", "json"])
        return [row for row in rows if isinstance(row, dict)]

    def remove_functions(self, full_names: Sequence[str]) -> None:
        """Remove functions from the namespace."""
        self._run(["serverless", "undeploy", *full_names])

    def remove_triggers(self, names: Sequence[str]) -> None:
        """Remove triggers from the namespace."""
        self._run(["serverless", "undeploy", "--triggers", *names])

    def _json(self, words: Sequence[str]) -> Any:
        text = self._run(words)
        try:
            data = json.loads(text) if text.strip() else []
        except ValueError:
            raise DeployError(f"`doctl {' '.join(words[:3])}` gave no JSON: {self._scrub(text)[:200]}") from None
        if isinstance(data, dict) and "errors" in data:
            raise DeployError(explain(f"`doctl {' '.join(words[:3])}`", text, self.secrets))
        return data if data is not None else []

    def _run(self, words: Sequence[str], *, check: bool = True) -> str:
        found = shutil.which(self.executable, path=self.env.get("PATH"))
        if found is None:
            raise DeployError(_INSTALL)
        try:
            done = subprocess.run(
                [found, *words], capture_output=True, text=True, check=False, env=dict(self.env),
                timeout=self.timeout_secs,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise DeployError(f"`doctl {' '.join(words[:2])}` did not end in {self.timeout_secs:g} s") from None
        text = done.stdout if done.stdout.strip() else done.stderr
        if check and done.returncode:
            raise DeployError(explain(f"`doctl {' '.join(words[:3])}`", f"{done.stdout}\n{done.stderr}", self.secrets))
        return text if not done.returncode else f"{text}\n{done.stderr}"

    def _scrub(self, text: str) -> str:
        return scrub(text, self.secrets)


def explain(what: str, text: str, secrets: Sequence[str] = ()) -> str:
    """Say in one sentence what went wrong and what to do, from what doctl printed."""
    lower = text.lower()
    for words, advice in _EXPLAINED:
        if any(word in lower for word in words):
            return f"{what} failed: {advice}"
    told = " ".join(_error_texts(text))[:300] or "doctl gave no reason"
    return f"{what} failed: {scrub(told, secrets)}"


def scrub(text: str, secrets: Sequence[str]) -> str:
    """Blot out every secret value in a text."""
    for secret in secrets:
        text = text.replace(secret, "[secret]") if secret else text
    return text


def read_deployment(text: str) -> Deployed:
    """Read the deployer's report, as JSON or as its transcript."""
    with_json = _json_part(text)
    if isinstance(with_json, dict):
        outcome = with_json.get("outcome", with_json)
        successes = [s for s in outcome.get("successes", []) if isinstance(s, dict)]
        failures = [_failure(f) for f in outcome.get("failures", [])] + _error_texts(text)
        return Deployed(
            tuple(s["name"].lstrip("/") for s in successes if s.get("kind", "action") in ("action", "function")),
            tuple(s["name"] for s in successes if s.get("kind") == "trigger"),
            tuple(failures),
        )
    return _read_transcript(text)


def _read_transcript(text: str) -> Deployed:
    sections: dict[str, list[str]] = {"functions": [], "triggers": [], "failures": []}
    current = ""
    for line in text.splitlines():
        lower = line.strip().lower()
        if lower.startswith(("deployed functions", "deployed actions")):
            current = "functions"
        elif lower.startswith("deployed triggers"):
            current = "triggers"
        elif lower.startswith(("failures", "error")):
            current = "failures"
            if lower.startswith("error") and ":" in line:
                sections["failures"].append(line.strip())
        elif current and line.strip():
            sections[current].append(line.strip().removeprefix("- ").strip())
    return Deployed(*(tuple(sections[name]) for name in ("functions", "triggers", "failures")))


def _json_part(text: str) -> Any:
    start = text.find("{")
    if start < 0:
        return None
    try:
        return json.JSONDecoder().raw_decode(text[start:])[0]
    except ValueError:
        return None


def _failure(entry: Any) -> str:
    if isinstance(entry, dict):
        return str(entry.get("displayMessage") or entry.get("message") or entry.get("error") or entry)
    return str(entry)


def _error_texts(text: str) -> list[str]:
    data = _json_part(text)
    if isinstance(data, dict) and isinstance(data.get("errors"), list):
        return [str(e.get("detail", e)) if isinstance(e, dict) else str(e) for e in data["errors"]]
    if isinstance(data, dict):
        return []
    return [line.strip() for line in text.splitlines() if line.strip()][-3:]


def _full_name(row: Mapping[str, Any]) -> str:
    name = str(row.get("name") or row.get("Name") or row.get("Function") or "")
    package = str(row.get("package") or row.get("Package") or str(row.get("namespace") or "").partition("/")[2])
    return name if "/" in name or not package else f"{package}/{name}"
