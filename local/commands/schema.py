"""`./raceday schema plan|apply`."""

import argparse
import os
import sys

import httpx

from ops.schema import Server, apply, plan
from raceday.errors import SettingsError, StoreError
from raceday.settings import STORE, read_settings


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "schema",
        help="show or make the difference between declared tables and Appwrite's",
        description="Uses APPWRITE_ADMIN_KEY where it is set (scopes databases, tables, columns, indexes, rows and "
        "buckets, read and write), else APPWRITE_API_KEY. `plan` exits with 1 where something is to be made.",
    )
    parser.add_argument("action", choices=["plan", "apply"])
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Show the changes, and with `apply` make them."""
    try:
        settings = read_settings(needs=frozenset({STORE}))
        server = Server(settings, os.environ.get("APPWRITE_ADMIN_KEY") or settings.store_key)
        changes = plan(server)
        for change in changes:
            print(f"{'refused' if change.refused else 'make':<8} {change.what}  {change.refused}".rstrip())
        if not changes:
            print("nothing to do: every table is as declared")
        if args.action == "apply":
            print(f"{apply(server, changes)} changes made")
            return 0
        return 1 if changes else 0
    except SettingsError as error:
        print("raceday schema: " + "\n  ".join(error.problems), file=sys.stderr)
        return 2
    except StoreError as error:
        print(f"raceday schema: {error}", file=sys.stderr)
        return 3
    except httpx.HTTPError as error:
        print(f"raceday schema: no answer from Appwrite ({type(error).__name__})", file=sys.stderr)
        return 3
