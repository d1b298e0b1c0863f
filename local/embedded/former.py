"""The former words of the API, which `/databases/.../collections/.../documents` still speaks."""

from typing import Any

from local.embedded.errors import ApiRefusal

_KINDS = {"row_": "document_", "table_": "collection_", "column_": "attribute_"}
_WORDS = {"Row ": "Document ", "Table ": "Collection ", "A table ": "A collection ", "Column ": "Attribute "}


def former_error(error: ApiRefusal) -> ApiRefusal:
    """Return an error its former type."""
    for new, old in _KINDS.items():
        if error.kind.startswith(new):
            return ApiRefusal(error.status, old + error.kind.removeprefix(new), _former_words(error.message))
    return error


def _former_words(message: str) -> str:
    for new, old in _WORDS.items():
        if message.startswith(f"{new}with the requested"):
            return old + message.removeprefix(new)
    return message


def former_body(body: Any) -> Any:
    """Return a row, a list of rows or an empty body its former member names."""
    if not isinstance(body, dict):
        return body
    if body.keys() == {"total", "rows"}:
        return {"total": body["total"], "documents": [former_body(row) for row in body["rows"]]}
    # A related row shown whole speaks the former words too.
    return {("$collectionId" if key == "$tableId" else key): _related(value) for key, value in body.items()}


def _related(value: Any) -> Any:
    return [former_body(one) for one in value] if isinstance(value, list) else former_body(value)
