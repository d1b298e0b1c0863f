"""The page of all tables and columns."""

from raceday.tables import TABLES
from raceday.tables.base import Column, Table

HEAD = """# Tables

Made from `shared/raceday/tables` by `./raceday docs`. Every table has `$id`, `$createdAt` and `$updatedAt` beside
these columns. Money is integer cents; instants are UTC.
"""


def tables_page() -> str:
    """Return the page in Markdown."""
    return HEAD + "".join(_section(table) for table in TABLES)


def _section(table: Table) -> str:
    lines = ["", f"## {table.id}", "", table.about, "", "| column | kind | holds |", "|---|---|---|"]
    lines += [f"| `{c.key}` | {_kind(c)} | {c.about} |" for c in table.columns]
    if table.indexes:
        named = (", ".join(f"`{column}`" for column in index.columns) for index in table.indexes)
        lines += ["", f"Indexes: {'; '.join(named)}."]
    return "\n".join(lines) + "\n"


def _kind(column: Column) -> str:
    kind = f"varchar({column.size})" if column.kind == "varchar" else column.kind
    if column.kind == "relationship":
        kind = f"many to one `{column.to}`"
    if column.required:
        return f"{kind}, required"
    return kind if column.default is None else f"{kind}, default `{column.default}`"
