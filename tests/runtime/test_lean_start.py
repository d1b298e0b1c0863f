"""What a function's process loads: no more than the function can use."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from raceday.catalogue.functions import NAMES

ROOT = Path(__file__).resolve().parents[2]
STORE = {"APPWRITE_ENDPOINT": "https://a.test/v1", "APPWRITE_PROJECT_ID": "p", "APPWRITE_API_KEY": "a-key"}
HOOKS = {"RACEDAY_WEBHOOK_SECRET": "a-secret-of-tests"}
FEED = {"NZTAB_FROM": "a@b.test", "NZTAB_PARTNER": "p", "NZTAB_PARTNER_ID": "i"}
PLATFORM = {"RACEDAY_NAMESPACE": "fn-1", "RACEDAY_NAMESPACE_KEY": "dof_v1_a:b", "RACEDAY_API_HOST": "https://p.test"}
LOAD = """
import json, runpy, sys
space = runpy.run_path(sys.argv[1])
from raceday.runtime.build import build_container
build_container(space["FUNCTION"].needs)
libraries = ("pydantic", "tenacity", "requests", "appwrite.client", "httpx", "PIL")
print(json.dumps([sum(name.startswith("raceday") for name in sys.modules), [n for n in libraries if n in sys.modules]]))
"""
# The most modules of ours that each function's process may load, and the libraries it does.
BUDGETS: dict[str, tuple[int, list[str]]] = {
    "daily-meetings": (107, ["pydantic", "httpx"]),
    "daily-races": (65, ["pydantic", "httpx"]),
    "daily-entrants": (69, ["pydantic", "httpx"]),
    "master-race-scheduler": (102, ["pydantic", "httpx"]),
    "enhanced-race-poller": (98, ["pydantic", "httpx"]),
    "race-data-poller": (99, ["pydantic", "httpx"]),
    "single-race-poller": (99, ["pydantic", "httpx"]),
    "batch-race-poller": (99, ["pydantic", "httpx"]),
    "money-flow-tracker": (62, ["httpx"]),
    "race-pools-aggregator": (65, ["httpx"]),
    "alert-evaluator": (70, ["httpx"]),
    "jockey-silks-enricher": (80, ["pydantic", "httpx"]),
}


@pytest.mark.parametrize("name", BUDGETS)
def test_a_function_loads_only_what_it_uses(name: str) -> None:
    """No function loads the SDK's client or the retries, none without a feed pydantic, and each few modules of ours."""
    entry = ROOT / "functions" / name / "__main__.py"
    env = {"PYTHONPATH": str(ROOT / "shared"), **STORE, **HOOKS, **FEED, **PLATFORM}
    done = subprocess.run([sys.executable, "-c", LOAD, str(entry)], env=env, capture_output=True, text=True, check=True)
    modules, libraries = json.loads(done.stdout)
    most, expected = BUDGETS[name]
    assert (modules <= most, libraries) == (True, expected), (modules, libraries)


def test_every_function_has_its_budget() -> None:
    """The twelve functions of the catalogue are all held to one."""
    assert BUDGETS.keys() == set(NAMES)


MADE = """
import dataclasses, json, sys
import raceday.runtime.function, raceday.runtime.build, raceday.feed.client, raceday.polling.poller
ours = {name: module for name, module in sys.modules.items() if name.startswith("raceday")}
made = [value for name, module in ours.items() for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == name and dataclasses.is_dataclass(value)]
print(json.dumps([len(ours), sorted(value.__name__ for value in made)]))
"""


def test_what_a_poll_loads_stays_light() -> None:
    """A poller loads few modules of ours, and its records are named tuples: dataclasses cost a start most."""
    command = [sys.executable, "-c", MADE]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT / "shared")}, capture_output=True, text=True, check=True)
    modules, dataclasses_made = json.loads(done.stdout)
    assert modules <= 98
    assert dataclasses_made == ["Container", "Function", "Settings"]
