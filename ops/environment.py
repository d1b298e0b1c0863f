"""Where the settings of a command come from: the process's environment over a file of NAME=value lines."""

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ops.packaging.doctl import key_advice
from ops.packaging.environment import env_lines, value_problems
from raceday.catalogue.functions import EVENT_FUNCTIONS
from raceday.errors import SettingsError
from raceday.settings import NOT_OF_THE_FEED, Settings, read_settings, specs

PREFIXES = ("RACEDAY_", "NZTAB_", "APPWRITE_")
# As the feed documents them, and TUR, which it has all the same.
COUNTRIES = frozenset({
    "AUS", "ARG", "CA", "CHI", "DEU", "FR", "HK", "IND", "IRE", "JPN", "KOR",
    "NOR", "NZ", "PER", "SAF", "SGP", "SWE", "TUR", "UK", "URY", "USA",
})  # fmt: skip
# How alike two names are, behind their common beginning, for one to be meant by the other.
_NEAR = 0.8
_NEAR_WHOLE = 0.9
_OVER = "the environment over "
# Read by commands, tests or the shim, and by no function.
BESIDE = frozenset({"RACEDAY_WEB_SECRET", "APPWRITE_ADMIN_KEY", "RACEDAY_PYTHON", "RACEDAY_MUTATIONS"})


@dataclass(frozen=True, slots=True)
class Environment:
    """Values by name, empty ones left out, for each of ours the source that won, and what the file may not mean."""

    values: dict[str, str] = field(repr=False)
    sources: dict[str, str]
    notes: tuple[str, ...] = ()

    @property
    def overridden(self) -> list[str]:
        """Return our variables of which the environment's value counts and the file's, another, does not."""
        return sorted(name for name, source in self.sources.items() if source.startswith(_OVER))

    def __str__(self) -> str:
        """Say which of our variables came from where, by name; never a value."""
        found: dict[str, list[str]] = {}
        for name, source in sorted(self.sources.items()):
            found.setdefault(source, []).append(name)
        return "; ".join(f"from {source}: {', '.join(names)}" for source, names in found.items()) or "none set"


def load(process: Mapping[str, str], file: Path | None = None) -> Environment:
    """Put the process's variables over the file's; an empty variable counts as unset in both.

    Raises PackagingError for a file that cannot be read.
    """
    lines = env_lines(file) if file else []
    given = {name: value for name, value in {name: value for _, name, value in lines}.items() if value.strip()}
    own = {name: value for name, value in process.items() if value.strip() or not name.startswith(PREFIXES)}
    sources = {name: file.name for name in given if ours(name)} if file else {}
    sources |= {
        name: f"{_OVER}{sources[name]}" if given.get(name, value) != value else "the environment"
        for name, value in own.items()
        if ours(name)
    }
    notes = (*_repeated(file.name, lines), *_misspelt(given)) if file else ()
    return Environment({**given, **own}, sources, notes)


def _repeated(file: str, lines: Iterable[tuple[int, str, str]]) -> list[str]:
    """Tell each variable that stands in a file with two values: one edited above the other changes nothing."""
    seen: dict[str, dict[int, str]] = {}
    for number, name, value in lines:
        seen.setdefault(name, {})[number] = value
    return [
        f"{name} stands in {file} on the lines {', '.join(map(str, found))} with different values; the last counts"
        for name, found in seen.items()
        if len(set(found.values())) > 1
    ]


def _misspelt(names: Iterable[str]) -> list[str]:
    """Tell each variable of a file that is almost one of ours, in its beginning or its case."""
    known = sorted({spec.env for spec in specs().values()} | BESIDE)
    found = []
    for name in (each for each in names if not ours(each)):
        if near := difflib.get_close_matches(name.upper(), known, n=1, cutoff=_NEAR_WHOLE):
            found.append(f"{name} is read by nothing; did you mean {near[0]}?")
    return found


def ours(name: str) -> bool:
    """Tell whether a variable is meant for this suite."""
    return name.startswith(PREFIXES)


def unknown(names: Iterable[str]) -> list[str]:
    """Return a sentence for each variable that looks like ours and is read by nothing, with the nearest known name."""
    known = sorted({spec.env for spec in specs().values()} | BESIDE)
    found = []
    for name in sorted(n for n in names if ours(n) and n not in known):
        # What all names begin with makes none of them near.
        prefix = next(prefix for prefix in PREFIXES if name.startswith(prefix))
        rest = [each.removeprefix(prefix) for each in known if each.startswith(prefix)]
        near = difflib.get_close_matches(name.removeprefix(prefix), rest, n=1, cutoff=_NEAR)
        found.append(f"{name} is read by nothing" + (f"; did you mean {prefix}{near[0]}?" if near else ""))
    return found


def doubts(values: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable that nothing reads, and for an API host that is not the one meant."""
    found = unknown(values)
    endpoint = values.get("APPWRITE_ENDPOINT", "").strip().rstrip("/")
    if endpoint and not endpoint.endswith("/v1"):
        found.append("APPWRITE_ENDPOINT does not end in /v1, as Appwrite's console shows it")
    if re.match(r"https?://[^/]*\.doserverless\.co\b", values.get("RACEDAY_API_HOST", "").strip(), re.IGNORECASE):
        found.append(
            "RACEDAY_API_HOST ends in .co, as doctl's legacy connection stores it; the API host that "
            "`doctl serverless namespaces list` shows ends in .io"
        )
    return found + _country_doubts(values) + _url_doubts(values)


def _country_doubts(values: Mapping[str, str]) -> list[str]:
    """Tell each country that the feed is not known to have; it may have got it since."""
    given = [code.strip().upper() for code in values.get("RACEDAY_COUNTRIES", "").split(",")]
    # What is no code at all, or another's for one of the feed's, is refused.
    found = sorted({code for code in given if re.fullmatch("[A-Z]{2,3}", code)} - COUNTRIES - NOT_OF_THE_FEED.keys())
    return (
        [f"RACEDAY_COUNTRIES: the feed is not known to have {', '.join(found)}; see docs/settings.md"] if found else []
    )


def _url_doubts(values: Mapping[str, str]) -> list[str]:
    """Tell each event function's URL that is not the one the platform gives it; a proxy may stand before it."""
    host, namespace = (values.get(name, "").strip().rstrip("/") for name in ("RACEDAY_API_HOST", "RACEDAY_NAMESPACE"))
    if not (host and namespace):
        return []
    package = values.get("RACEDAY_PACKAGE", "").strip() or "raceday"
    found = []
    for function in EVENT_FUNCTIONS:
        name = f"RACEDAY_URL_{function.replace('-', '_').upper()}"
        meant = f"{host}/api/v1/web/{namespace}/{package}/{function}"
        if (given := values.get(name, "").strip()) and given.rstrip("/") != meant:
            found.append(f"{name} is not {meant}: unless a proxy stands before it, no webhook arrives")
    return found


def key_expired(values: Mapping[str, str], today: date) -> str:
    """Say that the namespace key's last day is past, with how to make another; empty where it is not."""
    last = _last_day(values)
    return _expiry(values, last, today) if last and last < today else ""


def key_expiring(values: Mapping[str, str], today: date) -> list[str]:
    """Say that the namespace key's last day is today or near, as the alarm does; empty where it is not."""
    # Help of every command loads this module, and must not load the store's client with it.
    from raceday.scheduling.health import KEY_WARNING_DAYS

    last = _last_day(values)
    return [_expiry(values, last, today)] if last and 0 <= (last - today).days <= KEY_WARNING_DAYS else []


def admin_key(settings: Settings) -> str:
    """Return the key that makes tables and webhooks, the functions' own where there is none."""
    return os.environ.get("APPWRITE_ADMIN_KEY", "").strip() or settings.store_key


def _last_day(values: Mapping[str, str]) -> date | None:
    try:
        return date.fromisoformat(values.get("RACEDAY_NAMESPACE_KEY_EXPIRES", "").strip())
    except ValueError:
        return None


def _expiry(values: Mapping[str, str], last: date, today: date) -> str:
    advice = key_advice(values.get("RACEDAY_NAMESPACE", "").strip() or "NAMESPACE")
    return f"RACEDAY_NAMESPACE_KEY_EXPIRES: the namespace key {until(last, today)}; {advice}, and set its last day"


def until(last: date, today: date) -> str:
    """Say when a last day is, seen from today."""
    days = abs((last - today).days)
    told = "1 day" if days == 1 else f"{days} days"
    if last == today:
        return "expires after today"
    return f"expires in {told}" if last > today else f"expired {told} ago"


def problems(values: Mapping[str, str]) -> list[str]:
    """Return every value of a wrong length or form, those that no function reads included."""
    found = value_problems(values)
    try:
        read_settings(values)
    except SettingsError as error:
        found += error.problems
    return found
