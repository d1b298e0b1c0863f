"""`./raceday doctor`: what the suite stands on, line by line."""

from collections.abc import Iterator, Mapping, Sequence

from local.environment import current
from local.functions import ROOT
from local.options import Options, write_json
from ops import doctor_platform
from ops.doctor import Diagnosis, StoreChecks, as_json, attempt, feed
from ops.doctor_functions import Tree
from ops.doctor_triggers import declared
from ops.environment import admin_key
from ops.packaging.doctl import Doctl
from ops.packaging.environment import unset_defaults
from ops.packaging.project import FILE_NAME, parse_project, read_project
from ops.packaging.record import read_record
from ops.packaging.render import render
from ops.packaging.stage import library_hash
from raceday.catalogue.functions import SIZES
from raceday.clock import SystemClock
from raceday.errors import SettingsError
from raceday.settings import Settings, read_settings
from raceday.settings import specs as settings_specs

RECORD = ROOT / ".raceday" / "deployed.json"
MARKS = {"ok": "ok      ", "warning": "warning ", "failing": "failing "}


def run(args: Options) -> int:
    """Run every check and print its lines."""
    given = current()
    lines = attempt(lambda: doctor_platform.environment(given), "environment")
    settings = _readable(given.values)
    lines += attempt(lambda: feed(settings), "feed")
    lines += attempt(lambda: doctor_platform.platform(settings, SystemClock().now().date()), "platform")
    client = Doctl(given.values)
    lines += attempt(lambda: doctor_platform.doctl(client), "doctl")
    lines += _store(settings)
    lines += attempt(
        lambda: doctor_platform.deployment(settings, _tree(settings.legacy_schedules, given.values), client),
        "deployment",
    )
    return _show(lines, args)


def _readable(values: Mapping[str, str]) -> Settings:
    """Read what can be read: one wrong setting, which has its own line, must not hide what the others stand on."""
    wrong = set()
    for spec in settings_specs().values():
        try:
            read_settings({spec.env: values.get(spec.env, "")})
        except SettingsError:
            wrong.add(spec.env)
    return read_settings({name: value for name, value in values.items() if name not in wrong})


def _store(settings: Settings) -> list[Diagnosis]:
    if not (settings.store_endpoint and settings.store_project and settings.store_key):
        return [Diagnosis("failing", "appwrite", "not asked: endpoint, project or key is missing", "set APPWRITE_*")]
    key = admin_key(settings)
    return attempt(StoreChecks(settings, key).lines, "appwrite")


def _tree(legacy: bool, values: Mapping[str, str]) -> Tree:
    project = read_project(ROOT / FILE_NAME)
    names = [spec.full_name for spec in project.functions]
    triggers = declared(project, legacy=legacy)
    unset = unset_defaults(project.functions, values)
    specs = {str(sizes): parse_project(render(project, unset=unset, sizes=sizes)).functions for sizes in SIZES}
    return Tree(names, library_hash(ROOT / "shared"), read_record(RECORD), triggers, specs, values)


def _show(lines: list[Diagnosis], args: Options) -> int:
    for line, advice in zip(lines, told_once(lines), strict=True):
        print(f"{MARKS[line.level]} {line.what:<13} {line.found}" + (f"  -> {advice}" if advice else ""))
    if args.json:
        write_json(args.json, as_json(lines), indent=2)
    return 1 if any(line.level == "failing" for line in lines) else 0


def told_once(lines: Sequence[Diagnosis]) -> Iterator[str]:
    """Return each line's advice, or where it begins as an earlier line's does, that line's name for it."""
    first: dict[str, str] = {}
    for line in lines:
        known = max((each for each in first if line.advice.startswith(each)), key=len, default="")
        yield f"as for {first[known]} above{line.advice.removeprefix(known)}" if known else line.advice
        if line.advice:
            first.setdefault(line.advice, line.what)
