"""`./raceday webhooks`: subscriptions made, restored and given a new secret."""

import dataclasses

import httpx
import pytest

from ops.webhooks import FUNCTIONS, Webhooks, plan
from raceday.errors import SettingsError
from tests.cli.kit import Site, raceday


@pytest.fixture
def site() -> Site:
    """Return an Appwrite without subscriptions."""
    return Site()


def _hooks(site: Site) -> Webhooks:
    return Webhooks(site.settings, site.server.api_key, site.transport)


def test_apply_subscribes_each_event_function_once(site: Site) -> None:
    """An apply makes one subscription per function on creates of ledger rows, and the next changes nothing."""
    assert [change.action for change in _hooks(site).apply()] == ["create"] * 3
    assert [change.action for change in _hooks(site).apply()] == ["none"] * 3
    listed = _hooks(site).listed()
    assert {hook["$id"] for hook in listed} == set(FUNCTIONS)
    assert {tuple(hook["events"]) for hook in listed} == {("databases.raceday-db.tables.race-polls.rows.*.create",)}


def test_a_subscription_that_was_switched_off_is_restored(site: Site) -> None:
    """A disabled subscription is told as such, switched on again, and its failures are forgotten."""
    _hooks(site).apply()
    hook = site.server.hooks.get("alert-evaluator")
    hook.enabled, hook.attempts = False, 10
    (wrong,) = [c for c in plan(site.settings, _hooks(site).listed()) if c.action != "none"]
    assert (wrong.function, wrong.action) == ("alert-evaluator", "restore")
    assert "10 failures" in wrong.reason
    _hooks(site).apply()
    assert (hook.enabled, hook.attempts) == (True, 0)


def test_another_url_is_put_right_and_the_secret_kept(site: Site) -> None:
    """A changed public URL is restored with the secret that the subscription had."""
    _hooks(site).apply()
    moved = dataclasses.replace(site.settings, alerts_url="https://other.raceday.nz/alerts")
    hooks = Webhooks(moved, site.server.api_key, site.transport)
    assert [c.reason for c in hooks.apply() if c.action == "restore"] == ["other url"]
    hook = site.server.hooks.get("alert-evaluator")
    assert (hook.url, hook.secret) == ("https://other.raceday.nz/alerts", site.settings.webhook_secret)


def test_rotate_makes_each_anew_with_the_new_secret(site: Site) -> None:
    """Rotation leaves three subscriptions that sign with the new secret, and a stranger's alone."""
    _hooks(site).apply()
    stranger = {
        "webhookId": "theirs",
        "name": "theirs",
        "url": "https://x.test/",
        "events": ["databases.*.tables.*.rows.*.delete"],
        "secret": "another-secret",
    }
    site.server.hooks.put(stranger, "2026-11-24T00:00:00.000+00:00")
    renewed = dataclasses.replace(site.settings, webhook_secret="a-second-secret")
    changes = Webhooks(renewed, site.server.api_key, site.transport).apply(rotate=True)
    assert [change.action for change in changes] == ["create"] * 3
    assert {site.server.hooks.get(name).secret for name in FUNCTIONS} == {"a-second-secret"}
    assert site.server.hooks.get("theirs").secret == "another-secret"


def test_a_refused_key_is_an_error_and_nothing_is_made(site: Site) -> None:
    """A wrong key ends in Appwrite's status with no subscription made."""
    with pytest.raises(httpx.HTTPStatusError, match="401"):
        Webhooks(site.settings, "wrong", site.transport).apply()
    assert _hooks(site).listed() == []


def test_missing_urls_and_a_short_secret_are_named_at_once(site: Site) -> None:
    """Every missing public URL and a secret that is too short are told in one error, the secret never."""
    bare = dataclasses.replace(
        site.settings, money_flow_url="", race_pools_url="", alerts_url="", webhook_secret="short7!"
    )
    with pytest.raises(SettingsError) as found:
        plan(bare, [])
    assert len(found.value.problems) == 4
    assert "short7!" not in str(found.value)


def test_rotate_goes_with_apply_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """`webhooks show --rotate` is wrong usage."""
    assert raceday("webhooks", "show", "--rotate") == 2
    assert "--rotate goes with apply" in capsys.readouterr().err
