"""A user who changes his mind in mid-day: by what he may be told, and from when on."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from local.simulate.oracle.alerts import JudgedUser, minds_of
from local.simulate.oracle.differences import Findings
from local.simulate.oracle.state import judge_untouched
from local.simulate.served import UserWrite
from raceday.tables import ALERT_CONFIGS, ALERT_FILTERS, SILKS

AT = datetime(2026, 2, 13, 20, 0, tzinfo=UTC)
WAS, NOW, STEADY = JudgedUser("u", (), True, {}), JudgedUser("u", (), False, {}), JudgedUser("v", (), True, {})
WRITE = UserWrite(ALERT_CONFIGS, "b1", {"enabled": False}, AT, AT)


def poll(secs: float) -> Any:
    """Return a poll that was answered so long after the change."""
    return SimpleNamespace(fetched=(AT + timedelta(seconds=secs)).isoformat())


@pytest.mark.parametrize(
    ("secs", "sound", "forms"),
    [(-121, True, {WAS.audible}), (-119, True, {True, False}), (61, True, {True, False}), (62, True, {False}),
     (-3600, False, {True, False}), (62, False, {True, False}), (780, False, {False})],
)  # fmt: skip
def test_a_change_counts_a_minute_later_at_most(secs: float, sound: bool, forms: set[bool]) -> None:
    """Long before it the old bands count, a minute after it the new ones; a broken day may tell of old polls late."""
    changed, steady = minds_of([WAS, STEADY], [NOW, STEADY], [WRITE], sound=sound)
    assert {user.audible for user in changed.at(poll(secs))} == forms
    assert steady.at(poll(secs)) == (STEADY,)


@pytest.mark.parametrize(("enabled", "found"), [(False, 0), (True, 1)])
def test_what_users_write_must_stay_as_they_wrote_it(enabled: bool, found: int) -> None:
    """A row that a user changed in mid-day is as he left it, or the day has lost it."""
    none: dict[str, list[Any]] = {ALERT_FILTERS: [], SILKS: []}
    before = {ALERT_CONFIGS: [{"$id": "b1", "userId": "u", "enabled": True}], **none}
    after = {ALERT_CONFIGS: [{"$id": "b1", "userId": "u", "enabled": enabled}], **none}
    findings = Findings()
    judge_untouched(before, after, findings, [WRITE])
    assert findings.report()["count"] == found
