"""Appwrite's errors: HTTP status, type and message."""


class ApiRefusal(Exception):
    """An answer of 400 or more, as Appwrite words it."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


def invalid(message: str) -> ApiRefusal:
    """A row that does not fit its table."""
    return ApiRefusal(400, "row_invalid_structure", f"Invalid document structure: {message}")


def argument(message: str) -> ApiRefusal:
    """A parameter that does not fit its route."""
    return ApiRefusal(400, "general_argument_invalid", message)


def bad_query(message: str) -> ApiRefusal:
    """A query that cannot be answered."""
    return ApiRefusal(400, "general_query_invalid", message)


def missing(what: str, named: str) -> ApiRefusal:
    """Something that does not exist: row, table, column, database, transaction, webhook ..."""
    return ApiRefusal(404, f"{what}_not_found", f"{_asked(what, named)} could not be found.")


def exists(what: str, named: str = "") -> ApiRefusal:
    """An id or a key that is taken."""
    again = "Try again with a different ID or use ID.unique() to generate a unique ID."
    if what == "column":
        again = "Column keys must be unique, try again with a different key."
    told = _asked(what, named) if what != "table" else f"A table with the requested ID '{named}'"
    return ApiRefusal(409, f"{what}_already_exists", f"{told} already exists. {again}")


def conflict() -> ApiRefusal:
    """A transaction of which a touched row changed meanwhile."""
    return ApiRefusal(
        409, "transaction_conflict", "The transaction has a conflict. Please resolve the conflict and try again."
    )


def _asked(what: str, named: str) -> str:
    word = {"column_index": "Index"}.get(what, what.replace("_", " ").capitalize())
    return f"{word} with the requested {'key' if what in ('column', 'column_index') else 'ID'} '{named}'"
