"""`./raceday bench`: ratios of the suite's costs, each to a peer or a limit measured in the same run."""

import sys
import time
from dataclasses import asdict
from typing import Any

import click

from local import stores
from local.bench.child import ProbeFailed
from local.bench.report import KEYS, LAST_FULL, missed, run, table
from local.options import FILE, Options, json_option, write_json
from local.progress import doing


@click.command(epilog="Example: ./raceday bench --quick --only parse,poll_calls")
@click.option("--quick", is_flag=True, help="fewer runs; slow keys come from the last full run")
@json_option("the report")
@click.option("--only", default="", metavar="A,B", help=f"these keys only: {', '.join(KEYS)}")
@click.option("--keep", is_flag=True, help=f"keep this full run in {LAST_FULL.name}, for quick ones")
@click.option("--cost", is_flag=True, help="price days of 24 and 96 races at both sizes instead, and draw them")
@click.option("--tape", type=FILE, metavar="TAPE", help="measure this tape instead: its sizes, its replay, its export")
@click.option("--store", metavar="FILE|env", help="with --tape: replay at the slots of this ledger")
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
    if args.tape is not None:
        return _tape(args)
    if args.cost:
        from local.bench.cost import run_cost

        return run_cost(args.json)
    began = time.monotonic()
    try:
        report = run(keys, quick=args.quick, told=_told)
    except ProbeFailed as error:
        print(f"raceday bench: {error}", file=sys.stderr)
        return 3
    report["wall_secs"] = round(time.monotonic() - began, 1)
    print(table(report))
    for path in [args.json] * bool(args.json) + [LAST_FULL] * args.keep:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, report)
    found = missed(report)
    if found:
        print(f"missed: {', '.join(found)}", file=sys.stderr)
    return 1 if found else 0


def _told(key: str) -> None:
    doing(f"measuring {key}")
    print(f"measuring {key}", file=sys.stderr)


def _tape(args: Options) -> int:
    """Print what a tape costs; 0 all goals met, 1 one is missed, 2 no such tape or store."""
    from local.bench.tape_figures import measure_tape
    from local.tape.opening import opened

    try:
        store = stores.present(args.store) if args.store else ""
        found = measure_tape(opened(args.tape), store, lambda what: print(what, file=sys.stderr))
    except ValueError as error:
        print(f"raceday bench: {error}", file=sys.stderr)
        return 2
    for figure in found:
        print(figure)
    if args.json is not None:
        write_json(args.json, [asdict(figure) for figure in found])
    return 0 if all(figure.met for figure in found) else 1
