"""What was recorded of the real doctl: its conditions as states of the fake, and where the two differ."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.fake.scene import Outcome

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "doctl" / "exchanges.jsonl"
needs_exchanges = pytest.mark.skipif(not RECORDED.is_file(), reason="no recorded exchanges in ../shared/doctl")
Given = dict[str, Any]
_HOST_NAMESPACES = "^/api/v1/namespaces$"
_KEYS = "/keys$"
_LIST = "/actions[?]"
_VALUES = {
    "a tab (a, tab, b)": "a\tb", "a line break (a, line break, b)": "a\nb",
    "letters beyond ASCII, braces, a hash": "M\u0101ori \u2603 100% {x: y} # z", "a leading space": " lead",
    "the word yes": "yes", "digits only": "12345", "the word null": "null",
    "a reference to an unset variable": "${NOPE_VAR}", "an apostrophe": "it's",
    'quotes and an ampersand': 'Race & Day "X"', "a backslash": "a\\b",
}  # fmt: skip


def _fault(method: str, path: str) -> Callable[[re.Match[str]], Given]:
    def make(found: re.Match[str]) -> Given:
        groups = [g for g in found.groups() if g is not None]
        answer = int(groups[-1]) if groups and groups[-1].isdigit() else "cut"
        name = groups[0] if groups and not groups[0].isdigit() else ""
        return {"faults": [[method, path + name, answer]]}

    return make


_TOLD = r"(?:is )?(?:answered (\d+)|the connection is cut before an answer)"
_PARTS: list[tuple[str, Given | Callable[[re.Match[str]], Given]]] = [
    (r"^not connected$|installed, no credentials", {"connected": "none"}),
    (r"support is not installed", {"not_installed": True}),
    (r"too old", {"old_plugin": True}),
    (r"not logged in", {"no_token": True}),
    (r"legacy key is stored", {"connected": "legacy"}),
    (r"access key is stored; the namespace host answers 401", {"faults": [["*", "^/api/v1", 401]]}),
    (r"key; the namespace host answers 401", {"faults": [["*", "^/api/v1", 401]]}),
    (r"stored namespace is not the one", {"stored": "fn-other"}),
    (r"another access token than", {"connected": "none"}),
    (r"of another namespace$", {}),
    (r"namespace host cuts the connection", {"faults": [["*", "^/api/v1", "cut"]]}),
    (r"^the namespace host answers 500", {"faults": [["*", "^/api/v1", 500]]}),
    (r"namespace host is unreachable", {"unreachable": ["host"]}),
    (r"API host is unreachable", {"unreachable": ["api"]}),
    (r"^no namespace$", {"namespaces": []}),
    (r"The API|the API (?:answers (\d+)|cuts the connection)(?: \(GET namespaces\))?$", _fault("*", "^/v2/")),
    (r"the API answers (\d+) \(POST keys\)", _fault("POST", _KEYS)),
    (r"one key there", {"keys": True}),
    (r"^four functions and one trigger are deployed", {"deployed": "TREE"}),
    (r"fourth POST is answered 422|while three are allowed", {"trigger_limit": 3}),
    (r"PUT of (raceday/[\w-]+),? .*answered (\d+)", _fault("PUT", "actions/")),
    (r"PUT of (raceday/[\w-]+) the connection is cut", _fault("PUT", "actions/")),
    (r"PUT of the package is answered (\d+)", _fault("PUT", "packages/")),
    (r"every PUT is answered (\d+)", _fault("PUT", "")),
    (r"every call to the namespace host is answered (\d+)", _fault("*", _HOST_NAMESPACES)),
    (r"every call to the API is answered (\d+)", _fault("*", "^/v2/")),
    (rf"trigger DELETE:? {_TOLD}", _fault("DELETE", "/triggers/")),
    (r"its POST 409", {"duplicate_trigger": 409}),
    (rf"trigger POST:? {_TOLD}", _fault("POST", "/triggers")),
    (rf"deployer's GET of (raceday/[\w-]+): {_TOLD}", _fault("GET", "actions/")),
    (rf"^GET (raceday/[\w-]+): {_TOLD}", _fault("GET", "actions/")),
    (rf"DELETE of (raceday/[\w-]+): {_TOLD}", _fault("DELETE", "actions/")),
    (rf"GET actions: {_TOLD}", _fault("GET", _LIST)),
    (rf"GET triggers: {_TOLD}", _fault("GET", "/triggers$")),
    (r"APPWRITE_ENDPOINT, which project.yml names, is unset", {"env": {"APPWRITE_ENDPOINT": None}}),
    (r"APPWRITE_ENDPOINT is set to the empty text", {"env": {"APPWRITE_ENDPOINT": ""}}),
    (r"value of NZTAB_PARTNER holds (.+)$", lambda found: {"env": {"NZTAB_PARTNER": _VALUES[found.group(1)]}}),
    (r"a web function with a secret$", {"env": {"RACEDAY_WEB_SECRET": "a-secret-of-sixteen"}}),
    (r"annotation has become a number", {"deployed": "TREE_HASH_E"}),
]  # fmt: skip
# Their words carry times, a parser's own text or a table's widths that say nothing of failures.
_LOOSE = (
    r"is no YAML|holds an apostrophe", r"functions list$",
    r"unknown runtime|unknown type|a text$", r"an unset variable$",
)  # fmt: skip


def given_of(condition: str, command: list[str]) -> Given:
    """Return the state of the fake that a recorded condition describes."""
    given: Given = {}
    for pattern, part in _PARTS:
        if found := re.search(pattern, condition):
            made = part(found) if callable(part) else part
            given |= {k: v for k, v in made.items() if k != "faults"}
            given["faults"] = given.get("faults", []) + made.get("faults", [])
    needs = command[1:][:2][-1] in ("functions", "undeploy", "triggers") and "deployed" not in given
    kept = row_is_kept(condition, command)
    if kept or (needs and re.search("GET |not there", condition) and "the function is not" not in condition):
        given["deployed"] = "" if "trigger is not there" in condition else "TREE"
    if "one namespace matches" in condition or "label" in condition:
        given.setdefault("namespaces", [["fn-acc", "raceday"], ["fn-two", "racetest"]])
    return given


def row_is_kept(condition: str, command: list[str]) -> bool:
    """Tell whether a login fails over a namespace that holds the four functions already."""
    failed = re.search("^(serverless support|not connected|a legacy key|not logged in)", condition)
    return failed is not None and "deploy" in command


def differences(row: dict[str, Any], outcome: Outcome) -> list[str]:
    """Return where the fake ended otherwise than the real one."""
    found: list[str] = []
    if "version" in row["command"]:
        return found
    if row["rc"] != outcome.finished.returncode:
        found.append(f"rc {row['rc']} was {outcome.finished.returncode}: {outcome.finished}")
    condition = f"{row['condition']} {' '.join(row['command'])}"
    loose = any(re.search(pattern, condition) for pattern in _LOOSE)
    for name in ("stdout", "stderr") if not loose else ():
        real, ours = plain(row[name]), plain(getattr(outcome.finished, name))
        if real != ours:
            found.append(f"{name}:\n{real}\nwas\n{ours}")
    if left := row.get("left_behind"):
        found += _left(row["command"], left, outcome)
    return found + _asked(row["asked"], outcome.asked)


def _left(command: list[str], left: dict[str, Any], outcome: Outcome) -> list[str]:
    # The recording's own host kept functions that an undeploy was told to be gone (DELETE 200), so they say nothing.
    real = (left["triggers"] and len(left["triggers"]), left["versions"])
    ours = (outcome.triggers and len(outcome.triggers), outcome.functions)
    if "undeploy" in command:
        return [] if real[0] == ours[0] else [f"left triggers {real[0]}, was {ours[0]}"]
    return [] if real == ours else [f"left {real} was {ours}"]


def _asked(real: list[str], ours: list[str]) -> list[str]:
    def plain(asked: list[str]) -> set[str]:
        return {re.sub(r"/triggers/\S+", "/triggers/X", re.sub(r" x\d+$", "", a)) for a in asked}

    return [] if plain(real) == plain(ours) else [f"asked {sorted(plain(real) ^ plain(ours))}"]


def plain(text: str) -> Any:
    """Blot out what is made anew each time: codes, digests, times, which trigger came last."""
    text = re.sub(r"\(code \w+\)", "(code X)", text)
    text = re.sub(r"(raceday-(?:alerts|meetings|races|every-minute))(?='?)", "raceday-X", text)
    text = re.sub(r'("(?:digest|updated|user|content-hash|version)"|"updated"): ?"?[\w.+-]+"?', r"\1: 0", text)
    try:
        return _sorted(json.loads(text))
    except ValueError:
        return sorted(line.rstrip() for line in text.splitlines() if line.strip())


def _sorted(data: Any) -> Any:
    if isinstance(data, dict):
        return {
            k: _sorted(v) for k, v in data.items() if k not in ("updated", "value") or not isinstance(v, (int, float))
        }
    if isinstance(data, list):
        return sorted((_sorted(item) for item in data), key=lambda item: json.dumps(item, sort_keys=True))
    return data
