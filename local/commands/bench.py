"""`./raceday bench`: ratios of the suite's costs, each to a peer or a limit measured in the same run."""

import json
import sys
import time
from typing import Any

import click

from local.bench.child import ProbeFailed
from local.bench.report import KEYS, LAST_FULL, missed, run, table
from local.commands.options import Options, json_option


@click.command(epilog="Example: ./raceday bench --quick --only parse,poll_calls")
@click.option("--quick", is_flag=True, help="fewer runs; slow keys come from the last full run")
@json_option("the report")
@click.option("--only", default="", metavar="A,B", help=f"these keys only: {', '.join(KEYS)}")
@click.option("--keep", is_flag=True, help=f"keep this full run in {LAST_FULL.name}, for quick ones")
@click.option("--cost", is_flag=True, help="find the cheapest poller instead, and draw its curve")
def bench(**options: Any) -> int:
    """Measure each key against a peer or a limit. Exit code 0 all goals are met, 1 one is missed."""
    return run_bench(Options(**options))


def run_bench(args: Options) -> int:
    """Measure and print; 0 all met, 1 a goal is missed, 2 wrong usage, 3 nothing could be measured."""
    keys = [key.strip() for key in args.only.split(",") if key.strip()] or list(KEYS)
    if unknown := [key for key in keys if key not in KEYS]:
        print(f"raceday bench: --only: expected keys of {', '.join(KEYS)}; got {unknown[0]!r}", file=sys.stderr)
        return 2
    if args.keep and (args.quick or args.only):
        print("raceday bench: --keep is for a full run of all keys", file=sys.stderr)
        return 2
    if args.cost:
        from local.bench.cost import run_cost

        return run_cost(args.json)
    began = time.monotonic()
    try:
        report = run(keys, quick=args.quick, told=lambda key: print(f"measuring {key}", file=sys.stderr))
    except ProbeFailed as error:
        print(f"raceday bench: {error}", file=sys.stderr)
        return 3
    report["wall_secs"] = round(time.monotonic() - began, 1)
    print(table(report))
    for path in [args.json] * bool(args.json) + [LAST_FULL] * args.keep:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    found = missed(report)
    if found:
        print(f"missed: {', '.join(found)}", file=sys.stderr)
    return 1 if found else 0
