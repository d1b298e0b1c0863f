"""What a function's process loads: no more than the function can use."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STORE = {"APPWRITE_ENDPOINT": "https://a.test/v1", "APPWRITE_PROJECT_ID": "p", "APPWRITE_API_KEY": "k"}
HOOKS = {"RACEDAY_WEBHOOK_SECRET": "a-secret-of-tests"}
FEED = {"NZTAB_FROM": "a@b.test", "NZTAB_PARTNER": "p", "NZTAB_PARTNER_ID": "i"}
LOAD = """
import json, runpy, sys
space = runpy.run_path(sys.argv[1])
from raceday.runtime.build import build_container
build_container(space["FUNCTION"].needs)
print(json.dumps([name for name in ("pydantic", "tenacity", "requests", "appwrite.client") if name in sys.modules]))
"""


@pytest.mark.parametrize(
    ("name", "loaded"),
    [
        ("alert-evaluator", []),
        ("money-flow-tracker", []),
        ("race-pools-aggregator", []),
        ("enhanced-race-poller", ["pydantic"]),
    ],
)
def test_a_function_loads_only_the_libraries_that_it_uses(name: str, loaded: list[str]) -> None:
    """Functions that never ask the feed start without pydantic, and none loads the SDK's client or the retries."""
    entry = ROOT / "functions" / name / "__main__.py"
    env = {"PYTHONPATH": str(ROOT / "shared"), **STORE, **HOOKS, **FEED}
    done = subprocess.run([sys.executable, "-c", LOAD, str(entry)], env=env, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == loaded


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
    assert modules <= 86
    assert dataclasses_made == ["Container", "Function", "Settings"]
