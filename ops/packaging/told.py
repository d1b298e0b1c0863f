"""What a failed deployment says of the platform: as before, mended, other or unknown, with what mends it."""

from collections.abc import Iterable, Iterator

from ops.packaging.doctl import key_advice
from ops.packaging.project import ProjectFile
from ops.packaging.standing import SCHEDULER, FunctionThere, Standing
from ops.packaging.undo import FormerDeployment

# What the body of the watchdog's trigger says.
_WATCHES = '"watchdog": true'


def counted(number: int, what: str) -> str:
    """Say how many there are, one of them without an s."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def addressed(problems: Iterable[str], namespace: str) -> list[str]:
    """Put the namespace, where it is known, into advice that names none: its commands are there to be copied."""
    known = key_advice(namespace) if namespace else key_advice()
    return [text.replace(key_advice(), known) for text in problems]


def as_before(now: Standing, former: FormerDeployment) -> str:
    """Say that all stands as before, and whether anything was put back for it."""
    was = former.standing
    touched = [n for n in former.touched if n in was.functions]
    untouched = all(now.functions[name].version == was.functions[name].version for name in touched)
    theirs = was.triggers_of(former.touched)
    triggers = [name for name, each in now.triggers_of(former.touched).items() if theirs.get(name) == each]
    found = f"{counted(len(touched), 'function')} and {counted(len(triggers), 'trigger')}"
    seen = f"seen on the platform: {found} as before"
    return f"nothing was deployed; {seen}" if untouched else f"put back; {seen}"


def mending(now: Standing, former: FormerDeployment) -> Iterator[str]:
    """Say which triggers of the scheduler were mended before anything else, and are left so."""
    differing = now.differences(former.standing, former.touched)
    if differing:
        yield "left as it was mended before anything else:"
    yield from differing


def state(now: Standing, former: FormerDeployment) -> Iterator[str]:
    """Say function by function and trigger by trigger what is there, what differs first with what mends it."""
    was, names = former.standing, former.touched
    mine, theirs = now.triggers_of(names), was.triggers_of(names)
    triggers, remove = sorted({*mine, *theirs}), "doctl serverless undeploy"
    lines = [_line(n, now.functions.get(n), was.functions.get(n), f"{remove} {n}") for n in sorted(names)]
    lines += [_line(f"trigger {n}", mine.get(n), theirs.get(n), f"{remove} --triggers {n}") for n in triggers]
    differing = [line for line in lines if not line.endswith("as before")]
    if differing:
        yield "not everything could be put back; on the platform now:"
        yield from differing
        yield from standstill(now, former)
    else:
        # What the scheduler was mended to before anything else is not there, but what stood before it is.
        yield "all that stood before stands; on the platform now:"
        yield from standstill(now, former)
    yield from (line for line in lines if line not in differing)


def standstill(now: Standing, former: FormerDeployment) -> Iterator[str]:
    """Say that nothing starts the scheduler where it is so, whatever was before, and which command mends it."""
    names = former.touched
    standing = [name for name in sorted(names) if name.endswith(f"/{SCHEDULER}") and name in now.functions]
    # Of a renamed package both may stand; the one that stood before is to be told.
    scheduler = min(standing, key=lambda name: name not in former.standing.functions, default="")
    triggers = now.triggers_of(standing).values()
    if not scheduler or any(trigger.enabled for trigger in triggers):
        return
    none = "no trigger that is on" if triggers else "no trigger"
    package = scheduler.partition("/")[0]
    watching = sorted(
        name
        for name, each in now.triggers.items()
        if each.enabled and each.function.partition("/")[0] == package and _WATCHES in each.body
    )
    means = f"after three minutes the watchdog ({watching[0]}) does its work" if watching else "no race is polled"
    yield (
        f"{scheduler} has {none} now: it stands still, and {means}, until it has one: run `./raceday deploy` with the "
        "same options again, which makes the trigger first"
    )


def _line(name: str, now: object, was: object, remove: str) -> str:
    if now == was:
        return f"{name}: {'as before' if now else 'not there, as before'}"
    if was is None:
        return f"{name}: new, {now}; remove it with `{remove}`"
    found = f"now: {now}" if now else "gone"
    if isinstance(now, FunctionThere) and isinstance(was, FunctionThere):
        found += "".join(f"; {each}" for each in now.unlike(was))
    return f"{name}: {found}; before: {was}; deploy the commit that stood before, or `./raceday deploy` again"


def unknown(project: ProjectFile, former: FormerDeployment) -> list[str]:
    """Name all of which it is not known how it stands now."""
    names = sorted(former.touched)
    triggers = {*former.standing.triggers_of(former.touched), *(t.name for s in project.functions for t in s.triggers)}
    return [
        f"what stands on the platform now could not be read: unknown are the functions {', '.join(names)} "
        f"and the triggers {', '.join(sorted(triggers)) or 'of these'}; look with `doctl serverless functions list` "
        "and `doctl serverless triggers list`, then repeat `./raceday deploy`: it mends the scheduler's trigger first"
    ]
