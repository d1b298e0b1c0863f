"""The table of settings, from their declarations."""

from typing import Any

from raceday.settings import Spec, specs

# Variables that no function reads: the platform's own answers use one, commands of a developer the others.
BESIDE = {
    "RACEDAY_WEB_SECRET": (
        "Secret that callers of the HTTP functions send as `X-Require-Whisk-Auth`, 16 characters or more; read by "
        "`deploy` (secret)",
        "required to deploy",
    ),
    "APPWRITE_ADMIN_KEY": (
        "API key for tables and webhooks; read by `schema`, `webhooks` and `doctor`, never deployed (secret)",
        "`APPWRITE_API_KEY`",
    ),
    "RACEDAY_PYTHON": ("Python that `./raceday` makes its virtual environment with", "the first 3.11 or later"),
}


def settings_table() -> str:
    """Return the table of every setting in Markdown."""
    rows = ["| variable | meaning | default |", "|---|---|---|"]
    rows += [f"| `{spec.env}` | {spec.doc}{_marks(spec)} | {_default(spec)} |" for spec in specs().values()]
    rows += [f"| `{name}` | {meaning} | {default} |" for name, (meaning, default) in BESIDE.items()]
    return "\n".join(rows)


def _marks(spec: Spec) -> str:
    return " (secret)" if spec.secret else ""


def _default(spec: Spec) -> str:
    if spec.required:
        return "required"
    value: Any = spec.default
    if isinstance(value, frozenset):
        return f"`{','.join(sorted(value))}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`" if value not in ("", None) else "none"
