"""`./raceday measure`: how the platform runs what is deployed, and which sizes keep polls punctual there."""

import asyncio
import sys

from local.environment import current
from local.options import Options, write_json
from ops.measure import Measured, Measurer, verdicts
from ops.timed import MeasureFailed
from raceday.catalogue.functions import NAMES
from raceday.errors import SettingsError
from raceday.settings import PLATFORM, read_settings


def run(args: Options) -> int:
    """Measure and print."""
    names = [name.strip() for name in args.only.split(",") if name.strip()]
    if not names:
        return _wrong("--only: expected at least one function, got none", 2)
    if unknown := [name for name in names if name not in NAMES]:
        return _wrong(f"--only: expected functions of {', '.join(NAMES)}; got {unknown[0]!r}", 2)
    try:
        settings = read_settings(current().values, frozenset({PLATFORM}))
        found = asyncio.run(Measurer(settings).measure(names, args.runs))
    except SettingsError as error:
        return _wrong("settings:\n  " + "\n  ".join(error.problems), 2)
    except MeasureFailed as error:
        return _wrong(str(error), 3)
    lines = verdicts(found)
    print("\n".join([*table(found), "", *lines]))
    if args.json:
        told = {"functions": [each.to_json() for each in found], "verdicts": lines}
        write_json(args.json, told)
    return int(any("NOT punctual (measured)" in line for line in lines))


def table(found: list[Measured]) -> list[str]:
    """Return the figures as text."""
    head = f"{'function':<24}{'MB':>6}{'cold s':>9}{'warm s':>9}{'import ms':>11}{'work ms':>9}{'share':>7}  runs"
    return [head, *map(_row, found)]


def _row(each: Measured) -> str:
    cold, warm = (f"{'-':>9}" if ms is None else f"{ms / 1000:>9.2f}" for ms in (each.cold_ms, each.warm_ms))
    imports = f"{'-':>11}" if each.import_ms is None else f"{each.import_ms:>11.0f}"
    text = f"{each.function:<24}{each.memory_mb:>6}{cold}{warm}{imports}{each.work_ms:>9.0f}{each.share:>7.2f}"
    return f"{text}  {len(each.runs)}, {len(each.cold)} cold"


def _wrong(text: str, code: int) -> int:
    print(f"raceday measure: {text}", file=sys.stderr)
    return code
