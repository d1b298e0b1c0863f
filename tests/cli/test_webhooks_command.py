"""`./raceday webhooks`: subscriptions made, restored and given a new secret."""

import dataclasses

import httpx
import pytest

from ops.webhooks import FUNCTIONS, HookFailed, Webhooks, hook_id, plan, wanted
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
    assert [change.action for change in changes] == ["renew"] * 3
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

    with pytest.raises(HookFailed) as told:
        Webhooks(site.settings, site.server.api_key, httpx.MockTransport(hiding)).apply()
    for word in (site.settings.store_project, site.settings.store_database, "another project of this server"):
        assert word in str(told.value.__cause__)


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


def _command(site: Site, monkeypatch: pytest.MonkeyPatch, transport: httpx.MockTransport) -> None:
    """Have the command read this site's settings and talk to it through a transport."""
    made = Webhooks(site.settings, site.server.api_key, transport)
    monkeypatch.setattr("local.work.webhooks.read_settings", lambda **_: site.settings)
    monkeypatch.setattr("local.work.webhooks.Webhooks", lambda *_: made)


class _Stops:
    """A site that does not take the `at`-th change: refused before it, or its answer lost after it was made."""

    def __init__(self, site: Site, at: int, *, lost: bool) -> None:
        self._site, self._left, self._lost = site, at, lost

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self._left -= request.method != "GET"
        if self._left or request.method == "GET":
            return self._site.transport.handler(request)  # type: ignore[return-value]
        self._left = -1
        if self._lost:
            self._site.transport.handler(request)
            raise httpx.ReadTimeout("lost")
        return httpx.Response(400, json={"message": "Invalid `url` param: no public domain", "code": 400})


@pytest.mark.parametrize("lost", [False, True])
def test_an_apply_that_stops_half_done_tells_where_and_is_repeated(
    site: Site, lost: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Function, variable, what was done before and what was not begun are told; the repetition does the rest."""
    first, second, third = FUNCTIONS
    _command(site, monkeypatch, httpx.MockTransport(_Stops(site, 2, lost=lost)))
    assert raceday("webhooks", "apply") == 3
    out, told = capsys.readouterr()
    assert [line.split()[:2] for line in out.splitlines()] == [[first, "created"]]
    variable = f"RACEDAY_URL_{second.replace('-', '_').upper()}"
    why = "no answer from Appwrite (ReadTimeout)" if lost else "Appwrite answered 400: Invalid `url` param"
    assert f"create {second} ({variable}): {why}" in told
    assert f"before it: {first} created; not begun: {third}; once it is mended run the same command again" in told
    assert raceday("webhooks", "apply") == 0
    left = [second, third] if not lost else [third]
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines() if " created " in line] == left
    assert {change.action for change in _hooks(site).apply()} == {"none"}


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("lost", [False, True])
def test_a_rotation_that_stops_anywhere_is_repeated(site: Site, at: int, lost: bool) -> None:
    """Stopped at any of its deletions and creations, a rotation leaves at most one function without a subscription."""
    _hooks(site).apply()
    renewed = dataclasses.replace(site.settings, webhook_secret="a-second-secret")
    with pytest.raises(HookFailed):
        Webhooks(renewed, site.server.api_key, httpx.MockTransport(_Stops(site, at, lost=lost))).apply(rotate=True)
    assert len(_hooks(site).listed()) >= 2
    Webhooks(renewed, site.server.api_key, site.transport).apply(rotate=True)
    assert {site.server.hooks.get(hook_id(site.settings, name)).secret for name in FUNCTIONS} == {"a-second-secret"}
