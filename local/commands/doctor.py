"""`./raceday doctor`: what the suite stands on, line by line."""

from typing import Any

import click

from local.options import Options, json_option


@click.command(epilog="Example: ./raceday doctor --json doctor.json")
@json_option("the lines")
def doctor(**options: Any) -> int:
    """Check environment, feed, Appwrite, webhooks and deployment.

    Each line is ok, warning or failing, with what to do. Exit code 0 without failing lines, else 1. Schema and webhooks
    are read with APPWRITE_ADMIN_KEY where it is set.
    """
    from local.work.doctor import run

    return run(Options(**options))
