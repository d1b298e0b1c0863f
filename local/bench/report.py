"""A bench run: the keys in order, slow ones from the last full run where that is wanted, as table and as JSON."""

import importlib
import json
import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from local.bench.measure import Measure, noise
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


def commit() -> str:
    """Return the commit that is checked out, with a mark where the library differs from it."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--", "shared", "functions")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+changes" if changed else "")


def run(
    keys: Sequence[str], *, quick: bool, told: Told = lambda line: None, kept_in: Path = LAST_FULL
) -> dict[str, Any]:
    """Measure the keys in order; gives the report. A quick run takes slow keys from the full run that was kept."""
    kept = read_kept(kept_in) if quick else {}
    before = noise()
    entries: dict[str, Any] = {}
    for key in keys:
        if quick and key in SLOW and key in kept.get("keys", {}):
            entries[key] = {"from_commit": kept["commit"], **kept["keys"][key]}
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
        source = f" (from the full run of {entry['from_commit']})" if "from_commit" in entry else ""
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


def _line(name: str, entry: dict[str, Any], spread: str, what: str) -> str:
    goal = "told" if entry["goal"] is None else f"{entry['goal']:g}"
    met = "" if entry["goal"] is None else ("ok" if entry["value"] <= entry["goal"] else "MISSED")
    return f"{name:<28}{entry['value']:>9.4g}{goal:>8}  {met:<6}{spread}  {what}".rstrip()


def _sample(name: str, found: dict[str, Any]) -> str:
    text = f"{found['median']:.4g} {found['unit']} (spread {found['spread']:.0%}, {found['runs']} runs)"
    return f"{'':<36}    {name:<18}{text}"


def missed(report: dict[str, Any]) -> list[str]:
    """Return the keys that miss a limit."""
    return [key for key, entry in report["keys"].items() if not entry["met"]]
