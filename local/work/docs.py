"""`./raceday docs`: the pages of docs/ that are made from declarations."""

import click

from local.docs.pages import pages
from local.functions import ROOT


def run() -> int:
    """Write each page whose text has changed, and tell which."""
    for path, text in pages().items():
        if path.read_text() != text:
            path.write_text(text)
            click.echo(path.relative_to(ROOT))
    return 0
