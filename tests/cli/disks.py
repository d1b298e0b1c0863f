"""Commands on a disk that takes nothing: run in a mount namespace of its own, whose end unmounts the disk.

`unshare --mount ... python -m tests.cli.disks FOLDER MOUNT KIND` prints for each line its exit code and what it told.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.cli.kit import raceday

UP = "up --races 1 --minutes 0.02 --port 0 --store-port 0 --functions-port 0"
# By what is left of the disk: nothing may be written, nothing more has room, or no more than opening the store takes.
LINES: dict[str, tuple[str, ...]] = {
    "read-only": (
        "invoke daily-meetings --races 1 --quiet",
        "invoke daily-meetings --races 1 --quiet --store new.db",
        UP,
        f"{UP} --demo",
        f"{UP} --tape new.tape",
        "record --feed generated --races 1 --minutes 0.02",
        "report 'Tuiroa R1' race.html",
        "rebuild 'Tuiroa R1' --write",
        "export 2026-02-14 out",
        "pause daily-races",
        "resume daily-races",
        "prune --yes",
        "silks sheet silks.html",
        "package --out staged",
        "deploy --plan --out staged",
        "deploy --out staged",
        "simulate --races 1 --tape new.tape",
        "simulate --races 1 --store new.db",
        "replay day.tape --store .raceday/raceday.db",
    ),
    "full": (
        "invoke daily-meetings --races 1 --quiet",
        "invoke daily-meetings --races 1 --quiet --store new.db",
        UP,
        f"{UP} --demo",
        "record --feed generated --races 1 --minutes 0.02",
        "report 'Tuiroa R1' race.html",
        "rebuild 'Tuiroa R1' --write",
        "export 2026-02-14 out",
        "pause daily-races",
        "resume daily-races",
        "prune --yes",
        "silks sheet silks.html",
        "package --out staged",
        "deploy --plan --out staged",
        "deploy --out staged",
        "score table --races 1 --json new.json",
        "doctor --json new.json",
        "outages --races 1 --depth full --outage store-killed --json new.json",
        "backfill 2026-02-14 --again --feed tape:day.tape --at 2026-02-16T00:00:00+00:00 --rate 1000",
        "simulate --races 1 --tape new.tape",
        "simulate --races 1 --store new.db",
    ),
    "filling": (
        f"{UP} --speed 30 --minutes 60",
        f"{UP} --speed 30 --minutes 60 --tape new.tape",
        "record --feed generated --races 1 --speed 30 --minutes 60 --store .raceday/raceday.db",
    ),
}
# What only reads does so on a read-only and on a full disk too.
READERS = (
    "status --date 2026-02-14 --all",
    "report 2026-02-14 {aside}/day.html",
    "report 'Tuiroa R1' {aside}/race.html",
    "explain 'Tuiroa R1' 1 5",
    "asof 'Tuiroa R1' 11:40",
    "export 2026-02-14 {aside}/days",
    "logs --race 'Tuiroa R1'",
)
SIZE_BYTES = 16 * 2**20
# The store's file beside its log and index: opening takes them, the first commit has no room.
ROOM_BYTES = {"full": 0, "readers on a full disk": 0, "filling": 300_000}


class Ending(NamedTuple):
    """How a line ended: exit code, standard output and standard error."""

    line: str
    code: int
    out: str
    err: str


def ended(line: str, aside: Path) -> Ending:
    """Run a line in a process of its own that is forked: nothing is imported twice."""
    paths = [aside / "out", aside / "err"]
    child = os.fork()
    if child == 0:
        for number, path in enumerate(paths, 1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os._exit(_code(line))
    _, status = os.waitpid(child, 0)
    return Ending(line, os.waitstatus_to_exitcode(status), *(path.read_text() for path in paths))


def _code(line: str) -> int:
    try:
        return raceday(*shlex.split(line))
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 99
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def mount(place: Path, kind: str, template: Path) -> Path:
    """Mount a small disk with a copy of a folder on it, and leave it the room of its kind."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES}", "tmpfs", str(place)], check=True)
    folder = place / "w"
    shutil.copytree(template, folder)
    if kind in ("read-only", "readers"):
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        return folder
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    (place / "ballast").write_bytes(bytes(free - ROOM_BYTES[kind]))
    return folder


def main(template: str, place: str, kind: str) -> None:
    """Run every line of a kind, each on the disk as it was."""
    with tempfile.TemporaryDirectory() as aside:
        for line in LINES.get(kind, READERS):
            os.chdir(mount(Path(place), kind, Path(template)))
            told = ended(line.format(aside=aside), Path(aside))
            print(json.dumps(told._replace(line=line)), flush=True)
            os.chdir("/")
            subprocess.run(["umount", "--lazy", place], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
