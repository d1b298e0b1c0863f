"""Which store a command acts on: one default for all, told in the first line, and held by one `up` at a time."""

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from local.failures import StoreHeld
from local.store_file import NotAStore as NotAStore
from local.store_file import check_file

HOME = Path(".raceday")
DEFAULT = HOME / "raceday.db"
SIMULATED = HOME / "simulate.db"
TAPED = HOME / "taped.db"
DEMO = HOME / "demo.db"
ENV = "env"
LIVE = "live"
MEMORY = ":memory:"
# What SQLite puts beside a file that it opens.
LOG_BYTES = 200_000
_COPIES: list[TemporaryDirectory[str]] = []
HELP = f"env where APPWRITE_ENDPOINT is set, else {DEFAULT}, or {DEMO} while `up --demo` runs"


def chosen(given: str | Path | None, *, of_running: bool = True) -> str:
    """Return the store of a command: what was given, else Appwrite where it is set, else the default file.

    With `of_running`, a demo that runs goes before a default file that nobody works on. Raises NotAStore for an empty
    name, as a script's unset variable gives.
    """
    if given == "":
        raise NotAStore("--store: expected a file or env, got ''")
    place = str(given) if given else (ENV if os.environ.get("APPWRITE_ENDPOINT") else str(_default(of_running)))
    if place not in (ENV, MEMORY):
        check_file(place)
    return place


def of_feed(given: str | Path | None, feed: str | None, *, own: Path | None = None, of_running: bool = True) -> str:
    """Return the store of a command that runs functions on a feed.

    Races that are made up or played again never go to Appwrite unless it is named, only the live feed's do; `own` is a
    file to take instead of the default.
    """
    if given or given == "" or feed == LIVE:
        return chosen(given, of_running=of_running)
    return chosen(own or _default(of_running))


def _default(of_running: bool) -> Path:
    return DEMO if of_running and not holder(DEFAULT) and holder(DEMO) else DEFAULT


def present(given: str | Path | None, *, simulated: bool = True) -> str:
    """Return the store of a command that makes none; raises NotAStore where it is not there.

    With `simulated`, the simulated day's store is read where none was named and the default is not there yet.
    """
    place = chosen(given)
    if place in (ENV, MEMORY):
        return place
    if Path(place).exists():
        if not any(part.is_file() and part.stat().st_size for part in (Path(place), Path(f"{place}-wal"))):
            raise NotAStore(f"{place} is empty: what was to fill it never did")
        return place
    if simulated and not given and SIMULATED.exists():
        return chosen(SIMULATED)
    maker = "`./raceday up` makes one, and `./raceday simulate` a simulated day's" if not given else "check its name"
    demo = f"; the last demo's is there: --store {DEMO}" if not given and DEMO.exists() else ""
    raise NotAStore(f"there is no store at {place}; {maker}{demo}")


def readable(place: str) -> str:
    """Return the path to read a store at: a copy where its disk is read-only or full, on which SQLite opens no log.

    The copy goes when this process ends. Raises StoreHeld where somebody writes to a read-only disk by another way.
    """
    if place in (ENV, MEMORY):
        return place
    disk = os.statvfs(Path(place).absolute().parent)
    read_only = bool(disk.f_flag & os.ST_RDONLY)
    who = holder(Path(place)).splitlines()
    if not read_only and (who or disk.f_bavail * disk.f_frsize > LOG_BYTES):
        return place
    if who:
        raise StoreHeld(f"{who[0]} is at work on {place}, which cannot be read from a read-only disk meanwhile")
    aside = TemporaryDirectory(prefix="raceday-")
    _COPIES.append(aside)
    for end in ("", "-wal", "-activity", "-activity-wal"):
        if Path(f"{place}{end}").exists():
            shutil.copyfile(f"{place}{end}", f"{aside.name}/{Path(place).name}{end}")
    return f"{aside.name}/{Path(place).name}"


def beside(place: str) -> str:
    """Return the path that a store's side files (activity, log) begin with."""
    return str(HOME / ENV) if place == ENV else place


def remove(store: Path) -> None:
    """Remove an embedded store's file and those beside it."""
    for end in ("", "-wal", "-shm", "-activity", "-activity-wal", "-activity-shm"):
        Path(f"{store}{end}").unlink(missing_ok=True)


def tell(place: str, file: TextIO | None = None) -> None:
    """Print the first line of a command: the store that it acts on."""
    print(f"store {shown_name(place)}", file=file or sys.stdout, flush=True)


def shown_name(place: str) -> str:
    """Return a store's name as it is told: a path, or where Appwrite is."""
    return f"Appwrite at {os.environ.get('APPWRITE_ENDPOINT', '(not set)')}" if place == ENV else place


@contextmanager
def held(place: str, command: str) -> Iterator[None]:
    """Hold a store's file for as long as a command runs on it; raises StoreHeld naming who has it already."""
    if place in (ENV, MEMORY):
        yield
        return
    path = Path(f"{place}-lock")
    path.parent.mkdir(exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = lock.readline().strip() or "another process"
            raise StoreHeld(f"{who} is at work on {place}") from None
        lock.truncate(0)
        lock.write(f"`{command}` (process {os.getpid()}, since {datetime.now(UTC):%H:%M:%S} UTC)\n")
        lock.flush()
        yield


def holder(store: Path) -> str:
    """Return what the process that holds a store wrote into its lock; nothing where nobody holds it."""
    path = Path(f"{store}-lock")
    try:
        with path.open(encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return path.read_text("utf-8") or "another process"
    except OSError:
        return ""
    return ""
