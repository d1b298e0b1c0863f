"""The form of a simulation report, as far as a plan's cost is told from it."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ops.packaging.errors import PackagingError

# No day has more of anything; what is multiplied by it stays a number.
Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False, strict=True)]
Count = Annotated[int, Field(ge=0, strict=True)]
ONE_DAY = "expected one day's, made by ./raceday simulate --json without --days"


class DayUse(BaseModel):
    """What one function used that day."""

    billed_secs: Amount | None = None
    gib_secs: Amount | None = None
    secs: Amount | None = None
    activations: Count | None = None
    peak_concurrent: Count | None = None


class DayPolls(BaseModel):
    """How late the day's polls were; None of a day without polls. And what it did not do as it should."""

    late_p99_critical_secs: Amount | None = None
    late_p99_elsewhere_secs: Amount | None = None
    late_max_secs: Amount | None = None
    missing: Count = 0
    duplicate: Count = 0


class DayCounts(BaseModel):
    """A total, and each function's part."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Count]
    total: Count


class DayAppwrite(BaseModel):
    """Rows and calls; reports of before answers without rows were counted lack those."""

    rows_read: DayCounts
    rows_written: DayCounts
    calls: DayCounts
    empty_reads: DayCounts


class DayCost(BaseModel):
    """At which sizes the day ran, and how many hours of it were simulated."""

    sizes: str = "unknown"
    hours: Amount | None = None


class SimReport(BaseModel):
    """One simulated day's report."""

    functions: dict[str, DayUse]
    polls: DayPolls | None = None
    appwrite: DayAppwrite | None = None
    cost: DayCost | None = None
    races: Count | None = None
    peak_invocations_per_minute: Count | None = None


def check_report(report: Mapping[str, Any]) -> None:
    """Raise PackagingError, naming each member that is not of the expected form."""
    if not isinstance(report.get("functions"), dict):
        raise PackagingError(f"the simulation report has no mapping `functions`: {ONE_DAY}")
    try:
        SimReport.model_validate(report)
    except ValidationError as error:
        told = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)]
        raise PackagingError(f"the simulation report is not of the expected form: {'; '.join(told[:5])}") from None
