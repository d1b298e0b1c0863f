"""What a request for a column has to bring, which Appwrite looks at before its table."""

from collections.abc import Mapping
from typing import Any

from local.embedded.errors import ApiRefusal, argument

TEXT_KINDS = ("string", "varchar", "text", "mediumtext", "longtext", "enum", "email", "ip", "url")
NUMBER_KINDS = ("integer", "bigint", "float")
KINDS = (*TEXT_KINDS, *NUMBER_KINDS, "boolean", "datetime", "relationship")
MOST_ELEMENTS, MOST_ELEMENT = 100, 255


def check_asked(kind: str, body: Mapping[str, Any]) -> None:
    """Refuse a new column whose members are missing or of another type, or whose range or default cannot be."""
    for name in ("key", "required", *(("elements",) if kind == "enum" else ()), *_sized(kind)):
        if name not in body:
            raise argument(f'Param "{name}" is not optional.')
    for name in ("required", "array", "encrypt"):
        if name in body and not (isinstance(body[name], bool) or (body[name] is None and name != "required")):
            raise argument(f"Invalid `{name}` param: Value must be a valid boolean")
    for name in ("default", *(("min", "max") if kind in NUMBER_KINDS else ())):
        if not _is_of(kind, body.get(name)):
            raise argument(f"Invalid `{name}` param: Value must be of the column's own type")
    if kind == "enum":
        _check_elements(body["elements"], body.get("default"))
    low, high = body.get("min"), body.get("max")
    if kind in NUMBER_KINDS and low is not None and high is not None and low > high:
        raise ApiRefusal(400, "column_value_invalid", "Minimum value must be lesser than maximum value")
    if body.get("array") and body.get("default") is not None:
        raise ApiRefusal(400, "column_default_unsupported", "Cannot set default value for array columns")


def _sized(kind: str) -> tuple[str, ...]:
    return ("size",) if kind in ("string", "varchar") else ()


def _is_of(kind: str, value: Any) -> bool:
    if value is None:
        return True
    if kind in NUMBER_KINDS:
        return isinstance(value, int if kind != "float" else (int, float)) and not isinstance(value, bool)
    return isinstance(value, bool) if kind == "boolean" else isinstance(value, str)


def _check_elements(elements: Any, default: Any) -> None:
    known = isinstance(elements, list) and all(isinstance(e, str) and 0 < len(e) <= MOST_ELEMENT for e in elements)
    if not known or len(elements) > MOST_ELEMENTS:
        raise argument(f"Invalid `elements` param: Value must a valid array no longer than {MOST_ELEMENTS} items")
    if default is not None and default not in elements:
        raise ApiRefusal(400, "column_value_invalid", "Default value not found in elements")
