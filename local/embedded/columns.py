"""Columns: what a request asks for, how the file keeps it, how an answer shows it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.embedded.errors import argument

# Text compares as MariaDB's usual collation has it: without case here, without accents through `text.fold`.
_TEXT = "TEXT COLLATE NOCASE"
SQL_TYPES = {
    "string": _TEXT,
    "varchar": _TEXT,
    "text": _TEXT,
    "mediumtext": _TEXT,
    "longtext": _TEXT,
    "datetime": "TEXT",
    "relationship": _TEXT,
    "integer": "INTEGER",
    "bigint": "INTEGER",
    "boolean": "INTEGER",
    "double": "REAL",
}
TEXTS = ("string", "varchar", "text", "mediumtext", "longtext")
FORMATS = ("enum", "email", "ip", "url")
MOST_VARCHAR = 16_381
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}")


@dataclass(slots=True)
class ApiColumn:
    """One column as the API shows it; `type` is the API's own word, `double` for floats."""

    key: str
    type: str
    required: bool = False
    default: Any = None
    size: int = 0
    min: float | None = None
    max: float | None = None
    array: bool = False
    elements: list[str] | None = None
    related: str = ""
    on_delete: str = "setNull"
    relation: str = "manyToOne"
    two_way: bool = False
    two_way_key: str = ""
    side: str = "parent"
    created: str = ""
    format: str = ""
    ready: str = ""

    def status(self, stamp: str) -> str:
        """Tell whether the worker that makes columns is done with this one at an instant."""
        return "processing" if self.ready > stamp else "available"

    def shown(self, stamp: str = "~") -> dict[str, Any]:
        """Return the column as an answer has it at an instant."""
        base: dict[str, Any] = {
            "key": self.key,
            "type": self.type,
            "status": self.status(stamp),
            "error": "",
            "required": self.required,
            "array": self.array,
            "$createdAt": self.created,
            "$updatedAt": self.created,
            "default": self.default,
        }
        if self.type in ("string", "varchar"):
            base["size"] = self.size
        if self.type in ("integer", "double", "bigint"):
            base |= {"min": self.min, "max": self.max}
        if self.elements is not None:
            base["elements"] = self.elements
        if self.format:
            base["format"] = self.format
        if self.type == "relationship":
            base |= {
                "relatedTable": self.related,
                "relationType": self.relation,
                "twoWay": self.two_way,
                "twoWayKey": self.two_way_key,
                "onDelete": self.on_delete,
                "side": self.side,
            }
        return base

    @property
    def virtual(self) -> bool:
        """Tell whether this is the side of a two-way relationship that stands for many rows and holds nothing."""
        many = "child" if self.relation == "manyToOne" else "parent"
        return self.type == "relationship" and self.two_way and self.side == many

    def width(self) -> int:
        """Return the bytes the column takes of a MariaDB row in utf8mb4."""
        if self.virtual:
            return 0
        if self.type in ("string", "varchar"):
            return 4 * self.size + 2 if self.size <= 16_383 else 20
        return 20 if self.type in ("text", "mediumtext", "longtext") else 8


def column_of(kind: str, body: Mapping[str, Any], stamp: str) -> ApiColumn:
    """Read a column from a request; `kind` is the route's or the inline definition's word for its type."""
    key = body.get("key")
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise argument("Invalid `key` param: Key must be a valid string of 1 to 36 characters.")
    words = {"float": "double", "enum": "string", "email": "string", "url": "string", "ip": "string"}
    found = words.get(kind, kind)
    if found not in SQL_TYPES:
        raise argument(f"Invalid `type` param: {kind} is not a type of column.")
    size = body.get("size") or 0
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise argument("Invalid `size` param: Value must be a valid range between 1 and 16,383")
    if found == "varchar" and not 1 <= size <= MOST_VARCHAR:
        raise argument(f"Invalid `size` param: Value must be a valid range between 1 and {MOST_VARCHAR:,}")
    if bad := [name for name in ("min", "max") if not _is_bound(body.get(name))]:
        raise argument(f"Invalid `{bad[0]}` param: Value must be a valid number")
    elements = body.get("elements")
    if elements is not None and not (isinstance(elements, list) and all(isinstance(e, str) for e in elements)):
        raise argument("Invalid `elements` param: Value must a valid array of texts")
    return ApiColumn(
        key=key,
        type=found,
        required=bool(body.get("required")),
        default=body.get("default"),
        size=size,
        min=body.get("min"),
        max=body.get("max"),
        array=bool(body.get("array")),
        elements=elements,
        related=str(body.get("relatedTableId") or body.get("relatedTable") or ""),
        relation=str(body.get("type") or "manyToOne") if kind == "relationship" else "manyToOne",
        two_way=bool(body.get("twoWay")),
        two_way_key=_far_key(body),
        on_delete=str(body.get("onDelete") or "restrict"),
        created=stamp,
        format=kind if kind in FORMATS else str(body.get("format") or ""),
    )


def _far_key(body: Mapping[str, Any]) -> str:
    key = body.get("twoWayKey") or ""
    if key and not (isinstance(key, str) and KEY.fullmatch(key)):
        raise argument("Invalid `twoWayKey` param: Key must be a valid string of 1 to 36 characters.")
    return str(key)


def _is_bound(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
