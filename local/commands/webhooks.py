"""`./raceday webhooks show|apply`."""

from typing import Any

import click

from local.options import Options


@click.command(epilog="Example: ./raceday webhooks apply")
@click.argument("action", type=click.Choice(["show", "apply"]))
@click.option("--rotate", is_flag=True, help="with apply: make each anew with the present secret")
def webhooks(**options: Any) -> int:
    """Show or restore the webhook subscriptions.

    Uses APPWRITE_ADMIN_KEY where it is set (scopes webhooks.read and webhooks.write), else APPWRITE_API_KEY. With
    --rotate the subscriptions are deleted and made anew with the secret that RACEDAY_WEBHOOK_SECRET has now; deploy
    the functions with the same secret right after.
    """
    from local.work.webhooks import run

    return run(Options(**options))
