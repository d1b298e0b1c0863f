"""`./raceday docs`: the pages of docs/ that are made from declarations."""

import click

from local.docs.pages import pages
from local.functions import ROOT


@click.command(epilog="Example: ./raceday docs")
def docs() -> int:
    """Make the generated pages anew after a change of what they tell; tests/docs compares them."""
    for path, text in pages().items():
        if path.read_text() != text:
            path.write_text(text)
            click.echo(path.relative_to(ROOT))
    return 0
