"""Whether a path can be an embedded store's file, asked before anything is written there or beside it."""

import sqlite3
from contextlib import closing
from pathlib import Path

_MAGIC = b"SQLite format 3\0"
HOME_NAME = ".raceday"


class NotAStore(ValueError):
    """A path that is no embedded store's file and must not become one; the text says why."""


def check_file(path: str | Path) -> None:
    """Raise NotAStore for a folder, a file that is not ours, and a file of a folder that is not there."""
    file = Path(path)
    if file.is_dir():
        raise NotAStore(f"{file} is a folder; expected a file of the embedded store")
    if not file.exists():
        if not file.parent.is_dir() and file.parent.name != HOME_NAME:
            raise NotAStore(f"{file}: there is no folder {file.parent}")
        return
    if not file.is_file() or not _ours(file):
        raise NotAStore(f"{file} is no store of raceday's, and was left as it is")


def _ours(file: Path) -> bool:
    with file.open("rb") as opened:
        head = opened.read(len(_MAGIC))
    if not head:
        return True
    if head != _MAGIC:
        return False
    # Immutable: a look into somebody else's database must leave no file beside it.
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        try:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        except sqlite3.DatabaseError:
            return False
    # A store that was killed early has everything in its log still, and no table in the file.
    return {"meta", "hooks"} <= tables or (not tables and Path(f"{file}-wal").exists())


def unwritable(error: sqlite3.OperationalError) -> bool:
    """Tell whether SQLite's file can be written no more, whoever tries: another's lock passes."""
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)
