"""`./raceday webhooks`: subscriptions made, restored and given a new secret."""

import dataclasses

import httpx
import pytest

from ops.webhooks import FUNCTIONS, Webhooks, hook_id, plan, wanted
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
    assert {hook["$id"] for hook in listed} == {hook_id(site.settings, name) for name in FUNCTIONS}
    assert {tuple(hook["events"]) for hook in listed} == {("databases.raceday-db.tables.race-polls.rows.*.create",)}


def test_a_subscription_that_was_switched_off_is_restored(site: Site) -> None:
    """A disabled subscription is told as such, switched on again, and its failures are forgotten."""
    _hooks(site).apply()
    hook = site.server.hooks.get(hook_id(site.settings, "alert-evaluator"))
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
    hook = site.server.hooks.get(hook_id(site.settings, "alert-evaluator"))
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
    assert {site.server.hooks.get(hook_id(site.settings, name)).secret for name in FUNCTIONS} == {"a-second-secret"}
    assert site.server.hooks.get("theirs").secret == "another-secret"


def test_two_suites_have_subscriptions_of_their_own(site: Site) -> None:
    """Another database or another project of one server has other ids; a taken id says whose it may be."""
    others = [dataclasses.replace(site.settings, store_database="second"),
              dataclasses.replace(site.settings, store_project="another")]  # fmt: skip
    ids = {hook_id(settings, name) for settings in (site.settings, *others) for name in FUNCTIONS}
    assert len(ids) == 9
    Webhooks(others[0], site.server.api_key, site.transport).apply()
    _hooks(site).apply()
    assert len(_hooks(site).listed()) == 6

    def hiding(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"total": 0, "webhooks": []})
        return site.transport.handler(request)  # type: ignore[return-value]

    with pytest.raises(SettingsError) as told:
        Webhooks(site.settings, site.server.api_key, httpx.MockTransport(hiding)).apply()
    for word in (site.settings.store_project, site.settings.store_database, "another project of this server"):
        assert word in str(told.value)


def test_a_subscription_of_before_is_taken_away(site: Site) -> None:
    """One under the function's bare name and with our events would tell every row twice: it is removed."""
    former = {**wanted(site.settings)["alert-evaluator"], "webhookId": "alert-evaluator", "secret": "12345678"}
    site.server.hooks.put(former, "2026-11-24T00:00:00.000+00:00")
    site.server.hooks.put({**former, "webhookId": "race-pools-aggregator", "events": ["databases.*"]}, "")
    removed = [change.function for change in _hooks(site).apply() if change.action == "remove"]
    assert removed == ["alert-evaluator"]
    assert "race-pools-aggregator" in {hook["$id"] for hook in _hooks(site).listed()}


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
