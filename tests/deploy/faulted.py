"""A platform in a state before, one deployment under faults, and whether its message tells all that is left behind."""

import copy
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ops.packaging.errors import DeployError
from tests.deploy.bench import Bench, text_of
from tests.deploy.fake.host import CUT, LOST, FakeHost, Fault, copied

ANSWERS: tuple[int | str, ...] = (401, 500, 503, CUT, LOST)
# A read is tried three times by us, and a call to the API six times by doctl in each of them.
ONCE, WHILE_TRIED, FOR_EVER = (1, 1), (3, 18), (0, 0)
There = tuple[dict[str, str], dict[str, str]]


class Scene:
    """A platform in a state before, and the next version staged once; its package may have had another name."""

    def __init__(self, bench: Bench, before: str, after: str = "", renamed_from: str = "") -> None:
        self.bench = bench
        self.renamed_from = renamed_from
        _reset(bench)
        if before:
            bench.deploy(before)
        self.state = copied((bench.host.functions, bench.host.triggers, bench.host.packages))
        self.old = bench.there()
        self.parts = bench.stage(after or text_of(memory=512))

    def run(self, *faults: Fault) -> "Run":
        """Deploy from the state before with these faults."""
        host = self.bench.host
        _reset(self.bench)
        host.functions, host.triggers, host.packages = copied(self.state)
        host.most_schedulers = len(host.started_each_minute())
        host.faults = [copy.copy(fault) for fault in faults]
        message, self.bench.said[:] = "", []
        try:
            self.bench.carry(*self.parts, renamed_from=self.renamed_from)
        except DeployError as error:
            message = "\n".join(error.problems)
        host.faults = []
        return Run(self.old, self.bench.there(), message, list(host.asked), host.most_schedulers, list(self.bench.said))


def _reset(bench: Bench) -> None:
    fresh = FakeHost(namespace=bench.host.namespace, namespaces=bench.host.namespaces)
    for name in FakeHost.__dataclass_fields__:
        setattr(bench.host, name, getattr(fresh, name))


@dataclass
class Run:
    """How one deployment ended: states before and now, the message of a failure, what was asked, and what was said."""

    old: There
    now: There
    message: str
    asked: list[str]
    most_schedulers: int
    said: list[str]

    def end(self, new: There) -> str:
        """Say in which of the three ways it ended."""
        if self.now == self.old:
            return "as before"
        return "as meant" if (self.message, self.now) == ("", new) else "told"

    def untold(self, new: There) -> list[str]:
        """Return what differs from the state before, or of a success from what was meant, and is not said to differ."""
        if self.end(new) != "told":
            return []
        return [
            f"{kind}{name}"
            for kind, now, old in zip(("", "trigger "), self.now, self.old if self.message else new, strict=True)
            for name in sorted({*now, *old})
            if now.get(name) != old.get(name) and not self._tells(kind, name)
        ]

    def _tells(self, kind: str, name: str) -> bool:
        """Tell whether a line of its own says how it stands, or the sentence of what is unknown names it.

        A success tells what it could not remove in the command that does.
        """
        if not self.message:
            return any(
                name in line.partition("remove what is no longer declared with: ")[2].split() for line in self.said
            )
        own = [line for line in self.message.splitlines() if line.startswith(f"{kind}{name}: ")]
        if any(not line.endswith("as before") for line in own):
            return True
        unknown = re.search(r"could not be read: unknown are (.*); look with", self.message)
        return unknown is not None and re.search(rf"{re.escape(name)}(?![\w-])", unknown.group(1)) is not None

    def claims_as_before(self) -> bool:
        """Tell whether the message says that all is as it was."""
        return "nothing was deployed" in self.message or "put back; seen" in self.message


def each_fault(asked: list[str], times: tuple[int, int] = ONCE, share: float = 1.0, since: int = 0) -> Iterator[Fault]:
    """Return for each call from `since` on each way of refusing or losing it, so many times: at the host, at the API.

    With a `share` below 1 calls that differ by the function alone take turns in the answers, but for the scheduler's.
    """
    seen: Counter[tuple[str, str]] = Counter()
    turn: Counter[str] = Counter()
    for position, call in enumerate(asked):
        method, path, _ = call.split(" ")
        number = seen[method, path]
        kind = re.sub(r"actions/[\w-]+/[\w-]+", "actions/X", f"{method} {path} {number}")
        whole = share == 1 or "actions/" not in path or "master-race-scheduler" in path
        answers = ANSWERS if whole else [ANSWERS[turn[kind] % len(ANSWERS)]]
        seen[method, path] += 1
        turn[kind] += 1
        if position >= since:
            for answer in answers:
                many = times[path.startswith("/v2/")]
                yield Fault(method, f"^{re.escape(path)}$", answer, after=number, times=many)
