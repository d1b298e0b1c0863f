"""`./raceday functions`: the twelve functions, what starts each, and where `up` serves it."""

import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from local import running, stores
from local.choices import FUNCTIONS_PORT
from local.docs.reference import Reference, reference_of
from local.gateway import HEADER, PREFIX, SECRET_FILE, web_functions
from raceday.catalogue.functions import BY_NAME, NAMES


def run(port: int | None, store: str | None, as_json: bool) -> int:
    """Print the functions."""
    web = web_functions()
    port = port or running.noted_port(stores.chosen(store)) or FUNCTIONS_PORT
    found = [_told(name, f"http://127.0.0.1:{port}{PREFIX}/{name}" if name in web else "") for name in NAMES]
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return 0
    table = Table(box=None, pad_edge=False)
    for column in ("function", "started by", "size", "parameters"):
        table.add_column(column, overflow="fold", no_wrap=column in ("function", "size"))
    for each in found:
        table.add_row(each["name"], each["started_by"], each["size"], ", ".join(each["parameters"]) or "—")
    Console().print(table)
    click.echo("\nOn HTTP while `./raceday up` runs:")
    for each in found:
        if each["url"]:
            click.echo(f"  {each['url']}")
    click.echo(f"Send the secret of {SECRET_FILE} as {HEADER}; webhooks are signed instead.")
    click.echo("`./raceday invoke FUNCTION --help` tells a function's parameters and answer.")
    return 0


def _told(name: str, url: str) -> dict[str, Any]:
    facts = BY_NAME[name]
    parameters = [parameter.name for parameter in reference_of(name).parameters]
    size = f"{facts.memory_mb} MB, {facts.timeout_secs} s"
    return {"name": name, "started_by": facts.started_by, "size": size, "parameters": parameters, "url": url}


def described(name: str) -> str:
    """Return the help of one function: what it does, its parameters and the members of its answer."""
    facts, reference = BY_NAME[name], reference_of(name)
    lines = [f"{name} {facts.does}.", "", f"Started by: {facts.started_by}.", "", *_parameters(reference)]
    lines += ["", "Answer:", *(f"  {member:<16} {about}" for member, about in reference.answer)]
    if reference.http_answer:
        lines += ["", "Answer on HTTP:", *(f"  {member:<16} {about}" for member, about in reference.http_answer)]
    first = reference.parameters[0].name if reference.parameters else ""
    example = f" --param {first}={'2026-02-14' if first == 'date' else '...'}" if first else ""
    return "\n".join([*lines, "", f"Example: ./raceday invoke {name}{example}"])


def _parameters(reference: Reference) -> list[str]:
    if not reference.parameters:
        return ["It takes no parameters."]
    return ["Parameters:", *(f"  {p.name:<16} {p.kind:<8} {p.about}" for p in reference.parameters)]
