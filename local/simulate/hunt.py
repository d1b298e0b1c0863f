"""Looking for days that fail: seed after seed, each finding kept with what replays it, and cut down on demand."""

import json
import re
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from local.feedsim import generate_day
from local.simulate.day import day_end, day_start
from local.simulate.faults import profile
from local.simulate.plan import DayPlan
from local.simulate.run import simulate_day
from local.simulate.shrink import NOTHING, Case, Shrinker
from local.simulate.verdict import replay, troubles, verdict

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FaultDay:
    """A day and the faults that it runs under, as a command asks for them."""

    plan: DayPlan
    faults: str
    kinds: tuple[str, ...] = ()

    def run(self, case: Case | None = None) -> Report:
        """Simulate the day, cut down to a case where there is one; the report says how it was asked for."""
        plan, span, kinds = self.plan, None, self.kinds
        if case is not None:
            plan, kinds, span = replace(plan, only=case.races), case.kinds or (NOTHING,), (case.since, case.until)
        seams = None if self.faults == "none" else profile(self.faults, kinds, span)
        report = simulate_day(plan, seams=seams)
        return report | {"asked": plan.races, "faults": self.faults, "cut": [] if case is None else case.words()}


def shrunk(asked: FaultDay, report: Report, told: Callable[[str], None]) -> tuple[Case, Report]:
    """Return the smallest case of a failing day that was found, and its report."""
    day = generate_day(asked.plan.seed, asked.plan.day, asked.plan.races, options=asked.plan.options)
    every = tuple(race.race_id for race in day.core_races)
    kinds = tuple(report.get("faults_injected", {}).get("by_kind", {}))
    case = Case(every, kinds, day_start(asked.plan.day), day_end(day), asked.faults != "none")
    named = UUID.findall("\n".join(verdict([report])))
    suspects = [race for race in dict.fromkeys(named) if race in every]
    found = Shrinker(lambda each: troubles(asked.run(each)), told).smallest(case, troubles(report), suspects)
    return found, asked.run(found)


def seeds(asked: FaultDay) -> Iterator[FaultDay]:
    """Return the days of one seed after another, without end."""
    seed = asked.plan.seed
    while True:
        yield replace(asked, plan=replace(asked.plan, seed=seed, store=":memory:"))
        seed += 1


def _run(asked: FaultDay) -> Report:
    try:
        return asked.run()
    except Exception:
        plan = asked.plan
        return {"seed": plan.seed, "date": plan.day.isoformat(), "asked": plan.races, "depth": plan.depth,
                "faults": asked.faults, "raised": traceback.format_exc()}  # fmt: skip


def hunt(asked: FaultDay, folder: Path, jobs: int, told: Callable[[str], None], days: int | None = None) -> int:
    """Run new seeds until stopped, or `days` of them; keep each day that fails in `folder`; return how many did."""
    folder.mkdir(parents=True, exist_ok=True)
    found = 0
    with ProcessPoolExecutor(jobs) as pool:
        for batch in _batches(islice(seeds(asked), days), jobs):
            for report in pool.map(_run, batch):
                found += _kept(report, folder, told)
    return found


def _batches(days: Iterator[FaultDay], size: int) -> Iterator[list[FaultDay]]:
    while batch := list(islice(days, size)):
        yield batch


def _kept(report: Report, folder: Path, told: Callable[[str], None]) -> bool:
    lines = [f"RAISED: {report['raised']}", f"  again: {replay(report)}"] if "raised" in report else verdict([report])
    if not lines:
        polls = report["polls"]
        told(f"seed {report['seed']}: {polls['committed']:,} polls, nothing wrong")
        return False
    name = f"{report['date']}-{report['seed']}-{report['depth']}"
    (folder / f"{name}.json").write_text(json.dumps(report, indent=2, default=str) + "\n")
    (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
    for line in lines:
        told(line)
    return True
