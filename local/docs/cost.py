"""The tables of docs/cost.md that `./raceday bench --cost` has measured: local/bench/cost.json as Markdown."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from local.bench.cost import FIGURES
from local.bench.made_of import FAR, ROWS
from ops.packaging.appwrite_plans import DAYS_A_MONTH, PLANS
from ops.packaging.money import DOLLARS_A_GIB_SEC

# A day of so many races is what the page is about.
RACES = 24
CROWD = 1_000

Day = Mapping[str, Any]


def cost_blocks() -> dict[str, str]:
    """Return each block of the page by the name of its marks."""
    told: dict[str, Any] = json.loads(FIGURES.read_text("utf-8"))
    days: list[Day] = told["variants"]
    lean = next(day for day in days if (day["races"], day["sizes"]) == (RACES, "lean"))
    return {
        "cost-month": _month(told["commit"], days),
        "cost-made-of": _made_of(lean),
        "cost-written": _written(lean),
        "cost-a-poll": _a_poll(lean),
    }


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def _month(commit: str, days: Sequence[Day]) -> str:
    head = ("races a day", "sizes", "a month", "GiB-s a day", "99 in 100 late by, T-5 to Final / elsewhere")
    rows = [
        (
            str(day["races"]),
            day["sizes"],
            f"${day['month_dollars']:.2f}",
            f"{day['day_gib_secs']:,.0f}",
            f"{day['late_p99_critical_secs']:.2f} / {day['late_p99_elsewhere_secs']:.2f} s",
            *(f"{day[key]:,}" for key in ("cold_pollers", "rows_read", "rows_written", "calls")),
        )
        for day in days
    ]
    polls = " and ".join(
        f"{day['expected']:,} polls at {day['races']} races" for day in days if day["sizes"] == days[0]["sizes"]
    )
    bad = sum(day["missing"] + day["duplicate"] for day in days)
    made = _table((*head, "cold pollers", "rows read", "rows written", "calls"), rows)
    return f"{made}\n\nAt {commit}. Of {polls} {f'{bad} are' if bad else 'none is'} missing or doubled."


def _made_of(day: Day) -> str:
    parts: Mapping[str, Mapping[str, float]] = day["made_of"]
    rows = []
    for name in ROWS:
        part = parts[name]
        before = f"{part['before_slot']:,.0f}" if part["before_slot"] else ""
        rows.append((name, f"{part['runs']:,.0f}", f"{part['gib_secs']:,.0f}", before))
    rows.append(("**the day**", "", f"{day['day_gib_secs']:,.0f}", ""))
    dollars = parts[FAR]["gib_secs"] * DAYS_A_MONTH * DOLLARS_A_GIB_SEC
    return (
        _table(("", "runs", "GiB-s", "of them before the run's last slot"), rows)
        + f"\n\nThe minutes in which the scheduler waits for slots before T-5 or re-checks alone come to "
        f"{parts[FAR]['gib_secs']:,.0f} GiB-s a day, ${dollars:.2f} a month."
    )


def _written(day: Day) -> str:
    written: Mapping[str, int] = day["written_to"]
    rows = [(f"`{table}`", f"{count:,}") for table, count in sorted(written.items(), key=lambda each: -each[1])]
    return _table(("table", "rows"), [*rows, ("**the day**", f"{day['rows_written']:,}")])


def _a_poll(day: Day) -> str:
    written, read, calls = (day[key] / day["committed"] for key in ("rows_written", "rows_read", "calls"))
    month, plan = day["rows_written"] * DAYS_A_MONTH, PLANS[-1]
    races, polls = day["races"], day["committed"] / day["races"]
    crowd = f"{day['rows_written'] / races * CROWD / 1e6:.1f} million in {polls * CROWD:,.0f} polls, {polls:.0f} a race"
    return (
        f"A day of {races} races writes {written:.1f} rows a poll, reads {read:.1f} and makes {calls:.1f} calls. "
        f"It writes {month / 1e6:.2f} million rows a month, and a day of {CROWD:,} races {crowd}. "
        f"The {plan.writes_a_month:,} written rows that Appwrite's {plan.name} plan is taken to include a month are "
        f"reached at {plan.writes_a_month * races / month:.0f} races a day."
    )
