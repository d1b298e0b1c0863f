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


def missing(what: str) -> ApiRefusal:
    """Something that does not exist: row, table, column, database, transaction, webhook ..."""
    return ApiRefusal(
        404, f"{what}_not_found", f"{what.replace('_', ' ').capitalize()} with the requested ID was not found."
    )


def exists(what: str, row_id: str = "") -> ApiRefusal:
    """An id that is taken."""
    return ApiRefusal(
        409, f"{what}_already_exists", f"{what.capitalize()} with the requested ID '{row_id}' already exists."
    )


def conflict(what: str = "transaction_conflict") -> ApiRefusal:
    """A touched row that changed meanwhile."""
    return ApiRefusal(409, what, "The resource was changed meanwhile. Please try again.")
