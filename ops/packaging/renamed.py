"""A package of ours under a new name: what stands under the old one, who is not to be robbed, and what goes."""

from collections.abc import Collection

from ops.packaging.errors import NotBegun
from ops.packaging.project import ProjectFile
from ops.packaging.standing import SCHEDULER, Standing, TriggerThere
from raceday.catalogue.functions import EVENT_FUNCTIONS


def base(full_name: str) -> str:
    """Return a function's name without its package."""
    return full_name.rpartition("/")[2]


def twins(names: Collection[str], among: Collection[str]) -> set[str]:
    """Return the functions that are called as one of these, whatever their packages."""
    wanted = {base(name) for name in names}
    return {name for name in among if base(name) in wanted}


def former_functions(project: ProjectFile, declared: Collection[str], package: str, there: Standing) -> list[str]:
    """Return ours of the old package that are deployed now under the new one, or no more; raises NotBegun for none."""
    if package in {spec.package for spec in project.functions}:
        raise NotBegun(f"--renamed-from: project.yml deploys to {package} itself; name the package that it had before")
    chosen = {spec.name for spec in project.functions}
    ours = [name for name, each in there.functions.items() if each.ours and name.partition("/")[0] == package]
    found = sorted(name for name in ours if base(name) in chosen or base(name) not in declared)
    if not found:
        raise NotBegun(f"--renamed-from: no function of ours that is deployed here stands in the package {package}")
    return found


def strangers_triggers(project: ProjectFile, there: Standing, touched: Collection[str]) -> list[str]:
    """Name the triggers that a deployment would take from functions that it does not touch, with the way out."""
    taken = [there.triggers[t.name] for s in project.functions for t in s.triggers if t.name in there.triggers]
    return [_taken(each, project, there) for each in taken if each.function not in touched]


def _taken(trigger: TriggerThere, project: ProjectFile, there: Standing) -> str:
    if trigger.function not in there.functions:
        return (
            f"the trigger {trigger.name} {trigger}, which is gone from the namespace, so that nobody knows whose it "
            f"is: remove it with `doctl serverless undeploy --triggers {trigger.name}`, and deploy again"
        )
    found = f"the trigger {trigger.name} {trigger}, which is not deployed here and would lose it: "
    if package := renamed_package(trigger.function, [spec.full_name for spec in project.functions], there):
        return (
            f"{found}if {package} is the package's former name, run `./raceday deploy --renamed-from {package}`, which "
            "moves its triggers and removes its functions; if it is a suite of its own, name ours otherwise in "
            "project.yml"
        )
    return (
        f"{found}name ours otherwise in project.yml, or remove it first with "
        f"`doctl serverless undeploy --triggers {trigger.name}`"
    )


def renamed_package(function: str, names: Collection[str], there: Standing) -> str:
    """Return the package of a function of ours that is called as one of these in another package, or an empty text."""
    found = there.functions.get(function)
    return function.partition("/")[0] if found and found.ours and twins([function], names) else ""


def other_schedulers(project: ProjectFile, there: Standing, touched: Collection[str]) -> list[str]:
    """Say which scheduler of another package is started beside the one that is deployed."""
    if not any(spec.name == SCHEDULER for spec in project.functions):
        return []
    return [
        f"another scheduler is at work: the trigger {each.name} {each}; if it is of the same suite every slot is "
        f"handed out twice: remove it with `doctl serverless undeploy --triggers {each.name}`, or, where "
        f"{each.function.partition('/')[0]} is the package's former name, run `./raceday deploy --renamed-from "
        f"{each.function.partition('/')[0]}`"
        for each in there.triggers.values()
        if each.enabled and each.function not in touched and base(each.function) == SCHEDULER
    ]


def still_called(former: Collection[str]) -> list[str]:
    """Return those of the old package that Appwrite's webhooks go to until they are applied anew."""
    return sorted(name for name in former if base(name) in EVENT_FUNCTIONS)
