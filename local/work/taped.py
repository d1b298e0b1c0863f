"""`./raceday simulate --feed tape:FILE`: a day whose feed is a tape, told without a judgement."""

import sys
from pathlib import Path

from local import stores
from local.functions import ROOT
from local.options import Options, write_json
from local.simulate.taped import simulate_tape
from local.tape.opening import opened
from raceday.settings import Settings

TAPED_STORE = ROOT / ".raceday" / "taped.db"


def simulate_taped(args: Options, path: Path, settings: Settings) -> int:
    """Let the tape's day pass; 0 done, 2 wrong usage, 3 nothing was polled."""
    store = args.store or TAPED_STORE
    try:
        tape = opened(path)
        if args.store is None:
            stores.remove(store)
        elif store.exists():
            raise ValueError(f"{store} is there already: name another with --store, or remove it")
        report = simulate_tape(tape, store, settings=settings, seed=args.seed, day=args.date, keep=args.tape)
    except (ValueError, FileExistsError) as error:
        print(f"raceday simulate: {error}", file=sys.stderr)
        return 2
    if args.json is not None:
        write_json(args.json, report, indent=2, default=str)
    for name, value in report.items():
        print(f"{name:<10} {value}")
    return 0 if report["stored"]["polls"] else 3
