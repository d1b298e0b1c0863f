"""The variables of a deployment: which are set, which are missing, and which values the deployer would break."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ops.packaging.errors import PackagingError
from ops.packaging.project import FunctionSpec
from raceday.errors import SettingsError
from raceday.settings import read_settings, specs

WEB_SECRET_MIN = 16
_ADMIN_KEY = "APPWRITE_ADMIN_KEY"
_MOST_BYTES = 1_000_000
_LINE = re.compile(r"^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$")
_QUOTED = re.compile(r"""(['"])((?:\\.|(?!\1)[^\\])*)\1\s*(?:#.*)?""")
# What a backslash stands before: in single quotes itself and the quote, in double ones control characters as well.
_ESCAPED = {"'": re.compile(r"\\([\\'])"), '"': re.compile(r"\\([\\'\"abfnrtv])")}
_CONTROLS = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))


@dataclass(frozen=True, slots=True)
class Names:
    """One function's variables by state; values are never kept."""

    set: tuple[str, ...]
    defaulted: tuple[str, ...]
    missing: tuple[str, ...]


def read_env_file(path: Path) -> dict[str, str]:
    """Read NAME=value lines by python-dotenv's rules, without its interpolation; raises PackagingError naming the line.

    A value may be quoted; behind it, or behind a space in one that is not, `#` begins a comment. Of lines with one name
    the last counts.
    """
    return {name: value for _, name, value in env_lines(path)}


def env_lines(path: Path) -> list[tuple[int, str, str]]:
    """Read such a file as its lines' number, name and value; raises PackagingError naming the line."""
    try:
        # A device, as /dev/zero, has no end.
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise PackagingError(f"{path} could not be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        raise PackagingError(f"{path} line {number}: not UTF-8; save the file as UTF-8") from None
    if len(data) > _MOST_BYTES:
        raise PackagingError(f"{path}: expected lines NAME=value, and it has over {_MOST_BYTES:,} bytes")
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.match(line.strip())
        if match is None:
            raise PackagingError(f"{path} line {number}: expected NAME=value")
        value = _value(match.group(2))
        if value is None:
            raise PackagingError(f"{path} line {number}: expected a closing quote, and behind it at most a # comment")
        found.append((number, match.group(1), value))
    return found


def _value(text: str) -> str | None:
    """Return what is meant by the text behind `=`; None for a quote that is not closed or not the end."""
    bare = text.strip()
    if bare[:1] not in ("'", '"'):
        return re.sub(r"\s+#.*", "", text).strip()
    quoted = _QUOTED.fullmatch(bare)
    if quoted is None:
        return None
    kept = _ESCAPED[bare[0]]
    return kept.sub(lambda found: _CONTROLS.get(found.group(1), found.group(1)), quoted.group(2))


def names(spec: FunctionSpec, env: Mapping[str, str]) -> Names:
    """Sort a function's variables, that of its web secret included, into set, left at their default, and missing."""
    required = {s.env for s in specs().values() if s.required} | {spec.secret_variable}
    # An event function that does not know its own URL refuses every webhook, and ten refusals switch it off.
    required |= {name for name in spec.environment.values() if name.startswith("RACEDAY_URL_")}
    wanted = [*spec.environment.values(), *([spec.secret_variable] if spec.secret_variable else [])]
    unset = [name for name in wanted if not env.get(name, "").strip()]
    return Names(
        tuple(name for name in wanted if name not in unset),
        tuple(name for name in unset if name not in required),
        tuple(name for name in unset if name in required),
    )


def unset_defaults(functions: Iterable[FunctionSpec], env: Mapping[str, str]) -> set[str]:
    """Return the variables to leave out of the staged project.yml, since the deployer refuses unset ones."""
    return {name for spec in functions for name in names(spec, env).defaulted}


def environment_problems(functions: Iterable[FunctionSpec], env: Mapping[str, str]) -> list[str]:
    """List missing variables, values that a function would refuse, and values that break the deployer's text."""
    wanted = list(functions)
    needed: dict[str, list[str]] = {}
    for spec in wanted:
        for name in names(spec, env).missing:
            needed.setdefault(name, []).append(spec.name)
    problems = [f"{name} is not set: {_meaning(name)}; needed by {', '.join(by)}" for name, by in needed.items()]
    used = {variable for spec in wanted for variable in names(spec, env).set}
    for name in sorted(used):
        if problem := unsendable(env[name]):
            problems.append(f"{name}: holds {problem}, which does not arrive as sent")
    problems += _setting_problems({name: env[name] for name in used})
    return problems + _own_problems(wanted, env, used)


def unsendable(value: str) -> str:
    """Say what of a value the deployer's substitution would break or change; empty where it arrives byte by byte."""
    if "'" in value:
        return "a single quote"
    if any(ord(char) < 32 or char in "\x7f\x85\u2028\u2029" for char in value):
        return "a tab, a line break or another control character"
    if any(0xD800 <= ord(char) <= 0xDFFF or ord(char) == 0xFEFF for char in value):
        return "a character that is no text"
    return ""


def _meaning(name: str) -> str:
    if name == "RACEDAY_WEB_SECRET":
        return f"secret that callers of the HTTP functions send, at least {WEB_SECRET_MIN} characters"
    return next((s.doc for s in specs().values() if s.env == name), "unknown to the settings")


def _setting_problems(env: Mapping[str, str]) -> list[str]:
    try:
        read_settings(env)
    except SettingsError as error:
        return list(error.problems)
    return []


def value_problems(env: Mapping[str, str]) -> list[str]:
    """List what is wrong with the values of variables that no function reads."""
    return _web_secret_problems(env.get("RACEDAY_WEB_SECRET", "")) + _admin_key_problems(
        env.get(_ADMIN_KEY, "").strip()
    )


def _admin_key_problems(key: str) -> list[str]:
    if not key:
        return []
    try:
        specs()["store_key"].parse(key)
    except ValueError as error:
        return [f"{_ADMIN_KEY}: expected {error}"]
    return [f"{_ADMIN_KEY}: holds {found}, which no key of Appwrite does"] if (found := unsendable(key)) else []


def _web_secret_problems(secret: str) -> list[str]:
    if secret.strip() and len(secret) < WEB_SECRET_MIN:
        return [f"RACEDAY_WEB_SECRET: expected at least {WEB_SECRET_MIN} characters"]
    if secret.strip() and (secret != secret.strip() or not secret.isascii() or not secret.isprintable()):
        return ["RACEDAY_WEB_SECRET: expected plain ASCII characters without a space at either end: it is a header"]
    return []


def _own_problems(functions: Iterable[FunctionSpec], env: Mapping[str, str], used: set[str]) -> list[str]:
    problems = value_problems({name: env[name] for name in {*used, _ADMIN_KEY} & env.keys()})
    packages = sorted({spec.package for spec in functions})
    if any("RACEDAY_PACKAGE" in spec.environment.values() for spec in functions):
        default = next(str(spec.default) for spec in specs().values() if spec.env == "RACEDAY_PACKAGE")
        started = env["RACEDAY_PACKAGE"].strip() if "RACEDAY_PACKAGE" in used else default
        mend = "leave it unset" if default in packages else f"set it to {packages[0]}"
        if started not in packages:
            problems.append(
                f"RACEDAY_PACKAGE: project.yml deploys to {', '.join(packages)}, and functions would be started in "
                f"{started}; {mend}"
            )
    return problems
