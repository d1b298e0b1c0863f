"""`./raceday schema plan|apply|migrate`."""

from typing import Any

import click

from local.options import Options


@click.command(epilog="Example: ./raceday schema plan")
@click.argument("action", type=click.Choice(["plan", "apply", "migrate"]))
@click.option("--yes", is_flag=True, help="with migrate: do it")
def schema(**options: Any) -> int:
    """Show or make the difference between the declared tables and Appwrite's.

    Uses APPWRITE_ADMIN_KEY where it is set (scopes databases, tables, columns, indexes, rows and buckets, read and
    write), else APPWRITE_API_KEY. `plan` exits with 1 where something is to be made. `migrate` shows how a database of
    the predecessor's becomes ours and what it loses; with --yes it does it, and may be stopped and repeated.
    """
    from local.work.schema import run

    return run(Options(**options))
