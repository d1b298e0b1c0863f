"""Where the settings of a command come from: the process's environment over a file of NAME=value lines."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ops.packaging.environment import read_env_file, value_problems
from raceday.errors import SettingsError
from raceday.settings import read_settings, specs

PREFIXES = ("RACEDAY_", "NZTAB_", "APPWRITE_")
# Read by commands, tests or the shim, and by no function.
BESIDE = frozenset({"RACEDAY_WEB_SECRET", "APPWRITE_ADMIN_KEY", "RACEDAY_PYTHON", "RACEDAY_MUTATIONS"})


@dataclass(frozen=True, slots=True)
class Environment:
    """Values by name, empty ones left out, and for each of ours the source that won."""

    values: dict[str, str] = field(repr=False)
    sources: dict[str, str]

    def __str__(self) -> str:
        """Say how many of our variables came from where, and which were in both."""
        counts: dict[str, list[str]] = {}
        for name, source in sorted(self.sources.items()):
            counts.setdefault(source, []).append(name)
        return "; ".join(f"{len(names)} from {source}" for source, names in counts.items()) or "none set"


def load(process: Mapping[str, str], file: Path | None = None) -> Environment:
    """Put the process's variables over the file's; an empty variable counts as unset in both.

    Raises PackagingError for a file that cannot be read.
    """
    given = {name: value for name, value in (read_env_file(file) if file else {}).items() if value.strip()}
    own = {name: value for name, value in process.items() if value.strip() or not name.startswith(PREFIXES)}
    sources = {name: file.name for name in given if ours(name)} if file else {}
    sources |= {
        name: f"the environment over {sources[name]}" if given.get(name, value) != value else "the environment"
        for name, value in own.items()
        if ours(name)
    }
    return Environment({**given, **own}, sources)


def ours(name: str) -> bool:
    """Tell whether a variable is meant for this suite."""
    return name.startswith(PREFIXES)


def unknown(names: Iterable[str]) -> list[str]:
    """Return a sentence for each variable that looks like ours and is read by nothing, with the nearest known name."""
    known = sorted({spec.env for spec in specs().values()} | BESIDE)
    found = []
    for name in sorted(n for n in names if ours(n) and n not in known):
        near = difflib.get_close_matches(name, known, n=1)
        found.append(f"{name} is read by nothing" + (f"; did you mean {near[0]}?" if near else ""))
    return found


def problems(values: Mapping[str, str]) -> list[str]:
    """Return every value of a wrong length or form, those that no function reads included."""
    found = value_problems(values)
    try:
        read_settings(values)
    except SettingsError as error:
        found += error.problems
    return found
