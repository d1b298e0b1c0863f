"""The doctor's lines of settings and platform: where settings come from, the namespace's key, doctl."""

import os
from collections.abc import Iterator
from datetime import date

import httpx

from ops import doctor_functions, doctor_triggers
from ops.doctor import Diagnosis, Level
from ops.doctor_functions import Tree
from ops.environment import Environment, doubts, load, until
from ops.packaging.deploy import key_problem
from ops.packaging.doctl import TESTED_VERSION, Doctl, key_advice
from ops.packaging.environment import value_problems
from ops.packaging.errors import DeployError
from ops.packaging.standing import TriggerThere, read_triggers
from raceday.errors import SettingsError
from raceday.scheduling.health import KEY_WARNING_DAYS
from raceday.settings import FEED, PLATFORM, STORE, WEBHOOKS, Settings, read_settings

INSTALL = f"install {TESTED_VERSION}; see docs/deploying.md"
ALL = frozenset({FEED, STORE, PLATFORM, WEBHOOKS})


def environment(given: Environment | None = None, needs: frozenset[str] = ALL) -> Iterator[Diagnosis]:
    """Check that every setting is there and can be read; tell where they come from and what nothing reads."""
    known = given or load(os.environ)
    for text in (*known.notes, *doubts(known.values)):
        yield Diagnosis("warning", "environment", text, "correct it, or unset it")
    found = value_problems(known.values)
    try:
        read_settings(known.values, needs)
    except SettingsError as error:
        found += error.problems
    for problem in found:
        yield Diagnosis("failing", "environment", problem, "set it; docs/settings.md says what it means")
    if not found:
        yield Diagnosis("ok", "environment", "every setting is there")
    yield Diagnosis("ok", "settings", str(known))


def platform(settings: Settings, today: date, transport: httpx.BaseTransport | None = None) -> Iterator[Diagnosis]:
    """Check that the namespace takes the key that starts functions, and tell when it expires."""
    if not (settings.platform_host and settings.platform_namespace and settings.platform_key):
        return
    named = (settings.platform_host, settings.platform_namespace, settings.platform_key)
    if problem := key_problem(*named, transport):
        what, _, advice = problem.partition("; ")
        where = "check RACEDAY_API_HOST (it ends in .io) and RACEDAY_NAMESPACE"
        yield Diagnosis("failing", "platform", what, advice or where)
    else:
        yield Diagnosis("ok", "platform", f"{settings.platform_namespace} takes the access key")
    if not settings.platform_key_expires:
        yield Diagnosis("ok", "key expiry", "none told (RACEDAY_NAMESPACE_KEY_EXPIRES is unset)")
        return
    last = date.fromisoformat(settings.platform_key_expires)
    days = (last - today).days
    level: Level = "failing" if days < 0 else "warning" if days <= KEY_WARNING_DAYS else "ok"
    advice = f"{key_advice(settings.platform_namespace)}; set it with its date, and deploy" if level != "ok" else ""
    yield Diagnosis(level, "key expiry", f"{last.isoformat()}: the namespace key {until(last, today)}", advice)


def doctl(client: Doctl) -> Iterator[Diagnosis]:
    """Check doctl's version where it is installed."""
    try:
        yield Diagnosis("ok", "doctl", client.version() or "a version of its own making")
    except DeployError as error:
        level: Level = "warning" if "not installed" in str(error) else "failing"
        yield Diagnosis(level, "doctl", str(error).partition(". ")[0], INSTALL)


def deployment(
    settings: Settings, tree: Tree, client: Doctl, transport: httpx.BaseTransport | None = None
) -> Iterator[Diagnosis]:
    """Compare what the platform has with this tree; where it cannot be asked, say that it was not."""
    try:
        there = doctor_functions.read(settings, tree, transport)
    except DeployError as error:
        yield Diagnosis(
            "warning", "deployment", f"the platform was not asked: {error}; {tree.remembered}",
            "see the lines of environment and platform"
        )  # fmt: skip
        return
    asked = _asked(settings.platform_namespace, client)
    rows = [] if isinstance(asked, Diagnosis) else asked
    yield from there.compared(doctor_triggers.command(tree.triggers, tree.record, rows, there.sizes))
    if isinstance(asked, Diagnosis):
        yield asked
    else:
        yield from doctor_triggers.check(tree.triggers, tree.record, tree.functions, rows, there.libraries, there.sizes)


def _asked(namespace: str, client: Doctl) -> list[TriggerThere] | Diagnosis:
    """Return the triggers as doctl tells of them, or why it did not: the namespace's key alone may not ask for them."""
    try:
        connected, _ = client.connected()
        if connected == namespace:
            return read_triggers(client)
    except DeployError as error:
        found, advice = parted("; ".join(error.problems), namespace)
        return Diagnosis("warning", "trigger", f"not asked: {found}", advice)
    advice = f"connect doctl to {namespace} to see what starts the scheduler; docs/deploying.md says how"
    return Diagnosis("warning", "trigger", f"not asked: doctl is connected to {connected}", advice)


def parted(problem: str, namespace: str) -> tuple[str, str]:
    """Part what doctl failed for from what mends it, for this namespace where that is a key for it."""
    if "not installed. " in problem:
        return problem.partition(". ")[0], INSTALL
    found, told, _ = problem.partition(f": {key_advice()}")
    if told:
        return found, key_advice(namespace)
    return problem, "" if "run `" in problem else "see `doctl serverless triggers list`"
