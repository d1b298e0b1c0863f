"""What a day under faults came to."""

from datetime import datetime
from typing import Any

from local.feedsim import Day
from local.simulate.faults.script import Script
from local.simulate.report import Tables
from local.simulate.world import World


def judge(
    report: dict[str, Any], day: Day, world: World, tables: Tables, script: Script, end: datetime
) -> dict[str, Any]:
    """Give a day's report as its faults have it."""
    return report | {"faults_injected": script.report()}
