"""`./raceday outages`: a day through each of the store's outages, and what each cost it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from local.options import Options, write_json
from local.progress import counted

if TYPE_CHECKING:
    from local.simulate.outages import Trial

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
# What a day through an outage takes at each depth, in calm days on a store in memory: measured with two races.
CALM_DAYS = {"wire": 3.5, "full": 2.1}
WORDS = {"outage", "depth", "clients"}


def run(args: Options) -> int:
    """Run the command; 0 fine, 1 where the present clients lost a slot, doubled one, or left rows that differ."""
    from local.simulate.outages import Tried, outage_rows, run_trial, trials
    from local.simulate.plan import DayPlan

    console = Console(stderr=True)
    plan = DayPlan(seed=args.seed, races=args.races, store_profile=args.store_profile)
    asked = trials(plan, args.depths, args.kinds, args.clients)
    calm, *others = asked
    _say(
        console, f"{len(asked)} days of {args.races} races; the calm one comes first and tells how long the others take"
    )

    def done() -> Iterator[Tried]:
        begun = time.monotonic()
        yield run_trial(calm)
        _say(console, expected(others, time.monotonic() - begun, args.jobs))
        if args.jobs == 1:
            yield from map(run_trial, counted(others, "days through an outage", len(others)))
            return
        with ProcessPoolExecutor(args.jobs) as pool:
            days = as_completed([pool.submit(run_trial, trial) for trial in others])
            yield from (day.result() for day in counted(days, "days through an outage done", len(others)))

    ended: list[Mapping[str, Any]] = []

    def tell(row: Mapping[str, Any]) -> None:
        """Say a row and keep it with those before: a run that is cut short has the days that it went through."""
        ended.append(row)
        _say(console, filled(row, console.width))
        if args.json is not None:
            write_json(args.json, ended, indent=2)

    # As asked for, whichever day ended first.
    kinds = [(trial.plan.depth, trial.plan.network, "former" if trial.former else "present") for trial in others]
    order = {kind: at for at, kind in enumerate(kinds)}
    rows = outage_rows(done(), tell)
    rows.sort(key=lambda row: order.get((row["depth"], row["outage"], row["clients"]), 0))
    # A pipe has no width: rich would take 80 columns and cut words.
    screen = Console()
    out = Console(width=None if screen.is_terminal else WIDE)
    title = f"{args.races} races, store {args.store_profile}; seconds by which labels are later than on a calm day"
    table = _table(rows, title)
    if out.width < Console(width=WIDE).measure(table).maximum:
        print("\n".join([title, *(filled(row, out.width) for row in rows)]))
    else:
        out.print(table)
    bad = [row for row in rows if row["clients"] == "present" and row["troubles"]]
    for row in bad:
        told = ", ".join(f"{count} {name}" for name, count in row["troubles"].items())
        print(f"FAILED: {row['outage']} at {row['depth']} depth: {told}")
        print("".join(f"  {line}\n" for line in (*row["examples"], f"again: {row['again']}")), end="")
    if args.json is not None:
        write_json(args.json, rows, indent=2)
    return int(bool(bad))


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False, markup=False)


def expected(others: Sequence["Trial"], calm_secs: float, jobs: int) -> str:
    """Say how long the other days take, by what the calm one took here and now."""
    each = [calm_secs * CALM_DAYS[trial.plan.depth] for trial in others]
    minutes = max([sum(each) / jobs, *each]) / 60
    told = f"about {minutes:,.0f} minutes" if minutes >= 1.5 else "a minute or two"
    return f"the calm day took {calm_secs:.0f} s: expect {told} for the other {len(others)}"


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def filled(row: Mapping[str, Any], width: int) -> str:
    """Return a row's figures by name on as many lines as they need: none is cut in two."""
    lines = [""]
    for name, head in COLUMNS.items():
        word = f"{head} {_cell(row[name])}"
        if lines[-1] and len(lines[-1]) + 2 + len(word) > width:
            lines.append("   ")
        lines[-1] += f"  {word}" if lines[-1].strip() else f"{lines[-1] and ' '}{word}"
    return "\n".join(lines)


def _table(rows: Sequence[Mapping[str, Any]], title: str) -> Table:
    table = Table(title=title)
    for name, head in COLUMNS.items():
        table.add_column(head, justify="left" if name in WORDS else "right")
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in COLUMNS))
    return table
