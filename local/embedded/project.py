"""One project's state: its database, catalogue, rows, transactions, files and webhooks."""

import os
import random
import sqlite3
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from local.embedded.catalog import Catalog
from local.embedded.files import Files
from local.embedded.hooks import Hooks
from local.embedded.rows import Rows
from local.embedded.text import register
from local.embedded.transactions import Transactions
from local.store_file import check_file


class EmbeddedProject:
    """What the routes of a server work on; `now` gives the instant that rows are stamped with."""

    def __init__(
        self,
        path: str | Path,
        now: Callable[[], datetime],
        seed: int,
        project_id: str,
        column_latency_secs: float,
        *,
        loopback_hooks: bool,
    ) -> None:
        self.project_id, self.now, self.loopback_hooks = project_id, now, loopback_hooks
        self._random = random.Random(seed)
        self._db = _connect(path)
        # Tests make servers by the hundred: one that nobody holds any more closes its file.
        weakref.finalize(self, self._db.close)
        self.catalog = Catalog(self._db, now, column_latency_secs)
        self.rows = Rows(self._db, now, self.catalog, self.new_id)
        self.transactions = Transactions(self.rows, self.catalog.table, now, self.new_id)
        self.files = Files(self._db, now)
        self.hooks = Hooks(project_id, self.new_id, self._db)
        self._db.commit()

    def new_id(self) -> str:
        """Return a new random id."""
        return f"{self._random.getrandbits(80):020x}"

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Do things outside a request, all of them or none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._end(kept=False)
            raise
        self._end(kept=True)

    def _end(self, *, kept: bool) -> None:
        try:
            if kept:
                self._db.commit()
        except sqlite3.Error:
            # A disk that is full says so only now: nothing of it may stand, in the file or beside it.
            self._end(kept=False)
            raise
        if not kept:
            self._db.rollback()
        self.catalog.settle(kept=kept)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _connect(path: str | Path) -> sqlite3.Connection:
    if str(path) != ":memory:":
        check_file(path)
        Path(path).parent.mkdir(exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    db.row_factory = sqlite3.Row
    register(db)
    if str(path) != ":memory:":
        # What was committed survives a killed process; only a power cut may take the last commits along.
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        os.chmod(path, 0o600)
    return db
