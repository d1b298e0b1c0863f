"""`./raceday webhooks show|apply`."""

import sys

import httpx

from local.options import Options
from ops.environment import admin_key
from ops.webhooks import HookChange, HookFailed, Webhooks, plan
from raceday.errors import SettingsError
from raceday.settings import STORE, WEBHOOKS, read_settings

DONE = {"create": "created", "renew": "renewed", "restore": "restored", "remove": "removed", "none": "ok"}


def run(args: Options) -> int:
    """Show the differences (1 where there are any) or make them go away."""
    if args.rotate and args.action != "apply":
        print("raceday webhooks: --rotate goes with apply", file=sys.stderr)
        return 2
    try:
        settings = read_settings(needs=frozenset({STORE, WEBHOOKS}))
        hooks = Webhooks(settings, admin_key(settings))
        if args.action == "apply":
            hooks.apply(rotate=args.rotate, told=_show_done)
            return 0
        changes = plan(settings, hooks.listed())
    except HookFailed as failed:
        print(f"raceday webhooks: {failed}: {_why(failed.__cause__)}\n  {_rest(failed)}", file=sys.stderr)
        return 3
    except (SettingsError, httpx.HTTPError) as error:
        print(f"raceday webhooks: {_why(error)}", file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 3
    for change in changes:
        _show(change, change.action)
    return 0 if all(change.action == "none" for change in changes) else 1


def _why(error: BaseException | None) -> str:
    if isinstance(error, SettingsError):
        return "\n  ".join(error.problems)
    if isinstance(error, httpx.HTTPStatusError):
        return f"Appwrite answered {error.response.status_code}: {_said(error)}"
    return f"no answer from Appwrite ({type(error).__name__})"


def _rest(failed: HookFailed) -> str:
    """Say what a stopped apply had done, what it had not begun, and what is next."""
    done = [f"{change.function} {DONE[change.action]}" for change in failed.done]
    left = [change.function for change in failed.left]
    told = [f"before it: {', '.join(done) or 'nothing was done'}", *([f"not begun: {', '.join(left)}"] if left else [])]
    return f"{'; '.join(told)}; once it is mended run the same command again: what is done stays or is done again"


def _said(error: httpx.HTTPStatusError) -> str:
    try:
        return str(error.response.json().get("message", ""))
    except ValueError:
        return ""


def _show_done(change: HookChange) -> None:
    _show(change, DONE[change.action])


def _show(change: HookChange, word: str) -> None:
    print(f"{change.function:<24} {word:<9} {change.reason}", flush=True)
