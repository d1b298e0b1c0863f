"""A bench run: the keys in order, slow ones from the last full run where that is wanted, as table and as JSON."""

import importlib
import json
import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from local.bench.measure import Goals, Measure, noise
from local.functions import ROOT

LAST_FULL = Path(__file__).with_name("last_full.json")
KEYS = (
    "store_call",
    "cold_import",
    "cold_start",
    "parse",
    "poll_calls",
    "poll_wall",
    "race_fanout",
    "fleet",
    "import_day",
    "memory",
    "growth",
    "sim_speed",
    "day_cost",
    "rows_read",
)
# What takes longer than a quick run may; each is measured by a full run only.
SLOW = ("cold_start", "memory", "sim_speed", "day_cost", "rows_read")
Told = Callable[[str], None]


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def commit() -> str:
    """Return the commit that is checked out, with a mark where the library differs from it."""
    changed = _git("status", "--porcelain", "--", "shared", "functions")
    return (_git("rev-parse", "--short", "HEAD") or "unknown") + ("+changes" if changed else "")


def age(of: str) -> str:
    """Tell the date of a commit and how many were made since; one that is not here has no age."""
    name = of.removesuffix("+changes")
    since, day = _git("rev-list", "--count", f"{name}..HEAD"), _git("log", "-1", "--format=%cs", name, "--")
    return f"{day}, {since} commits back" if since and day else "of unknown age"


def run(
    keys: Sequence[str], *, quick: bool, told: Told = lambda line: None, kept_in: Path = LAST_FULL
) -> dict[str, Any]:
    """Measure the keys in order; gives the report. A quick run takes slow keys from the full run that was kept."""
    kept = read_kept(kept_in) if quick else {}
    before = noise()
    entries: dict[str, Any] = {}
    for key in keys:
        if quick and key in SLOW and key in kept.get("keys", {}):
            entries[key] = _kept(key, {"from_commit": kept["commit"], **kept["keys"][key]})
            continue
        told(key)
        entries[key] = _measured(key, quick)
    after = noise()
    return {
        "commit": commit(),
        "quick": quick,
        "machine": {
            "cpus": os.cpu_count(),
            "python": platform.python_version(),
            "load_1min": round(os.getloadavg()[0], 2),
            "noise": {
                "what": "the same plain work 25 times, before and after: the spread is the machine's",
                "before": before.to_json(),
                "after": after.to_json(),
            },
        },
        "keys": entries,
    }


def _measured(key: str, quick: bool) -> dict[str, Any]:
    module = importlib.import_module(f"local.bench.{key}")
    found: Measure = module.measure(quick)
    return found.to_json()


def _kept(key: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Return a kept entry judged by today's goals; one that was of another measurement misses them."""
    today: Goals = importlib.import_module(f"local.bench.{key}").goals(entry["measured"])
    judged = {
        name: {"value": value, "goal": goal, "met": value <= goal}
        for name, goal in today.parts.items()
        if (value := entry["parts"].get(name, {}).get("value")) is not None
    }
    same = entry["what"] == today.what and len(judged) == len(today.parts)
    met = same and (today.goal is None or entry["value"] <= today.goal) and all(p["met"] for p in judged.values())
    return {
        **entry,
        "goal": today.goal,
        "met": met,
        "parts": judged,
        "from_commit_age": age(entry["from_commit"]),
        "same_measurement": same,
    }


def read_kept(path: Path = LAST_FULL) -> dict[str, Any]:
    """Return the last full run that was kept, empty where there is none."""
    if not path.is_file():
        return {}
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def table(report: dict[str, Any]) -> str:
    """Return the report as text, a line for each limit."""
    lines = [f"{'key':<28}{'value':>9}{'goal':>8}  {'':<6}{'spread':>7}  what was measured"]
    for key, entry in report["keys"].items():
        spreads = [m["spread"] for m in entry["measured"].values() if isinstance(m, dict) and "spread" in m]
        spread = f"{max(spreads):>7.0%}" if spreads else f"{'':>7}"
        source = _source(entry)
        lines.append(_line(key, entry, spread, f"{entry['what']}{source}"))
        lines += [_line(f"  .{name}", part, f"{'':>7}", "") for name, part in entry["parts"].items()]
        lines += [_sample(name, m) for name, m in entry["measured"].items() if isinstance(m, dict) and "median" in m]
    machine, found = report["machine"], report["machine"]["noise"]
    lines.append(
        f"machine: {machine['cpus']} processors, load {machine['load_1min']}, Python {machine['python']}; plain work"
        f" spread {found['before']['spread']:.0%} before and {found['after']['spread']:.0%} after,"
        f" median {found['before']['median']:.2f} and {found['after']['median']:.2f} ms"
    )
    return "\n".join(lines)


def _source(entry: dict[str, Any]) -> str:
    if "from_commit" not in entry:
        return ""
    other = "" if entry["same_measurement"] else "; today's code measures something else, run it whole"
    return f" (kept, from the full run of {entry['from_commit']}, {entry['from_commit_age']}{other})"


def _line(name: str, entry: dict[str, Any], spread: str, what: str) -> str:
    goal = "told" if entry["goal"] is None else f"{entry['goal']:g}"
    met = "" if entry["goal"] is None else ("ok" if entry["value"] <= entry["goal"] else "MISSED")
    met = met if entry.get("same_measurement", True) else "OTHER"
    return f"{name:<28}{entry['value']:>9.4g}{goal:>8}  {met:<6}{spread}  {what}".rstrip()


def _sample(name: str, found: dict[str, Any]) -> str:
    text = f"{found['median']:.4g} {found['unit']} (spread {found['spread']:.0%}, {found['runs']} runs)"
    return f"{'':<36}    {name:<18}{text}"


def missed(report: dict[str, Any]) -> list[str]:
    """Return the keys that miss a limit."""
    return [key for key, entry in report["keys"].items() if not entry["met"]]
