"""What the plans of Appwrite's cloud include, as its price list was known; no page of it was at hand to check."""

from collections.abc import Mapping
from typing import Any, NamedTuple

DAYS_A_MONTH = 30


class CloudPlan(NamedTuple):
    """One plan: database rows read and written that a month's price includes."""

    name: str
    reads_a_month: int
    writes_a_month: int


PLANS = (CloudPlan("Free", 500_000, 250_000), CloudPlan("Pro", 1_750_000, 750_000))


def plan_lines(appwrite: Mapping[str, Any]) -> list[str]:
    """Return a month of days with a simulation report's member `appwrite`, beside what each plan includes.

    A plan counts an answer without rows as one row read, so that a month reads more than thirty times a day's rows.
    """
    read = (appwrite["rows_read"]["total"] + appwrite["empty_reads"]["total"]) * DAYS_A_MONTH
    written = appwrite["rows_written"]["total"] * DAYS_A_MONTH
    empty = appwrite["empty_reads"]["total"] * DAYS_A_MONTH
    counted = f"rows read a month, counting each of {empty:,} answers without rows as one"
    return [
        f"{plan.name}: {read:,} of {plan.reads_a_month:,} {counted} ({read / plan.reads_a_month:.0%}), "
        f"{written:,} of {plan.writes_a_month:,} written ({written / plan.writes_a_month:.0%})"
        for plan in PLANS
    ]
