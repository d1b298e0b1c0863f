"""Folders of a deployment that was killed: what stands is told, and they are removed, for settings are in them."""

import json
import os
import shlex
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from ops.packaging.standing import LIBRARY, Standing

PREFIX = "undo-"
# Earlier releases kept theirs among everybody's scratch files, under no lock: one of them may be at work there.
_FORMER = "raceday-undo-*"


def leftovers(home: Path) -> list[Path]:
    """Return the folders that deployments left which could no longer remove them."""
    return sorted(each for each in home.glob(f"{PREFIX}*") if each.is_dir())


def clear(folders: Collection[Path], standing: Standing, names: Collection[str], say: Callable[[str], None]) -> None:
    """Say that a deployment was cut short and what stands since then, and remove what it left here."""
    if not folders:
        return
    functions = [standing.functions[name] for name in names if name in standing.functions]
    libraries = {str(json.loads(each.annotations).get(LIBRARY, "none")) for each in functions}
    running = [f"{name} {each}" for name, each in sorted(standing.triggers_of(names).items())]
    half = ": half of one deployment, half of another" if len(libraries) > 1 else ""
    say("a deployment before this one was cut short, and neither ended nor undone; this one takes for the state before "
        f"what stands now: functions {len(functions)} of {len(names)}, libraries {len(libraries)}{half}; "
        f"triggers: {', '.join(running) or 'none'}")  # fmt: skip
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            say(f"{folder} could not be removed, and settings may be in it: remove it by hand")


def former_leftovers(place: Path | None) -> list[str]:
    """Tell what deployments of earlier releases left in the folder of scratch files, with what removes it."""
    found = sorted(place.glob(_FORMER)) if place else []
    mine = [shlex.quote(str(each)) for each in found if each.is_dir() and each.stat().st_uid == os.getuid()]
    if not mine:
        return []
    return [
        "a deployment of an earlier release was cut short, and settings may be in what it left: where none is at work "
        f"remove it with `rm -r {' '.join(mine)}`"
    ]
