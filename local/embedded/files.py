"""Storage: buckets and files."""

import base64
import hashlib
import json
import sqlite3
from collections.abc import Callable
from datetime import datetime
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from local.embedded.errors import ApiRefusal, argument, exists, missing
from local.embedded.instants import iso

RASTERS = ("image/png", "image/jpeg", "image/gif", "image/webp")
# One transparent dot.
GENERIC_ICON = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


class Files:
    """Buckets and their files, in the same SQLite file as the rows."""

    def __init__(self, db: sqlite3.Connection, now: Callable[[], datetime]) -> None:
        self._db, self._now = db, now
        db.execute("CREATE TABLE IF NOT EXISTS buckets (id TEXT PRIMARY KEY, shown TEXT NOT NULL)")
        db.execute(
            "CREATE TABLE IF NOT EXISTS files (bucket TEXT, id TEXT, shown TEXT NOT NULL, content BLOB NOT NULL, "
            "PRIMARY KEY (bucket, id))"
        )

    def add_bucket(self, bucket: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make a bucket."""
        stamp = iso(self._now())
        shown = {"$id": bucket, "$createdAt": stamp, "$updatedAt": stamp, "$permissions": [], "enabled": True}
        shown |= {"name": body.get("name", bucket), "allowedFileExtensions": body.get("allowedFileExtensions", [])}
        try:
            self._db.execute("INSERT INTO buckets VALUES (?, ?)", (bucket, json.dumps(shown)))
        except sqlite3.IntegrityError:
            raise exists("storage_bucket", bucket) from None
        return shown

    def bucket(self, bucket: str) -> dict[str, Any]:
        """Return a bucket; refuses one that does not exist."""
        row = self._db.execute("SELECT shown FROM buckets WHERE id = ?", (bucket,)).fetchone()
        if row is None:
            raise missing("storage_bucket", bucket)
        found: dict[str, Any] = json.loads(row[0])
        return found

    def change_bucket(self, bucket: str, body: dict[str, Any]) -> dict[str, Any]:
        """Change a bucket; refuses one that does not exist."""
        shown = self.bucket(bucket) | {"$updatedAt": iso(self._now()), "name": body["name"]}
        shown["allowedFileExtensions"] = body.get("allowedFileExtensions", [])
        self._db.execute("UPDATE buckets SET shown = ? WHERE id = ?", (json.dumps(shown), bucket))
        return shown

    def buckets(self) -> list[dict[str, Any]]:
        """Return every bucket."""
        return [json.loads(r[0]) for r in self._db.execute("SELECT shown FROM buckets ORDER BY id")]

    def delete_bucket(self, bucket: str) -> None:
        """Delete a bucket with its files."""
        self.bucket(bucket)
        self._db.execute("DELETE FROM files WHERE bucket = ?", (bucket,))
        self._db.execute("DELETE FROM buckets WHERE id = ?", (bucket,))

    def add(self, bucket: str, content_type: str, raw: bytes) -> dict[str, Any]:
        """Store a file that comes as a form."""
        allowed = self.bucket(bucket)["allowedFileExtensions"]
        form = read_form(content_type, raw)
        if "file" not in form or "fileId" not in form:
            raise argument('Param "fileId" is not optional.')
        name, media_type, content = form["file"]
        file_id = form["fileId"][2].decode("utf-8", "replace")
        if allowed and name.rpartition(".")[2].lower() not in allowed:
            raise ApiRefusal(400, "storage_file_type_unsupported", "The given file extension is not supported.")
        stamp = iso(self._now())
        shown = {
            "$id": file_id,
            "bucketId": bucket,
            "$createdAt": stamp,
            "$updatedAt": stamp,
            "$permissions": [],
            "name": name,
            "signature": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "mimeType": media_type,
            "sizeOriginal": len(content),
            "chunksTotal": 1,
            "chunksUploaded": 1,
        }
        try:
            self._db.execute("INSERT INTO files VALUES (?, ?, ?, ?)", (bucket, file_id, json.dumps(shown), content))
        except sqlite3.IntegrityError:
            raise exists("storage_file", file_id) from None
        return shown

    def get(self, bucket: str, file_id: str) -> tuple[dict[str, Any], bytes]:
        """Return a file and its content; refuses one that does not exist."""
        self.bucket(bucket)
        row = self._db.execute(
            "SELECT shown, content FROM files WHERE bucket = ? AND id = ?", (bucket, file_id)
        ).fetchone()
        if row is None:
            raise missing("storage_file", file_id)
        return json.loads(row[0]), bytes(row[1])

    def listed(self, bucket: str) -> list[dict[str, Any]]:
        """Return every file of a bucket."""
        self.bucket(bucket)
        rows = self._db.execute("SELECT shown FROM files WHERE bucket = ? ORDER BY id", (bucket,))
        return [json.loads(r[0]) for r in rows]

    def delete(self, bucket: str, file_id: str) -> None:
        """Delete a file."""
        self.get(bucket, file_id)
        self._db.execute("DELETE FROM files WHERE bucket = ? AND id = ?", (bucket, file_id))


def served(shown: dict[str, Any], content: bytes, form: str) -> tuple[str, bytes]:
    """Return a file's media type and content as one of its forms gives them.

    A drawing is shown as plain text, and previewed as a picture of nothing: only a download tells what it is.
    """
    media_type = str(shown["mimeType"])
    is_raster = media_type in RASTERS
    if form == "preview":
        return (media_type, content) if is_raster else ("image/png", GENERIC_ICON)
    return (media_type if is_raster or form == "download" else "text/plain"), content


def read_form(content_type: str, raw: bytes) -> dict[str, tuple[str, str, bytes]]:
    """Read a multipart form: by field its file name, media type and content."""
    message = BytesParser(policy=HTTP).parsebytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + raw)
    found: dict[str, tuple[str, str, bytes]] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = (part.get_filename() or "", part.get_content_type(), content)
    return found
