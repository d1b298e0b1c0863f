"""How many slots each kind of excuse may stand for: more than its faults can have cost hides something."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

# A call of the feed is about one race; what else is struck may take the slots of all races with it, three instants.
OF_ONE_RACE = ("feed.", "payload.", "outage.feed")
SLOTS_A_STRIKE = 3
# An excuse that no fault is named by may stand for so many of a day's slots; any kind for so many at any rate.
DERIVED_SHARE, LEAST = 0.02, 3
# A clock that is off strikes once, when its container is made, and is off as long as that lives.
STRUCK_BY: Mapping[str, Sequence[str]] = {"clock.off": ("clock.off", "clock.far_off", "clock.drift")}
# Of all expected slots of days under `all`, and of how many slots on such shares are held to.
MISSING_SHARE, COUNTED_FROM = 0.015, 1500
SHARES: Mapping[str, float] = {
    "outage.feed": 0.008,
    "outage.store": 0.003,
    "activation.": 0.007,
    "tick.missed": 0.002,
    "clock.off": 0.002,
}
OTHER_SHARE = 0.002


def beyond(report: Mapping[str, Any]) -> dict[str, int]:
    """Return by kind how many slots of one day are excused beyond what the faults that struck can have cost."""
    polls, struck = report["polls"], report.get("faults_injected", {}).get("by_kind", {})
    most = {kind: _most(kind, struck, report["races"], polls["expected"]) for kind in polls.get("excused", {})}
    return {kind: count - most[kind] for kind, count in polls.get("excused", {}).items() if count > most[kind]}


def _most(kind: str, struck: Mapping[str, int], races: int, expected: int) -> int:
    if "." not in kind:
        return max(LEAST, round(DERIVED_SHARE * expected))
    strikes = sum(struck.get(name, 0) for name in STRUCK_BY.get(kind, (kind,)))
    return max(LEAST if strikes else 0, strikes if kind.startswith(OF_ONE_RACE) else strikes * races * SLOTS_A_STRIKE)


def shares_beyond(reports: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what is excused too often over days under all faults at once; nothing for few slots."""
    days = [report for report in reports if report["faults"] == "all"]
    expected = sum(report["polls"]["expected"] for report in days)
    if expected < COUNTED_FROM:
        return []
    excused: Counter[str] = Counter()
    for report in days:
        for kind, count in report["polls"]["excused"].items():
            excused[next((bound for bound in SHARES if kind.startswith(bound)), kind)] += count
    found = [
        f"{kind} excuses {count / expected:.2%} of {expected} slots, at most {SHARES.get(kind, OTHER_SHARE):.2%} may be"
        for kind, count in sorted(excused.items())
        if count > SHARES.get(kind, OTHER_SHARE) * expected
    ]
    missing = sum(report["polls"]["missing"] for report in days)
    if missing > MISSING_SHARE * expected:
        found.append(f"{missing / expected:.2%} of {expected} slots are missing, at most {MISSING_SHARE:.2%} may be")
    return found
