"""The suite's webhook subscriptions: one per event function, on creates of ledger rows alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from raceday.catalogue.functions import BY_NAME, EVENT_FUNCTIONS
from raceday.errors import RaceDayError, SettingsError
from raceday.ids import row_key
from raceday.settings import Settings
from raceday.tables import RACE_POLLS

FUNCTIONS = {name: BY_NAME[name].url_setting for name in EVENT_FUNCTIONS}


@dataclass(frozen=True, slots=True)
class HookChange:
    """One difference between what should be subscribed and what is.

    `action` is create, renew, restore, remove or none.
    """

    function: str
    action: str
    reason: str


class HookFailed(RaceDayError):
    """One subscription could not be changed; `done` were before it, `left` were not begun, `__cause__` says why."""

    def __init__(self, change: HookChange, done: Sequence[HookChange], left: Sequence[HookChange]) -> None:
        self.change, self.done, self.left = change, tuple(done), tuple(left)
        super().__init__(f"{change.action} {change.function} ({url_variable(change.function)})")


def url_variable(function: str) -> str:
    """Return the name of the variable that holds a function's public URL."""
    return f"RACEDAY_URL_{function.replace('-', '_').upper()}"


def hook_id(settings: Settings, function: str) -> str:
    """Return the id of a function's subscription: ids are one room for all projects of a server."""
    return row_key("hook", settings.store_project, settings.store_database, function)


def taken_by(settings: Settings) -> str:
    """Say whose a subscription may be that has our id and is not listed: the id is made of project and database."""
    return (
        f"it is made of project {settings.store_project}, database {settings.store_database} and the function, so it "
        "is of a project that had this id before, or was given to another project of this server by hand; this key "
        "can neither see nor change it: delete it there, or have the server's operator do so"
    )


def wanted(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return each subscription as Appwrite takes it; raises SettingsError where a URL or the secret is missing."""
    problems = [
        f"{url_variable(name)} is missing: public URL of {name}"
        for name, setting in FUNCTIONS.items()
        if not getattr(settings, setting)
    ]
    if not 8 <= len(settings.webhook_secret) <= 256:
        problems.append("RACEDAY_WEBHOOK_SECRET: expected 8 to 256 characters")
    if problems:
        raise SettingsError(problems)
    event = f"databases.{settings.store_database}.tables.{RACE_POLLS}.rows.*.create"
    return {
        name: {
            "webhookId": hook_id(settings, name),
            "name": f"{name} of {settings.store_database}",
            "url": getattr(settings, setting),
            "events": [event],
            "enabled": True,
            "tls": getattr(settings, setting).startswith("https://"),
        }
        for name, setting in FUNCTIONS.items()
    }


def plan(settings: Settings, there: Sequence[dict[str, Any]], *, rotate: bool = False) -> list[HookChange]:
    """Compare the subscriptions that should be there with those that are; with `rotate` each is made anew."""
    by_id = {hook["$id"]: hook for hook in there}
    if rotate:
        words = "with the secret of this environment"
        hooks = wanted(settings).items()
        return [HookChange(name, "renew" if hook["webhookId"] in by_id else "create", words) for name, hook in hooks]
    found = [_compare(name, hook, by_id.get(hook["webhookId"])) for name, hook in wanted(settings).items()]
    former = [name for name, hook in wanted(settings).items() if _is_former(by_id.get(name), hook)]
    return [*found, *(HookChange(name, "remove", "its id is the function's alone, from before") for name in former)]


def _is_former(there: dict[str, Any] | None, hook: dict[str, Any]) -> bool:
    """Tell whether a subscription under a bare function's name is this suite's own of before: it has its events."""
    return there is not None and there.get("events") == hook["events"]


def _compare(name: str, hook: dict[str, Any], there: dict[str, Any] | None) -> HookChange:
    if there is None:
        return HookChange(name, "create", "there is none")
    wrong = [key for key in ("url", "events", "enabled", "tls") if there.get(key) != hook[key]]
    if not there.get("enabled", True):
        return HookChange(name, "restore", f"switched off after {there.get('attempts', 0)} failures in a row")
    return (
        HookChange(name, "restore", f"other {', '.join(wrong)}")
        if wrong
        else HookChange(name, "none", "as it should be")
    )


class Webhooks:
    """Reads and writes subscriptions with a key that has `webhooks.read` and `webhooks.write`."""

    def __init__(self, settings: Settings, key: str, transport: httpx.BaseTransport | None = None) -> None:
        self._settings = settings
        self._http = httpx.Client(
            base_url=settings.store_endpoint,
            headers={
                "x-appwrite-project": settings.store_project,
                "x-appwrite-key": key,
                "x-appwrite-response-format": "1.9.6",
            },
            timeout=15,
            transport=transport,
        )

    def listed(self) -> list[dict[str, Any]]:
        """Return every subscription of the project."""
        answer = self._http.get("/webhooks")
        answer.raise_for_status()
        hooks: list[dict[str, Any]] = answer.json()["webhooks"]
        return hooks

    def apply(self, *, rotate: bool = False, told: Callable[[HookChange], None] = lambda _: None) -> list[HookChange]:
        """Make or restore what differs; gives the changes, of which `told` hears as each is done.

        With `rotate` each is deleted and made anew, for a PUT leaves the secret as it was. Raises HookFailed where one
        could not be changed: what was done stays, and a repetition does the rest.
        """
        changes = plan(self._settings, self.listed(), rotate=rotate)
        hooks = wanted(self._settings)
        for at, change in enumerate(changes):
            try:
                self._do(change, hooks[change.function])
            except (httpx.HTTPError, SettingsError) as error:
                raise HookFailed(change, changes[:at], changes[at + 1 :]) from error
            told(change)
        return changes

    def _do(self, change: HookChange, hook: dict[str, Any]) -> None:
        if change.action == "remove":
            self._remove(change.function)
        elif change.action == "restore":
            self._restore(hook)
        elif change.action != "none":
            if change.action == "renew":
                self._remove(hook["webhookId"])
            self._create({**hook, "secret": self._settings.webhook_secret})

    def _remove(self, hook_id: str) -> None:
        self._http.delete(f"/webhooks/{hook_id}").raise_for_status()

    def _create(self, body: dict[str, Any]) -> None:
        """Make a subscription; an id that is taken and yet not listed belongs to another project of the server."""
        answer = self._http.post("/webhooks", json=body)
        if answer.status_code == 409:
            raise SettingsError([f"the webhook id {body['webhookId']} is taken: {taken_by(self._settings)}"])
        answer.raise_for_status()

    def _restore(self, hook: dict[str, Any]) -> None:
        """Put a subscription back; switching it on again also forgets its failures."""
        body = {key: value for key, value in hook.items() if key != "webhookId"}
        self._http.put(f"/webhooks/{hook['webhookId']}", json=body).raise_for_status()
