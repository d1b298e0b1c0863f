"""States of a platform and small trees to deploy, by name, so that exchanges with doctl can be data."""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

from tests.deploy.fake.doctl import LEGACY_KEY, FakeDoctl, Finished
from tests.deploy.fake.host import API, HOST, FakeHost, Fault

ENV = {"APPWRITE_ENDPOINT": "https://appwrite.example/v1", "NZTAB_PARTNER": 'Race & Day "X"'}
KEY = "dof_v1_madeup0001:madeupsecret0001"
EVERY_MINUTE = {"name": "raceday-every-minute", "type": "SCHEDULED", "scheduledDetails": {"cron": "* * * * *"}}


def _function(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "runtime": "python:3.11", "main": "main", "web": False,
        "limits": {"timeout": 60000, "memory": 512, "logs": 256},
        "annotations": {"content-hash": "38b7ebb721a5ff3d", "library-hash": "84d5b37a017a5b3c"},
        "environment": {variable: "${" + variable + "}" for variable in ENV}, **more,
    }  # fmt: skip


def _named(name: str, cron: str = "0 17 * * *") -> dict[str, Any]:
    return {"name": name, "type": "SCHEDULED", "scheduledDetails": {"cron": cron}}


MEETINGS, RACES = _function("daily-meetings"), _function("daily-races")
EVALUATOR = _function("alert-evaluator", web="raw", webSecure=False)
SCHEDULER = _function("master-race-scheduler", triggers=[EVERY_MINUTE])
TREES: dict[str, list[dict[str, Any]]] = {
    "TREE": [MEETINGS, RACES, EVALUATOR, SCHEDULER],
    "TREE_FEWER": [MEETINGS, RACES],
    "TREE_NO_TRIGGER": [MEETINGS, RACES, EVALUATOR, {**SCHEDULER, "triggers": []}],
    "TREE_RENAMED": [
        MEETINGS, RACES, EVALUATOR, {**SCHEDULER, "triggers": [_named("raceday-each-minute", "* * * * *")]}
    ],
    "TREE_FOUR_TRIGGERS": [
        {**MEETINGS, "triggers": [_named("raceday-meetings")]}, {**RACES, "triggers": [_named("raceday-races")]},
        {**EVALUATOR, "triggers": [_named("raceday-alerts")]}, SCHEDULER,
    ],
    "TREE_SECURE": [
        MEETINGS, _function("single-race-poller", web="raw", webSecure="${RACEDAY_WEB_SECRET}", environment={})
    ],
    "TREE_UNKNOWN_FIELD": [{**MEETINGS, "nonsense": 1}],
    "TREE_UNKNOWN_RUNTIME": [{**MEETINGS, "runtime": "python:2.7"}],
    "TREE_BAD_TRIGGER": [{**MEETINGS, "triggers": [{**EVERY_MINUTE, "type": "HOURLY"}]}],
    "TREE_TIMEOUT_TEXT": [{**MEETINGS, "limits": {"timeout": "long"}}],
    "TREE_NO_FOLDER": [MEETINGS, {**RACES, "name": "ghost"}],
    "TREE_HASH_E": [{**RACES, "annotations": {"content-hash": "BARE", "library-hash": "84d5b37a017a5b3c"}}],
}  # fmt: skip
ODD = {
    "TREE_BAD_YAML": "packages:\n  - name: raceday\n    functions:\n      - name: daily-meetings\n   limits:\n  - x\n",
    "TREE_EMPTY_PROJECT": "",
    "TREE_FORBIDDEN": "targetNamespace: fn-two\npackages: []\n",
}


def write_tree(name: str, root: Path) -> None:
    """Write the tree of a name into `root`, which is the current folder of the fake."""
    folder = root / name
    if name == "TREE_MISSING":
        return
    functions = TREES.get(name, [MEETINGS])
    for function in functions:
        if function["name"] != "ghost":
            at = folder / "packages" / "raceday" / function["name"]
            at.mkdir(parents=True, exist_ok=True)
            (at / "__main__.py").write_text("from lib import main\n")
            (at / "lib.py").write_text("def main(event, context):\n    return {}\n")
    if name == "TREE_NO_PROJECT":
        return
    text = ODD.get(name)
    if text is None:
        text = yaml.safe_dump({"packages": [{"name": "raceday", "functions": functions}]}, sort_keys=False)
        text = re.sub(r"\$\{\w+\}", r"'\g<0>'", text).replace("BARE", "1234567890123e45")
    (folder / "project.yml").write_text(text)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one exchange ended, and what it left behind."""

    finished: Finished
    functions: dict[str, str]
    triggers: list[str]
    asked: list[str]


class Installation(Protocol):
    """A doctl as it was installed and logged in, the stand-in or a real one."""

    installed: bool
    plugin: str
    token: bool
    key: str
    stored_namespace: str

    def __call__(self, words: Sequence[str], env: Mapping[str, str]) -> Finished:
        """Run one command, without the word doctl."""
        ...


def play(given: Mapping[str, Any], words: list[str], root: Path) -> Outcome:
    """Bring a platform in memory into a state, run one command of the stand-in, and tell how it ended."""
    host = make_host(given)
    return play_on(host, FakeDoctl(host), given, words, root)


def play_on(host: FakeHost, doctl: Installation, given: Mapping[str, Any], words: list[str], root: Path) -> Outcome:
    """Bring a platform and what is logged in to it into a state, run one command, and tell how it ended."""
    for name in {w for w in words if w.startswith("TREE")} | ({given["deployed"]} if given.get("deployed") else set()):
        write_tree(name, root)
    env = {**ENV, **given.get("env", {})}
    if given.get("deployed"):
        deployed = doctl(["serverless", "deploy", given["deployed"]], ENV)
        assert deployed.returncode == 0, deployed
        # What a deployment leaves in a tree changes the words of the next one.
        shutil.rmtree(root / given["deployed"])
        write_tree(given["deployed"], root)
    _break(host, doctl, given)
    host.asked.clear()
    finished = doctl(words, {k: v for k, v in env.items() if v is not None})
    versions = {name: entity["version"] for name, entity in host.functions.items()}
    return Outcome(finished, versions, sorted(host.triggers), list(host.asked))


def make_host(given: Mapping[str, Any]) -> FakeHost:
    """Make the platform that a state begins with."""
    host = FakeHost()
    if "namespaces" in given:
        host.namespaces = tuple((ns, label) for ns, label in given["namespaces"])
    if given.get("keys"):
        made = {"created_at": "2026-11-27T00:00:00Z", "expires_at": "2027-02-25T00:00:00Z"}
        host.keys = [{"id": "madeup0001", "name": "raceday", **made, "secret": KEY}]
    return host


def _break(host: FakeHost, doctl: Installation, given: Mapping[str, Any]) -> None:
    doctl.installed = not given.get("not_installed")
    doctl.plugin = "5.0.10" if given.get("old_plugin") else doctl.plugin
    doctl.token = not given.get("no_token")
    doctl.key = {"none": "", "legacy": LEGACY_KEY}.get(given.get("connected", ""), doctl.key)
    doctl.stored_namespace = given.get("stored", doctl.stored_namespace)
    host.trigger_limit = given.get("trigger_limit", 0)
    host.duplicate_trigger = given.get("duplicate_trigger", 0)
    host.unreachable = frozenset({"host": HOST, "api": API}[name] for name in given.get("unreachable", []))
    host.faults = [Fault(*fault) for fault in given.get("faults", [])]
