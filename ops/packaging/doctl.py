"""Talking to the platform through doctl: its output is read, since its exit code tells too little."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import time
import zipfile
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ops.packaging.errors import DeployError
from ops.packaging.secrets import scrub
from ops.packaging.stops import SIGNALS
from raceday.catalogue.platform import MAX_TRIGGERS

T = TypeVar("T")
# The first release with `connect --access-key` and `key create`, and the one that this suite was run with.
MIN_VERSION, TESTED_VERSION = (1, 152, 0), "1.166.0"
SCOPES = "function:read, function:create, function:update, function:delete and function:admin"
_READS, _PAUSE_SECS = 3, 2.0
_PAGE = 200
_SECRET_MIN = 8


def key_advice(namespace: str = "NAMESPACE") -> str:
    """Say how doctl is connected: by an access key alone, since legacy keys stopped authenticating in June 2026."""
    return (
        f"make an access key with `doctl serverless key create --name raceday --namespace {namespace} "
        f"--expiration never`, then `doctl serverless connect {namespace} --access-key dof_v1_...`"
    )


_INSTALL = (
    "doctl is not installed. Install it (https://docs.digitalocean.com/reference/doctl/how-to/install/), then run "
    f"`doctl auth init` and `doctl serverless install`, and {key_advice()}"
)
_TOKEN = f"doctl's token is missing, wrong or expired: make one with the scopes {SCOPES}, and run `doctl auth init`"
# What doctl says, in lower case, and what its user can do about it; the first that fits counts.
_EXPLAINED = (
    (("access token is required", "unable to authenticate you"), _TOKEN),
    (("not installed", "serverless install"), "doctl's serverless support is missing: run `doctl serverless install`"),
    (("needs to be upgraded", "serverless upgrade", "needs an upgrade"),
     "doctl's serverless support is too old: run `doctl serverless upgrade`"),
    (("not connected", "serverless connect"),
     "doctl has no access key that the namespace takes (none, an expired, a legacy one), or the namespace host does "
     f"not answer, which doctl tells in the same words: {key_advice()}"),
    (("status code 422", "maximum number of triggers", "trigger limit", "triggers limit"),
     "the platform took no trigger; most likely the account's are used up, of which the platform documents "
     f"{MAX_TRIGGERS}: deploy with `--triggers single`, which makes the fewest, or see `doctl serverless triggers list`"
     " (other namespaces' count, too) and remove one with `doctl serverless undeploy --triggers NAME`"),
    (("status code 401", "status code 403"), _TOKEN),
    (("authentication is invalid", "invalid key", "401"),
     f"the access key is wrong, revoked or expired: {key_advice()}"),
    (("quota", "limit exceeded", "too many requests", "429", "exceeds the limit", "limit reached"),
     "a quota of the platform is exceeded: wait a minute and repeat, or ask for a higher one"),
    (("could not be resolved",), "a variable of project.yml has no value: `./raceday deploy --plan` names them"),
    (("403", "not authorized"), f"the token may not do this: it needs the scopes {SCOPES}"),
)  # fmt: skip
_CONNECTED = re.compile(r"namespace '([^']+)' on API host '([^']+)'")


@dataclass(frozen=True, slots=True)
class Deployed:
    """What the deployer said that it did."""

    functions: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    returncode: int
    stdout: str = ""
    stderr: str = ""


class Ended(Protocol):
    """What is read of a command that ended."""

    @property
    def returncode(self) -> int:
        """Return the exit code."""
        ...

    @property
    def stdout(self) -> str:
        """Return what it printed."""
        ...

    @property
    def stderr(self) -> str:
        """Return what it complained of."""
        ...


class Launch(Protocol):
    """Runs doctl; the words come without its own name."""

    def __call__(self, words: Sequence[str], env: Mapping[str, str], /) -> Ended:
        """Run to the end; raises DeployError where it could not be run or did not end."""
        ...


@dataclass(frozen=True, slots=True)
class Process:
    """Launches the doctl that stands on the path, or the executable that the variable DOCTL names."""

    executable: str = "doctl"
    timeout_secs: float = 900.0

    def __call__(self, words: Sequence[str], env: Mapping[str, str], /) -> Ended:
        """Run one command."""
        found = shutil.which(env.get("DOCTL") or self.executable, path=env.get("PATH"))
        if found is None:
            raise DeployError(_INSTALL)
        # A signal waits until the process is known by which doctl can be ended.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            doctl = _launched([found, *words], env)
        except BaseException as error:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            if isinstance(error, OSError):
                raise DeployError(f"`doctl {' '.join(words[:2])}` could not be started: {error.strerror}") from None
            raise
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            out, err = doctl.communicate(timeout=self.timeout_secs)
        except BaseException as error:
            _end(doctl)
            if isinstance(error, subprocess.TimeoutExpired):
                told = f"`doctl {' '.join(words[:2])}` did not end in {self.timeout_secs:g} s"
                raise DeployError(told) from None
            raise
        return Finished(doctl.returncode, out, err)


def _launched(words: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start doctl in a session of its own: what stops this process is not to stop the doctl that puts things back."""
    pipe = subprocess.PIPE
    # A byte that is no text, as where an answer was cut, is no reason to end before what stands is known.
    return subprocess.Popen(
        words, stdout=pipe, stderr=pipe, encoding="utf-8", errors="replace", env=dict(env), start_new_session=True,
        preexec_fn=_open_to_signals,
    )  # fmt: skip


def _open_to_signals() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _end(process: subprocess.Popen[str]) -> None:
    """End doctl with the deployer that it started: left alone, that would go on deploying beside the undo."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@dataclass(slots=True)
class Doctl:
    """Runs doctl with an environment; every failure is raised as a DeployError that says what to do.

    What only reads is tried again, `pause` seconds apart: one lost answer says nothing of the platform.
    """

    env: Mapping[str, str]
    launch: Launch = field(default_factory=Process)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    pause: Callable[[float], None] = time.sleep

    def connected(self) -> tuple[str, str]:
        """Return the namespace and API host that doctl is connected to; raises DeployError."""
        match = _CONNECTED.search(self._read(["serverless", "status"], str))
        if match is None:
            raise DeployError(f"doctl is connected to no functions namespace: {key_advice()}")
        return match.group(1), match.group(2)

    def version(self) -> str:
        """Return doctl's own version, empty where it tells none; raises DeployError for one that is too old."""
        found = re.search(r"version (\d+)\.(\d+)\.(\d+)", self._read(["version"], str))
        if found is None or found.group(0).endswith(" 0.0.0"):
            return ""
        numbers = tuple(int(group) for group in found.groups())
        if numbers < MIN_VERSION:
            wanted = ".".join(str(number) for number in MIN_VERSION)
            told = ".".join(found.groups())
            raise DeployError(f"doctl {told} knows no access keys: install {TESTED_VERSION}, at least {wanted}")
        return ".".join(found.groups())

    def deploy(self, folder: Path, values: Collection[str] = ()) -> Deployed:
        """Deploy a staged tree that has `values` written in it; returns what was reported, failures included."""
        text = self._run(["serverless", "deploy", str(folder), "--output", "json"], check=False)
        found = read_deployment(text)
        # Of what is put back nobody knows which is secret; shorter values are words that a message needs.
        secrets = (*self.secrets, *(value for value in values if len(value) >= _SECRET_MIN))
        if not (found.functions or found.failures):
            raise DeployError(explain("the deployment", text, secrets))
        return Deployed(found.functions, found.triggers, tuple(scrub(text, secrets) for text in found.failures))

    def function_rows(self) -> dict[str, dict[str, Any]]:
        """Return the deployed functions by `package/function`, without their variables."""
        rows: list[dict[str, Any]] = []
        while len(rows) % _PAGE == 0:
            words = ["serverless", "functions", "list", "--limit", str(_PAGE)]
            found = self._rows([*words, *(["--skip", str(len(rows))] if rows else []), "--output", "json"])
            rows += found
            if not found:
                break
        return {_full_name(row): row for row in rows}

    def function(self, full_name: str) -> dict[str, Any]:
        """Return one function's metadata: limits, annotations, variables."""
        data = self._json(["serverless", "functions", "get", full_name, "--output", "json"])
        found = data[0] if isinstance(data, list) and data else data
        if not isinstance(found, dict) or not _full_name(found):
            raise DeployError(f"{full_name}: `doctl serverless functions get` gave no function")
        return found

    def save_code(self, full_name: str, file: Path, *, binary: bool) -> None:
        """Write a function's code to a file: a zip where it is `binary`, else one source; raises DeployError."""
        file.unlink(missing_ok=True)
        words = ["serverless", "functions", "get", full_name, "--save-as", str(file)]
        self._read(words, lambda _: _whole(full_name, file, binary))

    def triggers(self) -> list[dict[str, Any]]:
        """List the namespace's triggers."""
        return self._rows(["serverless", "triggers", "list", "--output", "json"])

    def remove_functions(self, full_names: Sequence[str]) -> None:
        """Remove functions from the namespace, with their triggers."""
        self._run(["serverless", "undeploy", *full_names])

    def remove_triggers(self, names: Sequence[str]) -> None:
        """Remove triggers from the namespace."""
        self._run(["serverless", "undeploy", "--triggers", *names])

    def _json(self, words: Sequence[str]) -> Any:
        return self._read(words, lambda text: self._parsed(f"`doctl {' '.join(words[:3])}`", text))

    def _rows(self, words: Sequence[str]) -> list[dict[str, Any]]:
        """Return a list of what has a name; raises DeployError for anything else, of which nobody knows what it is."""
        rows = self._json(words)
        if not isinstance(rows, list) or not all(isinstance(row, dict) and _full_name(row) for row in rows):
            raise DeployError(
                f"`doctl {' '.join(words[:3])}` gave no list of what stands: {self._scrub(str(rows))[:200]}"
            )
        return rows

    def _parsed(self, what: str, text: str) -> Any:
        try:
            # Nothing is told by an empty list: no text at all is an answer that was cut off.
            data = json.loads(text)
        except ValueError:
            raise DeployError(f"{what} gave no JSON: {self._scrub(text)[:200] or 'no answer'}") from None
        if isinstance(data, dict) and "errors" in data:
            raise DeployError(explain(what, text, self.secrets))
        return data if data is not None else []

    def _read(self, words: Sequence[str], parsed: Callable[[str], T]) -> T:
        for tries_left in reversed(range(_READS)):
            try:
                return parsed(self._run(words))
            except DeployError as error:
                if not tries_left or _INSTALL in error.problems:
                    raise
                self.pause(_PAUSE_SECS)
        raise AssertionError("unreachable")

    def _run(self, words: Sequence[str], *, check: bool = True) -> str:
        done = self.launch(words, self.env)
        text = done.stdout if done.stdout.strip() else done.stderr
        if check and done.returncode:
            raise DeployError(explain(f"`doctl {' '.join(words[:3])}`", f"{done.stdout}\n{done.stderr}", self.secrets))
        return text if not done.returncode else f"{text}\n{done.stderr}"

    def _scrub(self, text: str) -> str:
        return scrub(text, self.secrets)


def _whole(full_name: str, file: Path, binary: bool) -> None:
    """Raise DeployError for code that was cut or damaged: put back, it would pass for what stood by its hash."""
    code = file.read_bytes() if file.is_file() else b""
    try:
        if binary:
            with zipfile.ZipFile(io.BytesIO(code)) as archive:
                # Cut behind a zip that lies in it, an archive reads as that one, which does not begin where it does.
                begins = min((entry.header_offset for entry in archive.infolist()), default=-1)
                sound = begins == 0 and archive.testzip() is None
        else:
            sound = bool(code.decode("utf-8"))
    except (ValueError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        sound = False
    if not sound:
        raise DeployError(f"{full_name}: its code could not be fetched whole")


def explain(what: str, text: str, secrets: Sequence[str] = ()) -> str:
    """Say in one sentence what went wrong and what to do, from what doctl printed."""
    lower = text.lower()
    for words, advice in _EXPLAINED:
        if any(word in lower for word in words):
            return f"{what} failed: {advice}"
    told = " ".join(_error_texts(text))[:300] or "doctl gave no reason"
    if told in what:
        return scrub(what, secrets)
    return f"{what} failed: {scrub(told, secrets)}"


def read_deployment(text: str) -> Deployed:
    """Read what doctl printed of a deployment: a transcript, failures after it as JSON or as text, or all as JSON."""
    with_json = _json_part(text)
    if isinstance(with_json, dict) and "errors" not in with_json:
        outcome = with_json.get("outcome", with_json)
        successes = [s for s in outcome.get("successes", []) if isinstance(s, dict)]
        return Deployed(
            tuple(s["name"].lstrip("/") for s in successes if s.get("kind", "action") in ("action", "function")),
            tuple(s["name"] for s in successes if s.get("kind") == "trigger"),
            tuple(_failure(f) for f in outcome.get("failures", [])),
        )
    told = _read_transcript(text if with_json is None else text[: text.find("{")])
    more = _one_each(_error_texts(text)) if with_json is not None else []
    return Deployed(told.functions, told.triggers, (*told.failures, *more))


def _one_each(texts: Sequence[str]) -> list[str]:
    """Part failures that doctl joins by line breaks; a line of another beginning goes on with the one before."""
    found: list[str] = []
    for line in (line.strip() for text in texts for line in text.splitlines()):
        if line and found and not line.startswith("While deploying"):
            found[-1] += f" {line}"
        elif line:
            # doctl says it twice of a trigger.
            found.append(re.sub(r"^While deploying while deploying", "While deploying", line))
    return found


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
