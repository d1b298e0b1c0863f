"""`./raceday webhooks show|apply`."""

import os
import sys

import httpx

from local.options import Options
from ops.webhooks import HookChange, Webhooks, plan
from raceday.errors import SettingsError
from raceday.settings import STORE, WEBHOOKS, read_settings

DONE = {"create": "created", "restore": "restored", "remove": "removed", "none": "ok"}


def run(args: Options) -> int:
    """Show the differences (1 where there are any) or make them go away."""
    if args.rotate and args.action != "apply":
        print("raceday webhooks: --rotate goes with apply", file=sys.stderr)
        return 2
    try:
        settings = read_settings(needs=frozenset({STORE, WEBHOOKS}))
        hooks = Webhooks(settings, os.environ.get("APPWRITE_ADMIN_KEY") or settings.store_key)
        changes = hooks.apply(rotate=args.rotate) if args.action == "apply" else plan(settings, hooks.listed())
    except SettingsError as error:
        print("raceday webhooks: " + "\n  ".join(error.problems), file=sys.stderr)
        return 2
    except httpx.HTTPStatusError as error:
        print(f"raceday webhooks: Appwrite answered {error.response.status_code}: {_said(error)}", file=sys.stderr)
        return 3
    except httpx.HTTPError as error:
        print(f"raceday webhooks: no answer from Appwrite ({type(error).__name__})", file=sys.stderr)
        return 3
    return _show(changes, applied=args.action == "apply")


def _said(error: httpx.HTTPStatusError) -> str:
    try:
        return str(error.response.json().get("message", ""))
    except ValueError:
        return ""


def _show(changes: list[HookChange], *, applied: bool) -> int:
    for change in changes:
        done = DONE[change.action] if applied else change.action
        print(f"{change.function:<24} {done:<9} {change.reason}")
    return 0 if applied or all(change.action == "none" for change in changes) else 1
