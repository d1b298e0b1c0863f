"""Every generated page: where it stands and what it should hold."""

from pathlib import Path

from local.docs.causes import causes_table
from local.docs.cost import cost_blocks
from local.docs.functions import functions_page, functions_table
from local.docs.openapi import openapi_text
from local.docs.scores import score_page
from local.docs.settings import settings_table
from local.docs.tables import tables_page

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"


def between(text: str, name: str, made: str) -> str:
    """Return a page with what stands between its marks of `name` replaced; ValueError where it has no marks."""
    begin, end = f"<!-- {name}: made by `./raceday docs`, checked by a test -->", f"<!-- /{name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"expected the marks {begin} and {end} once each")
    head, rest = text.split(begin)
    return f"{head}{begin}\n{made}\n{end}{rest.split(end)[1]}"


def pages() -> dict[Path, str]:
    """Return the text of each generated page by its path."""
    readme, settings, operations = ROOT / "README.md", DOCS / "settings.md", DOCS / "operations.md"
    scores, cost = DOCS / "score.md", DOCS / "cost.md"
    priced = cost.read_text()
    for name, made in cost_blocks().items():
        priced = between(priced, name, made)
    return {
        cost: priced,
        scores: between(scores.read_text(), "score", score_page()),
        readme: between(readme.read_text(), "functions", functions_table()),
        settings: between(settings.read_text(), "settings", settings_table()),
        operations: between(operations.read_text(), "causes", causes_table()),
        DOCS / "tables.md": tables_page(),
        DOCS / "functions.md": functions_page(),
        DOCS / "openapi.json": openapi_text(),
    }
