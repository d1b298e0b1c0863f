"""`./raceday simulate`: a whole race day on a virtual clock, through the real functions."""

import importlib
import importlib.util
import os
import sys
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from local import stores
from local.choices import SIMULATED_DAY
from local.functions import ROOT
from local.options import YEARS, Options, write_json
from local.simulate.campaign import campaign, table
from local.simulate.plan import DayPlan
from local.simulate.run import import_recorded, simulate_day
from local.simulate.seams import FaultHooks
from local.simulate.shapes import shaped
from local.simulate.shrink import NoRaceOfDay
from local.simulate.verdict import fine, verdict
from local.simulate.world import SimWorld, settings_from_env
from local.store_file import NotAStore, check_file
from local.work.taped import simulate_taped
from raceday.settings import specs

STORE = ROOT / ".raceday" / "simulate.db"
RECORDED_STORE = ROOT / ".raceday" / "recorded.db"
STEP_SECS = 10.0
Span = tuple[datetime, datetime]
# Settings that the environment may change here; a generated day's wanted races are known to the oracle as gallops and
# harness alone.
FILTERS = ("countries", "codes", "greyhounds")
PACE = (
    "feed_rate_per_sec",
    "feed_concurrency",
    "polls_at_once",
    "races_per_poller",
    "hand_out",
    "batch_limit",
    "legacy_schedules",
    "near_interval_secs",
    "last_interval_secs",
)


def run(args: Options) -> int:
    """Run the command; 0 done, 1 done with findings, 2 wrong usage."""
    console = Console(stderr=True)
    kind, _, folder = args.feed.partition(":")
    # A generated day's races are all wanted.
    if chosen := _chosen(*PACE, *(FILTERS if folder else ())):
        named = ", ".join(f"{name}={value}" for name, value in chosen.items())
        print(f"note: settings of the environment or its file count here: {named}", file=sys.stderr)
    if kind == "recorded" and folder:
        return _recorded(args, Path(folder), console)
    if kind == "tape" and folder:
        return simulate_taped(args, Path(folder), settings_from_env(*FILTERS, *PACE))
    if args.date is not None and args.date.year not in YEARS:
        print(f"raceday simulate: --date: expected a day of the years {YEARS[0]} to {YEARS[-1]}", file=sys.stderr)
        return 2
    if args.feed != "generated":
        print(
            f"raceday simulate: --feed: expected generated, tape:FILE or recorded:DIR, got {args.feed!r}",
            file=sys.stderr,
        )
        return 2
    try:
        fault_profile(args.faults, args.kinds, args.span)
    except ValueError as error:
        print(f"raceday simulate: --faults: {error}", file=sys.stderr)
        return 2
    if wrong := _wrong_network(args):
        print(f"raceday simulate: --network {args.network}: {wrong}", file=sys.stderr)
        return 2
    if args.store is not None and (wrong := _wrong_store(args)):
        print(f"raceday simulate: --store: {wrong}", file=sys.stderr)
        return 2
    if args.tape is not None and (args.days > 1 or args.variants or args.tape.exists()):
        print("raceday simulate: --tape: expected a new file, and one day of the engine as it is", file=sys.stderr)
        return 2
    if args.tape is not None and not args.tape.parent.is_dir():
        print(f"raceday simulate: --tape: {args.tape}: there is no folder {args.tape.parent}", file=sys.stderr)
        return 2
    if args.variants:
        return _variants(args, console)
    if args.forever:
        return _forever(args)
    try:
        reports = list(_days(args, console))
    except NoRaceOfDay as error:
        print(f"raceday simulate: --only: {error}", file=sys.stderr)
        return 2
    report = reports[0] if len(reports) == 1 else campaign(reports)
    _write(args.json, report)
    Console().print(table(report))
    told = verdict(reports)
    for line in told:
        print(line)
    if args.shrink:
        _shrink(args, reports)
    return 1 if told else 0


def _forever(args: Options) -> int:
    """Run new seeds until stopped; 0 where none failed, 1 where one did."""
    from local.simulate.hunt import FaultDay, hunt

    found = 0
    try:
        found = hunt(FaultDay(_plan(args, 0), args.faults, args.kinds), args.findings, args.jobs, print)
    except KeyboardInterrupt:
        found = len(list(args.findings.glob("*.txt")))
        print(f"stopped; {found} findings in {args.findings}")
    return 1 if found else 0


def _shrink(args: Options, reports: list[dict[str, Any]]) -> None:
    """Cut the first day that failed down, and say how it is run again."""
    if all(map(fine, reports)):
        print("--shrink: no day failed, so there is nothing to shrink")
        return
    from local.simulate.hunt import FaultDay, shrunk

    for i, report in enumerate(reports):
        if fine(report):
            continue
        asked = FaultDay(replace(_plan(args, i), store=":memory:"), args.faults, args.kinds)
        _, smallest = shrunk(asked, report, lambda line: print(f"  still fails: {line}", file=sys.stderr))
        for line in verdict([smallest]):
            print(line)
        return


def _wrong_store(args: Options) -> str:
    """Say what is wrong with keeping these days in one file, "" where nothing is."""
    if args.depth == "port":
        return "expected --depth full or wire with it, for the store of port depth is in memory and no file is written"
    try:
        check_file(args.store)
    except NotAStore as error:
        return str(error)
    if args.days > 1:
        return "expected --days 1 with it, for rows of the days before would count as each next one's"
    if args.faults != "none" and args.store.exists():
        # Rows of another run would count as this one's, and what its faults cost as lost here.
        return f"expected a new file for a day under faults, and {args.store} is there"
    return ""


def _wrong_network(args: Options) -> str:
    """Say what is wrong with a network at this depth, "" where nothing is."""
    if args.network == "calm" or args.depth == "wire":
        return ""
    if args.network == "storm" or args.depth == "port":
        return f"expected --depth wire with it, got {args.depth}"
    return ""


def _days(args: Options, console: Console) -> Iterator[dict[str, Any]]:
    """Simulate the days asked for, one after another with a bar each, or some at once in processes."""
    plans = [_plan(args, i) for i in range(args.days)]
    if args.jobs > 1 and args.days > 1:
        with ProcessPoolExecutor(args.jobs) as pool, _bar(console, f"{args.days} days") as told:
            for i, report in enumerate(pool.map(_one, plans, repeat((args.faults, args.kinds, args.span)))):
                told((i + 1) / args.days)
                yield _asked(report, args)
        return
    for i, plan in enumerate(plans):
        if plan.store == STORE and plan.depth != "port":
            stores.remove(STORE)
        with _bar(console, f"day {i + 1} of {args.days}" if args.days > 1 else "race day") as told:
            report = simulate_day(
                plan, seams=fault_profile(args.faults, args.kinds, args.span), progress=told, trace=_tracer(args)
            )
            yield _asked(report, args)


def _asked(report: dict[str, Any], args: Options) -> dict[str, Any]:
    """Return a day's report with what was asked for, which is what it takes to simulate it again."""
    cut = ["--only", ",".join(args.only)] if args.only else []
    cut += ["--kinds", ",".join(args.kinds)] if args.kinds else []
    cut += ["--span", "..".join(f"{at:%Y-%m-%dT%H:%M}" for at in args.span)] if args.span else []
    return report | {"asked": args.races, "faults": args.faults, "cut": cut, "settings": _chosen(*PACE)}


def _chosen(*fields: str) -> dict[str, str]:
    """Return the variables of these settings that are set."""
    names = [spec.env for name, spec in specs().items() if name in fields]
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def _variants(args: Options, console: Console) -> int:
    """Judge each engine by the same days; 0 where every broken one was caught and the real one was not."""
    from local.simulate.variants import VARIANTS, judged, summed

    seams = fault_profile(args.faults if args.faults != "none" else "all")
    assert seams is not None
    rows = []
    for name in VARIANTS:
        with _bar(console, name) as told:
            each = []
            for i in range(args.days):
                each.append(judged(name, replace(_plan(args, i), store=":memory:"), seams))
                told((i + 1) / args.days)
            rows.append(summed(name, each))
    made = Table(title=f"Engines under the same faults: {args.days} days of {args.races} races")
    for key in rows[0]:
        if key != "examples":
            made.add_column(key.replace("_", " "), justify="left" if key == "variant" else "right")
    for row in rows:
        made.add_row(*(str(value) for key, value in row.items() if key != "examples"))
    _write(args.json, {"variants": rows})
    Console().print(made)
    caught = [any(v for v in row.values() if isinstance(v, int)) for row in rows]
    return 0 if caught == [False, *[True] * (len(rows) - 1)] else 1


def _one(plan: DayPlan, faults: tuple[str, Collection[str], Span | None]) -> dict[str, Any]:
    return simulate_day(plan, seams=fault_profile(*faults))


def fault_profile(
    name: str, kinds: Collection[str] = (), span: Span | None = None
) -> Callable[[SimWorld], FaultHooks] | None:
    """Return the maker of a fault profile's seams, None for none; ValueError for a name that is no profile."""
    if name == "none":
        return None
    if importlib.util.find_spec("local.simulate.faults") is None:
        raise ValueError(f"expected none, got {name!r}")
    profile: Callable[[SimWorld], FaultHooks] = importlib.import_module("local.simulate.faults").profile(
        name, kinds, span
    )
    return profile


def _plan(args: Options, i: int) -> DayPlan:
    """Return one day's plan; of several the last is kept in the store that nobody asked for, no other."""
    store: str | Path = args.store or (STORE if args.jobs == 1 and i == args.days - 1 else ":memory:")
    day = (args.date or SIMULATED_DAY) + timedelta(days=i)
    settings = settings_from_env(*PACE)
    plan = DayPlan(
        seed=args.seed + i,
        races=args.races,
        day=day,
        depth=args.depth,
        store=store,
        tape=args.tape,
        settings=settings,
        only=args.only,
        paused=args.paused,
    )
    plan = replace(plan, network=args.network, store_profile=args.store_profile, sizes=args.sizes, whole=args.whole)
    return shaped(plan, args.faults, i, dated=args.date is not None)


def _recorded(args: Options, folder: Path, console: Console) -> int:
    try:
        with _bar(console, "import"):
            settings = settings_from_env(*FILTERS, *PACE)
            report = import_recorded(folder, args.store or RECORDED_STORE, args.date, settings=settings, seed=args.seed)
    except ValueError as error:
        print(f"raceday simulate: {error}", file=sys.stderr)
        return 2
    _write(args.json, report)
    Console().print(table(report))
    for failure in report["failures"][:5]:
        console.print(f"  {failure['item']}: {failure.get('message') or failure.get('error')}", style="yellow")
    if (more := len(report["failures"]) - 5) > 0:
        console.print(f"  and {more} more; --json lists them all", style="yellow")
    return 0 if report["stored"]["races"] else 3


def _write(path: Path | None, report: dict[str, Any]) -> None:
    if path is not None:
        write_json(path, report, indent=2, default=str)


def _tracer(args: Options) -> Callable[[str], None] | None:
    return (lambda line: print(line, file=sys.stderr)) if args.trace else None


def _steps(what: str) -> Callable[[float], None]:
    """Return a teller of progress where no bar can be drawn: a line every ten seconds."""
    told = [time.monotonic()]

    def tell(share: float) -> None:
        if time.monotonic() - told[0] >= STEP_SECS:
            told[0] = time.monotonic()
            print(f"{what}: {share:.0%}", file=sys.stderr, flush=True)

    return tell


@contextmanager
def _bar(console: Console, what: str) -> Iterator[Callable[[float], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    if not console.is_terminal:
        yield _steps(what)
        return
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share: bar.update(task, completed=share)
