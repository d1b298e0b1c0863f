"""A tiny project, its staged tree, and a platform in memory to deploy it to."""

import functools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ops.packaging.compiled import compile_all
from ops.packaging.deploy import Deployer, Home
from ops.packaging.dists import Site
from ops.packaging.doctl import Doctl
from ops.packaging.environment import unset_defaults
from ops.packaging.plan import DeployPlan, make_plan
from ops.packaging.project import ProjectFile, parse_project, read_project
from ops.packaging.record import read_record
from ops.packaging.render import render
from ops.packaging.stage import Staged, Stager
from tests.deploy.fake.doctl import FakeDoctl
from tests.deploy.fake.host import FakeHost
from tests.deploy.tiny import GOOD, clause, locked_site, project_text, write_sources

SECRET = "S3cret-Value-of-a-Key"
TRIGGER = "triggers:\n  - {name: raceday-minute, type: SCHEDULED, scheduledDetails: {cron: '* * * * *'}}"
STORE_ENV = {
    "APPWRITE_ENDPOINT": "https://appwrite.example/v1",
    "APPWRITE_PROJECT_ID": "project",
    "APPWRITE_API_KEY": SECRET,
}
VARIABLES = "environment:\n" + "".join(f"  {name}: '${{{name}}}'\n" for name in [*STORE_ENV, "APPWRITE_DATABASE_ID"])
NAMES = ("one", "two", "master-race-scheduler")


def text_of(trigger: str = TRIGGER, memory: int = 256, names: tuple[str, ...] = NAMES) -> str:
    """Return a project.yml of these functions, the scheduler with a trigger and the first with variables."""
    extras = {"one": VARIABLES, "master-race-scheduler": f"annotations: {{schedule: '* * * * *'}}\n{trigger}"}
    return project_text(*(clause(name, extras.get(name, ""), memory=memory) for name in names))


@functools.cache
def _compiled(files: tuple[tuple[str, bytes], ...], compiler: str) -> dict[str, bytes]:
    return compile_all(dict(files), compiler)


def _remembered(files: Mapping[str, bytes], compiler: str) -> dict[str, bytes]:
    """Compile the same sources once a run: what is deployed is tried here, and how it is compiled elsewhere."""
    return dict(_compiled(tuple(sorted(files.items())), compiler))


class Bench:
    """One project, its staged tree, a platform and a home for what was deployed."""

    def __init__(self, root: Path, names: Iterable[str] = NAMES, site: Site | None = None) -> None:
        self.root = root
        self.sources = write_sources(root, dict.fromkeys(names, GOOD))
        self.site = site or locked_site()
        self.home = Home(root / "home")
        self.said: list[str] = []
        self.host = FakeHost(namespace="fn-test", namespaces=(("fn-test", "raceday"),))
        self.fake = FakeDoctl(self.host, stored_namespace="fn-test")
        self.env: dict[str, str] = {**STORE_ENV}
        self.paused: list[float] = []

    @property
    def doctl(self) -> Doctl:
        """Return a client of the stand-in."""
        return Doctl(self.env, self.fake, secrets=(SECRET,), pause=self.paused.append)

    def stage(
        self, text: str = "", only: list[str] | None = None, **options: Any
    ) -> tuple[ProjectFile, ProjectFile, Staged]:
        """Stage a project."""
        project = parse_project(text or text_of())
        wanted = only or list(project.names)
        chosen = [spec for spec in project.functions if spec.name in wanted]
        rendered = render(project, names=wanted, unset=unset_defaults(chosen, self.env), **options)
        with patch("ops.packaging.stage.compile_all", _remembered):
            staged = Stager(project, self.sources, self.site).stage(self.root / "out", rendered, wanted)
        return project, read_project(staged.root / "project.yml"), staged

    def plan(self, text: str = "", limit: int = 3, **options: Any) -> DeployPlan:
        """Plan a deployment."""
        project, rendered, staged = self.stage(text, **options)
        return make_plan(project, rendered, staged, self.env, read_record(self.home.record), triggers_limit=limit)

    def deploy(self, text: str = "", *, keep: bool = False, renamed_from: str = "", **options: Any) -> None:
        """Deploy."""
        self.carry(*self.stage(text, **options), keep=keep, renamed_from=renamed_from)

    def carry(
        self, project: ProjectFile, rendered: ProjectFile, staged: Staged, *, keep: bool = False, renamed_from: str = ""
    ) -> None:
        """Deploy what is staged already."""
        options = {"declared": project.names, "keep": keep, "renamed_from": renamed_from}
        Deployer(self.doctl, self.home, self.said.append, **options).deploy(staged, rendered)  # type: ignore[arg-type]

    def there(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return what the platform has: functions and triggers, each as a text that tells every difference."""
        ignored = ("deployer",)
        functions = {
            name: json.dumps(
                {
                    **{k: v for k, v in entity.items() if k not in ("version", "exec")},
                    "annotations": sorted(str(a) for a in entity["annotations"] if a["key"] not in ignored),
                    "parameters": sorted(str(p) for p in entity["parameters"]),
                },
                sort_keys=True,
            )
            for name, entity in self.host.functions.items()
        }
        triggers = {name: str((t["function"], t["scheduled_details"], t["is_enabled"])) for name, t in
                    self.host.triggers.items()}  # fmt: skip
        return functions, triggers
