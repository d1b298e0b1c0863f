"""Whether a stored column can serve as the declared one, and what would make it."""

from typing import Any

from raceday.tables.base import Column

API_KINDS = {"float": "double"}
TEXT_ORDER = ("varchar", "text", "mediumtext", "longtext")
# Characters that a column of the former kind `string` needs to hold what one of these holds, at four bytes each.
STRING_SIZES = {"text": 16_384, "mediumtext": 4_194_303, "longtext": 1_073_741_823}


def broken(there: dict[str, Any]) -> str:
    """Say that a column or index was given up by the server's worker, empty where it was not."""
    if there.get("status") not in ("failed", "stuck", "deleting"):
        return ""
    return f"it is {there['status']} there; delete it by hand first"


def incompatible(column: Column, there: dict[str, Any]) -> str:
    """Say why a stored column cannot serve as the declared one, empty where it can: nothing is ever narrowed."""
    kind, wanted = str(there.get("type")), API_KINDS.get(column.kind, column.kind)
    if wanted in TEXT_ORDER and kind in ("string", *TEXT_ORDER):
        if unfit := _unfit_text(column, kind, there):
            return unfit
    elif kind == wanted == "relationship":
        if there.get("relatedTable", column.to) != column.to or there.get("relationType", "manyToOne") != "manyToOne":
            return (
                f"it is {there.get('relationType')} to {there.get('relatedTable')}, manyToOne to {column.to} is needed"
            )
    elif kind != wanted:
        return f"it is of type {there.get('type')}, {wanted} is needed; changing it would lose data"
    if bool(there.get("required")) and not column.required:
        return "it is required there and optional here"
    return ""


def widened(column: Column, there: dict[str, Any]) -> int:
    """Return the size that makes a stored text column hold what is declared, 0 where it does or none can."""
    if there.get("type") != "string" and not there.get("type") == column.kind == "varchar":
        return 0
    needed = column.size or STRING_SIZES.get(column.kind, 0)
    return needed if not there.get("format") and 0 < int(there.get("size") or 0) < needed else 0


def _unfit_text(column: Column, kind: str, there: dict[str, Any]) -> str:
    anew = (
        f"rename it to {column.key}Old in Appwrite's console, run `./raceday schema migrate` again, which makes "
        f"{column.key} empty, copy what you want to keep and delete {column.key}Old"
    )
    if there.get("format"):
        return f"it takes {there['format']} alone and any text is needed; {anew}"
    if size := widened(column, there):
        return f"it holds {int(there['size']):,} characters, {size:,} are needed"
    if kind in TEXT_ORDER and TEXT_ORDER.index(kind) < TEXT_ORDER.index(column.kind):
        return f"it is {kind}, which is shorter than {column.kind} and cannot be widened; {anew}"
    return ""
