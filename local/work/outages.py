"""`./raceday outages`: a day through each of the store's outages, and what each cost it."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.table import Table

from local.options import Options, write_json
from local.progress import counted

COLUMNS = {
    "depth": "depth",
    "outage": "outage",
    "clients": "clients",
    "outages": "outages",
    "slots": "slots",
    "gaps": "gaps",
    "lost": "lost",
    "doubled": "doubled",
    "later_p50_secs": "p50",
    "later_p99_secs": "p99",
    "later_max_secs": "max",
}
WIDE = 200
WORDS = {"outage", "depth", "clients"}


def run(args: Options) -> int:
    """Run the command; 0 fine, 1 where the present clients lost a slot, doubled one, or left rows that differ."""
    from local.simulate.outages import Tried, outage_rows, run_trial, trials
    from local.simulate.plan import DayPlan

    console = Console(stderr=True)
    plan = DayPlan(seed=args.seed, races=args.races, store_profile=args.store_profile)
    asked = trials(plan, args.depths, args.kinds, args.clients)

    def done() -> Iterator[Tried]:
        if args.jobs == 1:
            yield from map(run_trial, counted(asked, "days", len(asked)))
            return
        with ProcessPoolExecutor(args.jobs) as pool:
            yield from counted(pool.map(run_trial, asked), "days done", len(asked))

    rows = outage_rows(done(), lambda row: console.print("  ".join(f"{k} {row[k]}" for k in COLUMNS)))
    table = Table(
        title=f"{args.races} races, store {args.store_profile}; seconds by which labels are later than on a calm day"
    )
    for name, head in COLUMNS.items():
        table.add_column(head, justify="left" if name in WORDS else "right")
    for row in rows:
        table.add_row(
            *(f"{row[name]:,}" if isinstance(row[name], (int, float)) else str(row[name]) for name in COLUMNS)
        )
    # A pipe has no width: rich would take 80 columns and cut words.
    screen = Console()
    Console(width=None if screen.is_terminal else WIDE).print(table)
    bad = [row for row in rows if row["clients"] == "present" and row["troubles"]]
    for row in bad:
        told = ", ".join(f"{count} {name}" for name, count in row["troubles"].items())
        print(f"FAILED: {row['outage']} at {row['depth']} depth: {told}")
        print("".join(f"  {line}\n" for line in (*row["examples"], f"again: {row['again']}")), end="")
    if args.json is not None:
        write_json(args.json, rows, indent=2)
    return int(bool(bad))
