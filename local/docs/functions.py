"""The table of functions for the README, and their page."""

import json

from local.docs.reference import ERRORS, Reference, reference_of
from local.testing.events import EVENTS
from raceday.catalogue.functions import FUNCTIONS, FunctionFacts
from raceday.catalogue.schedules import SCHEDULES

HEAD = """# Functions

Made from `shared/raceday/catalogue` by `./raceday docs`; [openapi.json](openapi.json) describes those on HTTP.
Callers on HTTP send `RACEDAY_WEB_SECRET` as `X-Require-Whisk-Auth`. `./raceday invoke FUNCTION` runs one here.
What called the former poller calls `enhanced-race-poller`: its `?raceIds=a,b` and `{"raceIds": []}` work there.
A function that a schedule alone starts is on no web path: `up` answers 404 to a call of it.
"""


def functions_table() -> str:
    """Return the table of all functions in Markdown."""
    rows = ["| function | started by | does |", "|---|---|---|"]
    return "\n".join(rows + [f"| {f.name} | {f.started_by} | {f.does} |" for f in FUNCTIONS])


def functions_page() -> str:
    """Return the page of all functions in Markdown."""
    errors = ["", "## Errors", "", 'A failed call answers `{"error": {kind, message, activation}}`.', ""]
    errors += ["| status | kind | means |", "|---|---|---|"]
    errors += [f"| {status} | {f'`{kind}`' if kind else ''} | {means} |" for status, kind, means in ERRORS]
    return HEAD + "".join(_section(f, reference_of(f.name)) for f in FUNCTIONS) + "\n".join(errors) + "\n"


def _section(facts: FunctionFacts, reference: Reference) -> str:
    minutes = "; ".join(f"`{s.cron}` ({s.name})" for s in SCHEDULES if s.function == facts.name)
    lines = ["", f"## {facts.name}", "", facts.does[0].upper() + facts.does[1:] + ".", ""]
    lines += [f"Started: {facts.started_by}" + (f"; schedules in UTC: {minutes}" if minutes else "") + ". "
              f"{facts.memory_mb} MB (asked for: {facts.seed_size}), at most {facts.timeout_secs} s.", ""]  # fmt: skip
    if reference.parameters:
        lines += ["| parameter | kind | meaning |", "|---|---|---|"]
        lines += [f"| `{p.name}` | {p.kind} | {p.about} |" for p in reference.parameters]
        lines.append("")
    lines += ["| answer | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {about} |" for name, about in reference.answer]
    lines += ["", "An event, as the platform hands it over:", "", "```json", json.dumps(EVENTS[facts.name]), "```"]
    return "\n".join(lines) + "\n"
