"""`./raceday package`, `deploy` and `cold-start`."""

import asyncio
import json
import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from local.environment import current
from local.failures import one_line
from local.host.check import boot_problems, load_all
from local.host.coldstart import measure, table, variants
from local.host.function import base_interpreter, staged_function
from local.options import Options
from local.work.priced import priced
from ops.environment import Environment, doubts, key_expired, key_expiring
from ops.packaging.alone import alone_on
from ops.packaging.compiled import find_compiler
from ops.packaging.deploy import Deployer, Home, key_problem
from ops.packaging.dists import HOST, PLATFORM_PYTHON
from ops.packaging.doctl import Doctl
from ops.packaging.environment import unset_defaults
from ops.packaging.errors import DeployError, NotBegun, PackagingError
from ops.packaging.lock import ROOT
from ops.packaging.plan import DeployPlan, make_plan
from ops.packaging.project import FILE_NAME, ProjectFile, read_project
from ops.packaging.record import read_record
from ops.packaging.render import render
from ops.packaging.secrets import hidden
from ops.packaging.show import show
from ops.packaging.sources import SOURCES, site
from ops.packaging.stage import Staged, Stager
from ops.packaging.stops import Stops
from ops.packaging.told import addressed
from raceday.clock import SystemClock
from raceday.settings import Settings, read_settings, specs

_PLATFORM = ("RACEDAY_API_HOST", "RACEDAY_NAMESPACE", "RACEDAY_NAMESPACE_KEY")
_ABOVE = "mend what is refused above"


def run_package(args: Options) -> int:
    """Stage the tree; 0 done, 1 staged but a function does not start, 2 nothing staged."""
    try:
        with alone_on("./raceday package", args.out):
            return _package(args)
    except PackagingError as error:
        return _tell("package", error, 2)


def _package(args: Options) -> int:
    _, staged = stage(args)
    for f in staged.functions:
        print(f"{f.name:<24}{f.zip_bytes / 1e6:>7.2f} MB  {f.sha256}")
    print(f"staged in {staged.root} for {staged.target}, library {staged.library}")
    if args.json:
        _write_json(args.json, package_json(staged))
    problems = [] if args.no_boot else boot(staged)
    for problem in problems:
        print(f"raceday package: {problem}", file=sys.stderr)
    return 1 if problems else 0


def package_json(staged: Staged) -> dict[str, Any]:
    """Return a staged tree's sizes and hashes."""
    functions = [{"name": f.name, "zip_bytes": f.zip_bytes, "sha256": f.sha256} for f in staged.functions]
    return {"target": staged.target, "library": staged.library, "functions": functions}


def stage(args: Options, env: Mapping[str, str] | None = None) -> tuple[ProjectFile, Staged]:
    """Stage what the options ask for; raises PackagingError."""
    project = read_project(ROOT / FILE_NAME, SOURCES.functions)
    wanted = [name.strip() for name in args.only.split(",") if name.strip()] or list(project.names)
    values = current().values if env is None else env
    chosen = [spec for spec in project.functions if spec.name in wanted]
    legacy = values.get("RACEDAY_LEGACY_SCHEDULES", "").strip().lower() in {"1", "true", "yes", "on"}
    unset = unset_defaults(chosen, values)
    text = render(project, names=wanted, unset=unset, triggers=args.triggers, legacy=legacy, sizes=args.sizes)
    try:
        return project, Stager(project, SOURCES, site(args.target)).stage(args.out.resolve(), text, wanted)
    except OSError as error:
        # A disk that is full says so of no file.
        raise OSError(error.errno, error.strerror, error.filename or str(args.out)) from error


def foreign(target: str, python: str) -> list[str]:
    """Say why a tree staged for this machine's Python version is not for the platform; empty where it is."""
    if target != HOST or python == PLATFORM_PYTHON:
        return []
    return [f"a tree staged for Python {python} does not start on the platform's {PLATFORM_PYTHON}: leave --target out"]


def boot(staged: Staged) -> list[str]:
    """Start every staged function on both paths where an interpreter for it is here; gives problems by name."""
    # What is staged for this machine is compiled by its own version, which no other reads.
    interpreter = base_interpreter() if staged.target == HOST else find_compiler(PLATFORM_PYTHON)
    if not interpreter or (sys.platform, platform.machine()) != ("linux", "x86_64"):
        say("not started here: that needs Python 3.11 on Linux x86_64")
        return []
    specs_there = read_project(staged.root / FILE_NAME)
    hosted = [staged_function(f.archive, specs_there.function(f.name), {}) for f in staged.functions]
    problems = boot_problems(asyncio.run(load_all(hosted, interpreter)))
    if not problems:
        say(f"{len(hosted)} functions start on both paths")
    return problems


def run_deploy(args: Options) -> int:
    """Plan, and unless only planning, deploy.

    0 done, 1 a plan with refusals, 2 refused or stopped and nothing asked to change, 3 failed and undone or told.
    """
    if args.plan:
        return _run_deploy(args, Stops(say))
    with Stops(say) as stops:
        try:
            return _run_deploy(args, stops)
        except KeyboardInterrupt:
            return _tell("deploy", NotBegun(stops.told), 2)


def _run_deploy(args: Options, stops: Stops) -> int:
    command = f"./raceday deploy{' --plan' if args.plan else ''}"
    try:
        known = current()
        say(f"settings {known}")
        if expired := key_expired(known.values, SystemClock().now().date()):
            raise DeployError(f"{expired}. Nothing was staged or asked to change")
        # A plan stages as well, and would take the tree from under a deployment.
        places = [args.out, *([] if args.plan else [Home(args.home).record])]
        with ExitStack() as held:
            try:
                held.enter_context(alone_on(command, *places))
                project, staged, rendered, plan = _planned(args, known)
            except OSError as error:
                raise DeployError(f"{one_line(error)}; nothing was asked to change") from None
            if args.plan:
                return 1 if plan.refusals else 0
            if plan.refusals:
                return _tell("deploy", PackagingError(f"refused, and the platform was not called; {_ABOVE}"), 2)
            return _deploy(args, project, staged, rendered, known.values, stops)
    except PackagingError as error:
        return _tell("deploy", error, 2)


def say(text: str) -> None:
    """Print a line at once; a reader that has gone, or a full disk, keeps no deployment and no undo from its end."""
    try:
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _planned(args: Options, known: Environment) -> tuple[ProjectFile, Staged, ProjectFile, DeployPlan]:
    """Stage and say what would be deployed; raises PackagingError, or OSError of a disk that takes nothing."""
    env = known.values
    project, staged = stage(args, env)
    rendered = read_project(staged.root / FILE_NAME)
    plan = _plan(args, project, rendered, staged, env)
    say(show(plan))
    doubtful = [*known.notes, *doubts(env), *key_expiring(env, SystemClock().now().date())]
    for text in doubtful:
        say(f"note: {text}")
    if args.json:
        _write_json(args.json, {**plan.to_json(), "settings": known.sources, "doubts": doubtful})
    return project, staged, rendered, plan


def _plan(
    args: Options, project: ProjectFile, rendered: ProjectFile, staged: Staged, env: Mapping[str, str]
) -> DeployPlan:
    # The staged memory counts: a report tells seconds, and those of other sizes are taken to be the same.
    staged_mb = {spec.name: spec.limits.memory_mb for spec in (*project.functions, *rendered.functions)}
    simulate = args.sizes if args.simulate else ""
    cost = priced(args.sim_report, args.home, staged_mb, staged.library, SystemClock().now(), simulate=simulate)
    last = read_record(Home(args.home).record)
    return make_plan(project, rendered, staged, env, last, cost=cost, triggers_limit=args.triggers_limit)


def _deploy(
    args: Options, project: ProjectFile, staged: Staged, rendered: ProjectFile, env: Mapping[str, str], stops: Stops
) -> int:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if problems := foreign(staged.target, here) or boot(staged) + _key_problems(rendered, env):
        return _tell("deploy", NotBegun([*problems, "refused"]), 2)
    secret_names = {s.env for s in specs().values() if s.secret} | {"RACEDAY_WEB_SECRET"}
    doctl = Doctl(env, secrets=tuple(hidden((name, env[name].strip()) for name in secret_names if name in env)))
    deployer = Deployer(
        doctl,
        Home(args.home, Path(tempfile.gettempdir())),
        say,
        declared=project.names,
        keep=args.keep,
        renamed_from=args.renamed_from,
        stops=stops,
    )
    try:
        doctl.version()
    except DeployError as error:
        return _tell("deploy", NotBegun(addressed(error.problems, _namespace(rendered, env))), 2)
    try:
        deployer.deploy(staged, rendered, _namespace(rendered, env))
    except NotBegun as error:
        return _tell("deploy", error, 2)
    except DeployError as error:
        return _tell("deploy", error, 3)
    say("deployed and verified")
    return 0


def _namespace(rendered: ProjectFile, env: Mapping[str, str]) -> str:
    """Return the namespace that doctl has to be connected to; event functions alone may go to another one."""
    with_scheduler = any("RACEDAY_NAMESPACE" in spec.environment for spec in rendered.functions)
    return _meant(env).platform_namespace if with_scheduler else ""


def _meant(env: Mapping[str, str]) -> Settings:
    """Read what doctl and its namespace are compared with as a function does: a blank at an end counts nowhere."""
    return read_settings({name: env.get(name, "") for name in _PLATFORM})


def _key_problems(rendered: ProjectFile, env: Mapping[str, str]) -> list[str]:
    if not any("RACEDAY_NAMESPACE_KEY" in spec.environment for spec in rendered.functions):
        return []
    meant = _meant(env)
    problem = key_problem(meant.platform_host, meant.platform_namespace, meant.platform_key)
    return [problem] if problem else []


def run_cold_start(args: Options) -> int:
    """Measure and print the table."""
    try:
        project = read_project(ROOT / FILE_NAME, SOURCES.functions)
        if args.function not in project.names:
            raise PackagingError(f"there is no function {args.function!r}; there are {', '.join(project.names)}")
        with tempfile.TemporaryDirectory() as scratch:
            layouts = variants(args.function, project, SOURCES, site("host"), Path(scratch))
            rows = measure(layouts, max(1, args.runs))
    except PackagingError as error:
        return _tell("cold-start", error, 2)
    print(f"{args.function}: extract and import, then until its first answer; median of {max(1, args.runs)}")
    print(table(rows))
    if args.json:
        fields = ("layout", "zip_bytes", "load_ms", "answer_ms", "memory_mb")
        _write_json(args.json, {"function": args.function, "rows": [{k: getattr(r, k) for k in fields} for r in rows]})
    return 0


def _write_json(path: Path, data: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n", "utf-8")


def _tell(command: str, error: PackagingError, code: int) -> int:
    for problem in error.problems:
        with suppress(OSError):
            print(f"raceday {command}: {problem}", file=sys.stderr)
    return code
