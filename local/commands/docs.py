"""`./raceday docs`: the pages of docs/ that are made from declarations."""

import click


@click.command(epilog="Example: ./raceday docs")
def docs() -> int:
    """Make the generated pages anew after a change of what they tell; tests/docs compares them."""
    from local.work.docs import run

    return run()
