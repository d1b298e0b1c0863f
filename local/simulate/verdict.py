"""Whether a simulated day came out as it had to, what is wrong where it did not, and how to see it again."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from local.simulate.excuses import beyond, shares_beyond

MOST_LINES = 12


def troubles(report: Mapping[str, Any]) -> dict[str, int]:
    """Return everything that was counted and must be 0 but is not, by its name."""
    polls, faulty = report["polls"], "faults_injected" in report
    counts = {
        "rows that differ": report["judged"]["count"],
        "activations that crashed": len(report["crashes"]),
        "deeds that were forbidden": len(report.get("forbidden", ())),
        "slots polled twice": polls["duplicate"],
        "polls that nothing asks for": polls["unexpected"],
        "writes that the store dropped": report.get("writes_dropped", 0),
    }
    if faulty:
        counts |= {
            "slots lost": polls["lost"],
            "slots missing and not told": polls["unreported"],
            "polls that are wrong": polls["wrong"],
            "slots excused beyond what struck": sum(beyond(report).values()),
            "races never stored": report["stored"]["absent"],
            **{name.replace("_", " "): count for name, count in report["at_the_end"].items()},
        }
    elif "network" in report:
        counts |= {"slots lost": report["network"]["lost"]}
    else:
        counts |= {
            "slots missing": polls["missing"],
            "gaps told of no absent slot": polls["gaps_unexplained"],
            "slots of a pause and not told": polls["paused_untold"],
            "slots handed out twice": polls["handed_again"],
            "slots polled late": polls["begun_late"],
            "imports that failed": len(report["failures"]),
        }
    return {name: count for name, count in counts.items() if count}


def fine(report: Mapping[str, Any]) -> bool:
    """Tell whether a day came out as it had to."""
    return not troubles(report)


def replay(report: Mapping[str, Any]) -> str:
    """Return the command that simulates one day again with its trace."""
    words = [f"{name}={value}" for name, value in report.get("settings", {}).items()]
    words += ["./raceday", "simulate", "--seed", report["seed"], "--date", report["date"], "--races", report["asked"]]
    words += ["--depth", report["depth"]]
    for option, value in report.get("options", {}).items():
        words += [f"--{option}", value] if value else [f"--{option}"]
    if report["faults"] != "none":
        words += ["--faults", report["faults"]]
    words += report.get("cut", ())
    return shlex.join([*map(str, words), "--trace"])


def verdict(reports: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the lines that tell of every day that failed, and of what is excused too often over all of them.

    There are none where all came out as they had to.
    """
    lines: list[str] = []
    for report in reports:
        found = troubles(report)
        if not found:
            continue
        lines.append(f"FAILED: seed {report['seed']}, {report['date']}: {counted(found)}")
        lines += [f"  {line}" for line in examples(report)]
        lines.append(f"  again: {replay(report)}")
    return [*lines, *(f"FAILED: {line}" for line in shares_beyond(reports))]


def counted(found: Mapping[str, int]) -> str:
    """Return counts in one line."""
    return ", ".join(f"{count} {name}" for name, count in found.items())


def examples(report: Mapping[str, Any]) -> list[str]:
    """Return the first differences of a day, one a line."""
    judged = [told(each) for each in report["judged"]["examples"]]
    crashed = [f"crash: {line}" for line in report["crashes"]]
    differing = report["polls"]["differences"]
    polls = [each if isinstance(each, str) else told({"table": "slots", **each}) for each in differing]
    failed = [f"import: {each['item']}: {each.get('message') or each.get('error')}" for each in report["failures"]]
    crashed += report.get("forbidden", ())
    polls += [f"{kind} excuses {count} slots more than it can have cost" for kind, count in beyond(report).items()]
    every = [*crashed, *judged, *polls, *(failed if "faults_injected" not in report else ())]
    more = len(every) - MOST_LINES
    return every[:MOST_LINES] + ([f"and {more} more; --json FILE lists them"] if more > 0 else [])


def told(each: Mapping[str, Any]) -> str:
    """Return one difference in one line: table, race, row, column, expected and found."""
    where = " ".join(str(each[name]) for name in ("table", "race", "key", "column") if each.get(name))
    if each["what"] == "wrong" and "column" in each:
        return f"{where}: expected {each['expected']}, found {each['found']}"
    return f"{where}: {each['what']}{f' ({found})' if (found := each.get('found')) else ''}"
