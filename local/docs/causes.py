"""The table of causes of gaps."""

from raceday.catalogue.causes import CAUSES


def causes_table() -> str:
    """Return the table in Markdown."""
    rows = ["| cause | means | do |", "|---|---|---|"]
    return "\n".join(rows + [f"| `{cause.word}` | {cause.means} | {cause.advice} |" for cause in CAUSES])
