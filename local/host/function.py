"""What the host runs: a function's code with its limits, access and environment."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ops.packaging.archive import zip_bytes
from ops.packaging.project import FunctionSpec, Limits


class StartPath(StrEnum):
    """The platform's two ways of starting code: prepared process, or with log forwarding switched on."""

    PRELAUNCHER = "prelauncher"
    LAUNCHER = "launcher"


@dataclass(frozen=True, slots=True)
class HostedFunction:
    """One function as it was uploaded; `preinstalled` are folders that its interpreter already has."""

    name: str
    archive: bytes
    limits: Limits
    package: str = "raceday"
    web: bool | str = False
    web_secure: bool | str = False
    environment: Mapping[str, str] = field(default_factory=dict)
    preinstalled: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """Return `package/function`."""
        return f"{self.package}/{self.name}"


def staged_function(archive: bytes, spec: FunctionSpec, environment: Mapping[str, str]) -> HostedFunction:
    """Make a hosted function of a staged one's zip, its environment picked from `environment` as project.yml says."""
    return _hosted(archive, spec, environment, ())


def source_function(entry: Path, spec: FunctionSpec, environment: Mapping[str, str]) -> HostedFunction:
    """Make a hosted function of a source entrypoint, which finds shared/ and the running environment's packages."""
    shared = entry.parent.parent.parent / "shared"
    preinstalled = (str(shared), *(path for path in sys.path if path.endswith("site-packages")))
    archive = zip_bytes({"__main__.py": entry.read_bytes()}, compressed=True)
    return _hosted(archive, spec, environment, preinstalled)


def _hosted(
    archive: bytes, spec: FunctionSpec, environment: Mapping[str, str], preinstalled: tuple[str, ...]
) -> HostedFunction:
    secure = environment.get(spec.secret_variable, "") if spec.secret_variable else spec.web_secure
    return HostedFunction(
        name=spec.name,
        archive=archive,
        limits=spec.limits,
        package=spec.package,
        web=spec.web,
        web_secure=secure,
        environment={key: environment[var] for key, var in spec.environment.items() if environment.get(var)},
        preinstalled=preinstalled,
    )


def base_interpreter() -> str:
    """Return an interpreter of the running version outside of any virtual environment."""
    return str(getattr(sys, "_base_executable", "") or sys.executable)
