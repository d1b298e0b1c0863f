"""`python -m local.simulate.campaigns [NAME ...]`: the days a release is held to, and a table of what came of them.

Each set of days is one row. What fails is told with the command that simulates it again, and the exit code is 1.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations
from typing import Any

from local.feedsim import DayOptions, FeedDay
from local.simulate.faults import PROFILES, DayFaults, profile
from local.simulate.plan import DayPlan
from local.simulate.removal import WAYS, flagged
from local.simulate.run import simulate_day
from local.simulate.shapes import SHAPES, shaped
from local.simulate.tables import Tables
from local.simulate.verdict import verdict
from local.simulate.world import SimWorld

NONE = "none"
# Seeds whose plain days once raised false alarms.
ALARMED = (8675309, 5006)
HEAD = (
    "| days of | how many | slots | missing | lost | unreported | doubled | wrong | rows judged | rows that differ |"
    " flagged of those taken away |"
)
# Of slots that are taken away again so many are flagged; held to where enough were.
FLAGGED_SHARE, FLAGGED_FROM = 0.95, 60


@dataclass(frozen=True, slots=True)
class CampaignDay:
    """One day and the faults, joined by +, that strike it; `dated` keeps its date whatever they are."""

    plan: DayPlan
    faults: str = NONE
    dated: bool = False


def _plain() -> Iterator[CampaignDay]:
    for i, seed in enumerate((*ALARMED, *range(1000, 1038))):
        yield CampaignDay(DayPlan(seed=seed, races=(3, 4, 6)[i % 3], depth="port"))


def _all(days: int, first: int = 1, races: int = 2, depth: str = "port") -> Iterator[CampaignDay]:
    return (CampaignDay(DayPlan(seed=seed, races=races, depth=depth), "all") for seed in range(first, first + days))


def _wire() -> Iterator[CampaignDay]:
    for seed in range(1, 21):
        yield CampaignDay(DayPlan(seed=seed, races=2, depth="wire", network="storm" if seed % 2 else "calm"))


def _profiles() -> Iterator[CampaignDay]:
    for i, name in enumerate(sorted({*PROFILES, *SHAPES} - {"all", "saturdays"})):
        for seed in (1, 2):
            yield CampaignDay(DayPlan(seed=100 * i + seed, races=3, depth="port"), name)


def _pairs() -> Iterator[CampaignDay]:
    for i, pair in enumerate(combinations(sorted(PROFILES.keys() - {"all"}), 2)):
        yield CampaignDay(DayPlan(seed=5000 + i, races=2, depth="port"), "+".join(pair))


def _nights() -> Iterator[CampaignDay]:
    days = (date(2026, 4, 5), date(2026, 9, 27), date(2026, 10, 4), date(2026, 12, 31), date(2027, 1, 1),
            date(2028, 2, 29))  # fmt: skip
    for i, day in enumerate(days):
        for faults in (NONE, "all"):
            yield CampaignDay(DayPlan(seed=40 + i, races=3, depth="port", day=day), faults, dated=True)


SETS: Mapping[str, Any] = {
    "plain": _plain,
    "all": lambda: _all(200),
    "full": lambda: _all(20, 301, depth="full"),
    "wire": _wire,
    "profiles": _profiles,
    "pairs": _pairs,
    "nights": _nights,
    "one race": lambda: iter(
        [CampaignDay(DayPlan(seed=s, races=1, depth="port"), f) for s in (3, 4) for f in (NONE, "all")]
    ),
    "200 races": lambda: iter([CampaignDay(DayPlan(seed=1, races=200, depth="port"))]),
    # More than a page of the feed's list, wanted meetings among those of countries that nobody polls.
    "paging": lambda: iter(
        [CampaignDay(DayPlan(seed=s, races=16, depth="port", options=DayOptions(foreign_meetings=220))) for s in (1, 2)]
    ),
    # As many wanted meetings as that, 102 of eight races: 17 minutes of a processor.
    "816 races": lambda: iter([CampaignDay(DayPlan(seed=1, races=816, depth="port"))]),
    "saturdays": lambda: iter([CampaignDay(DayPlan(seed=1, races=480, depth="port"), "saturdays")]),
}


def simulated(asked: CampaignDay) -> dict[str, Any]:
    """Simulate one day and give its report with what was asked for."""
    plan = shaped(asked.plan, asked.faults, asked.plan.seed, dated=asked.dated)
    taken = Counter[str]()

    def take_away(day: FeedDay, world: SimWorld, tables: Tables, end: datetime) -> None:
        for way in WAYS if isinstance(world.seams, DayFaults) else ():
            found = flagged(day, world.seams, tables, end, way, one_in=5)  # type: ignore[arg-type]
            taken.update({"removed": found.removed, "lost": found.lost})

    report = simulate_day(plan, seams=None if asked.faults == NONE else profile(asked.faults), on_end=take_away)
    return report | {"asked": plan.races, "faults": asked.faults, "cut": [], "taken_away": dict(taken)}


def row(name: str, reports: Sequence[Mapping[str, Any]]) -> str:
    """Return the table's row of one set."""
    polls = Counter[str]()
    for report in reports:
        polls.update({key: report["polls"].get(key, 0) for key in
                      ("expected", "missing", "lost", "unreported", "duplicate", "wrong")})  # fmt: skip
        polls["lost"] += report.get("network", {}).get("lost", 0)
    rows, differ = (sum(report["judged"][key] for report in reports) for key in ("rows", "count"))
    share = polls["missing"] / max(1, polls["expected"])
    figures = [polls[key] for key in ("lost", "unreported", "duplicate", "wrong")]
    cells = [len(reports), f"{polls['expected']:,}", f"{polls['missing']} ({share:.2%})", *figures, f"{rows:,}", differ]
    removed, lost = taken_away(reports)
    cells.append(f"{lost} of {removed}" if removed else "-")
    return f"| {name} | {' | '.join(map(str, cells))} |"


def taken_away(reports: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Return how many committed slots were taken away again, in three ways, and how many of them were flagged."""
    return tuple(sum(r.get("taken_away", {}).get(key, 0) for r in reports) for key in ("removed", "lost"))


def unflagged(name: str, reports: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line where too few of the slots that were taken away were flagged."""
    removed, lost = taken_away(reports)
    if removed < FLAGGED_FROM or lost >= FLAGGED_SHARE * removed:
        return []
    return [f"FAILED: {name}: {lost} of {removed} slots taken away are flagged, at least {FLAGGED_SHARE:.0%} must be"]


def excused(reports: Sequence[Mapping[str, Any]]) -> str:
    """Return the excuses of a set by kind, the commonest first."""
    kinds = Counter[str]()
    for report in reports:
        kinds.update(report["polls"].get("excused", {}))
    return ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())


def main(words: Sequence[str]) -> int:
    """Run the sets that are named, NAME or NAME:DAYS for the first so many of its days; all of them without a name."""
    if {"-h", "--help"} & set(words):
        print(f"{__doc__}\nSets, each with :DAYS for its first days alone: {', '.join(SETS)}")
        return 0
    failed = False
    asked = [word.partition(":") for word in words or SETS]
    for name, colon, most in asked:
        if name not in SETS or (colon and not (most.isdecimal() and int(most) > 0)):
            got = repr(f"{name}{colon}{most}")
            print(f"expected some of {', '.join(SETS)}, each with :DAYS from 1 or without; got {got}", file=sys.stderr)
            return 2
    print(HEAD, "|---" * (HEAD.count("|") - 1) + "|", sep="\n")
    for name, _, most in asked:
        days = list(SETS[name]())[: int(most) if most else None]
        reports = [simulated(day) for day in days]
        parts = {r["faults"]: [each for each in reports if each["faults"] == r["faults"]] for r in reports}
        told = verdict(reports)
        for part, each in parts.items() if name == "profiles" else [(name, reports)]:
            print(row(part, each), flush=True)
            if kinds := excused(each):
                print(f"<!-- {part}: excused {kinds} -->", flush=True)
            told += unflagged(part, each)
        for line in told:
            failed = True
            print(line, file=sys.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
