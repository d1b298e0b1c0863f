"""Which scope a route asks of an API key; any one of those named will do."""

GUESTS = ("public",)
_ROOMS = {
    "rows": ("rows", "documents"),
    "documents": ("documents",),
    "transactions": ("rows", "documents"),
    "columns": ("columns", "attributes"),
    "indexes": ("indexes",),
    "tables": ("tables", "collections"),
    "tablesdb": ("databases",),
    "webhooks": ("webhooks",),
    "files": ("files",),
    "buckets": ("buckets",),
    "health": ("health",),
}
ALL_SCOPES = frozenset(f"{name}.{way}" for names in _ROOMS.values() for name in names for way in ("read", "write"))


def scopes_of(method: str, path: str) -> tuple[str, ...]:
    """Return the scopes of a route by the last of its path's words that names a thing."""
    word = next(part for part in reversed(path.split("/")) if part in _ROOMS)
    way = "read" if method == "GET" else "write"
    return tuple(f"{name}.{way}" for name in _ROOMS[word])
