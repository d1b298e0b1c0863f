"""What the platform's deployer and server refuse, drop silently, or default to something unsafe."""

import re
from collections import Counter
from typing import Any

from raceday.catalogue.platform import MAX_LOGS_KB, MAX_MEMORY_MB, MAX_TIMEOUT_MS
from raceday.catalogue.schedules import read_cron

RUNTIMES = ("python:3.11",)
_NAME = re.compile(r"^\w(?:[\w@ .-]*[\w@.-]+)?$")
_REFERENCE = re.compile(r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$")
_ROOT_KEYS = {"packages"}
_PACKAGE_KEYS = {"name", "functions", "annotations"}
_FUNCTION_KEYS = {"name", "runtime", "main", "web", "webSecure", "limits", "annotations", "environment", "triggers"}
_LIMITS = {"timeout": (100, MAX_TIMEOUT_MS, "ms"), "memory": (128, MAX_MEMORY_MB, "MB"), "logs": (1, MAX_LOGS_KB, "KB")}
# Keys that the deployer knows and this project must not use, with the reason.
_REFUSED = {
    "parameters": "parameters become keys of the event that a caller can forge; use environment",
    "environment": "environment belongs to single functions, so that a secret reaches only those that need it",
    "remoteBuild": "a remote build loses the function's triggers",
    "localBuild": "functions are staged built; nothing is built by the deployer",
    "targetNamespace": "the namespace is the one doctl is connected to",
    "binary": "the deployer decides this from the staged folder",
    "file": "functions are folders",
    "docker": "functions run on the pinned Python runtime",
    "sequence": "sequences are not used",
    "binding": "packages are not bound",
    "shared": "the package is private",
    "actions": "write `functions`",
}


def project_problems(data: dict[str, Any]) -> list[str]:
    """List everything wrong in a parsed project.yml, each problem naming its function and key."""
    problems = _unknown_keys("project.yml", data, _ROOT_KEYS)
    packages = data.get("packages")
    if not isinstance(packages, list) or not packages:
        return [*problems, "project.yml: expected 'packages', a list with at least one package"]
    for package in packages:
        problems += _package_problems(package)
    return problems + _uniqueness_problems(packages)


def _package_problems(package: Any) -> list[str]:
    if not isinstance(package, dict):
        return ["project.yml: every package has to be a mapping with name and functions"]
    name = package.get("name")
    problems = _unknown_keys(f"package {name}", package, _PACKAGE_KEYS)
    if not _is_name(name):
        problems.append(f"package {name!r}: expected a name of letters, digits, _ and -")
    if name == "default":
        problems.append("package default: it takes no annotations or environment; use a package with a name")
    functions = package.get("functions")
    if not isinstance(functions, list) or not functions:
        return [*problems, f"package {name}: expected 'functions', a list with at least one function"]
    return problems + [problem for function in functions for problem in function_problems(function)]


def function_problems(function: Any) -> list[str]:
    """List everything wrong in one function's clause."""
    if not isinstance(function, dict):
        return ["project.yml: every function has to be a mapping with a name"]
    name = function.get("name")
    problems = _unknown_keys(str(name), function, _FUNCTION_KEYS, skip={"environment"})
    if not _is_name(name):
        problems.append(f"function {name!r}: expected a name of letters, digits, _ and -")
    if function.get("runtime") not in RUNTIMES:
        problems.append(
            f"{name}: runtime has to be pinned to {' or '.join(RUNTIMES)}, found {function.get('runtime')!r}"
        )
    if function.get("main", "main") != "main":
        problems.append(f"{name}: main has to be `main`")
    problems += _access_problems(str(name), function)
    problems += _limit_problems(str(name), function.get("limits"))
    problems += _environment_problems(str(name), function.get("environment", {}))
    problems += _annotation_problems(str(name), function.get("annotations", {}))
    return problems + _trigger_problems(str(name), function.get("triggers", []))


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and _NAME.match(name) is not None


def _unknown_keys(
    where: str, data: dict[str, Any], known: set[str], skip: frozenset[str] | set[str] = frozenset()
) -> list[str]:
    problems = []
    for key in data:
        if key in _REFUSED and key not in known and key not in skip:
            problems.append(f"{where}: '{key}' is not used: {_REFUSED[key]}")
        elif key not in known:
            problems.append(f"{where}: the deployer does not know the key '{key}'")
    return problems


def _access_problems(name: str, function: dict[str, Any]) -> list[str]:
    web, secure = function.get("web"), function.get("webSecure")
    if "web" not in function:
        return [f"{name}: web is missing; the deployer would publish the function to everybody"]
    if web is not False and web != "raw":
        return [f"{name}: web has to be false or raw (true lets a caller overwrite any key of the event)"]
    if web is False:
        return [f"{name}: webSecure has no effect while web is false"] if "webSecure" in function else []
    if secure is False:
        return []
    if isinstance(secure, str) and _REFERENCE.match(secure):
        return []
    return [f"{name}: webSecure has to be written: false, or a quoted variable such as '${{RACEDAY_WEB_SECRET}}'"]


def _limit_problems(name: str, limits: Any) -> list[str]:
    if not isinstance(limits, dict):
        return [f"{name}: limits are missing; the platform's own timeout is 3000 ms"]
    problems = [f"{name}: the deployer does not know the limit '{key}'" for key in limits if key not in _LIMITS]
    for key, (low, high, unit) in _LIMITS.items():
        value = limits.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            problems.append(f"{name}: limits.{key} has to be a whole number of {unit}, found {value!r}")
        elif not low <= value <= high:
            problems.append(f"{name}: limits.{key} is {value}; the platform takes {low} to {high} {unit}")
    return problems


def _environment_problems(name: str, environment: Any) -> list[str]:
    if not isinstance(environment, dict):
        return [f"{name}: environment has to be a mapping"]
    problems = []
    for key, value in environment.items():
        if not isinstance(value, str):
            problems.append(f"{name}: environment {key} has to be a text, found {type(value).__name__}")
        elif not _REFERENCE.match(value):
            problems.append(f"{name}: environment {key} has to be a quoted variable, '${{{key}}}', not a value")
        if str(key).startswith("__OW_") or key == "LOG_DESTINATIONS":
            problems.append(f"{name}: environment {key} belongs to the platform")
    return problems


def _annotation_problems(name: str, annotations: Any) -> list[str]:
    if not isinstance(annotations, dict):
        return [f"{name}: annotations have to be a mapping"]
    problems = [
        f"{name}: the annotation {key} is the platform's own; use web, webSecure and limits"
        for key in ("web-export", "raw-http", "require-whisk-auth", "final", "provide-api-key")
        if key in annotations
    ]
    for key, value in annotations.items():
        if key == "schedule" and (problem := _cron_problem(value)):
            problems.append(f"{name}: annotation {key} {value!r}: {problem}")
    return problems


def _cron_problem(expression: object) -> str:
    """Say what the platform would not take in a cron expression; empty where it is fine."""
    if not isinstance(expression, str):
        return "expected a text of five numeric fields"
    try:
        read_cron(expression)
    except ValueError as error:
        return str(error)
    return ""


def _trigger_problems(name: str, triggers: Any) -> list[str]:
    if not isinstance(triggers, list):
        return [f"{name}: triggers have to be a list"]
    return [problem for trigger in triggers for problem in _one_trigger_problems(name, trigger)]


def _one_trigger_problems(name: str, trigger: Any) -> list[str]:
    if not isinstance(trigger, dict):
        return [f"{name}: every trigger has to be a mapping"]
    label = trigger.get("name")
    known = {"name", "type", "enabled", "scheduledDetails"}
    problems = [
        f"{name}: trigger {label}: the deployer does not know the key '{key}'" for key in trigger if key not in known
    ]
    if not _is_name(label):
        problems.append(f"{name}: a trigger needs a name of letters, digits, _ and -")
    if str(trigger.get("type", "")).upper() != "SCHEDULED":
        problems.append(f"{name}: trigger {label}: type has to be SCHEDULED")
    if not isinstance(trigger.get("enabled", True), bool):
        problems.append(f"{name}: trigger {label}: enabled has to be true or false")
    details = trigger.get("scheduledDetails")
    if not isinstance(details, dict) or set(details) - {"cron", "body"}:
        return [*problems, f"{name}: trigger {label}: scheduledDetails takes cron and body"]
    if problem := _cron_problem(details.get("cron")):
        problems.append(f"{name}: trigger {label}: cron {details.get('cron')!r}: {problem}")
    if not isinstance(details.get("body", {}), dict):
        problems.append(f"{name}: trigger {label}: body has to be a mapping")
    return problems


def _uniqueness_problems(packages: list[Any]) -> list[str]:
    functions = [f for p in packages if isinstance(p, dict) for f in p.get("functions") or [] if isinstance(f, dict)]
    names = Counter(str(f.get("name")) for f in functions)
    triggers = Counter(str(t.get("name")) for f in functions for t in f.get("triggers") or [] if isinstance(t, dict))
    problems = [f"{name}: declared {count} times" for name, count in names.items() if count > 1]
    problems += [
        f"trigger {name}: named {count} times; a trigger's name is unique in its namespace"
        for name, count in triggers.items()
        if count > 1
    ]
    return problems
