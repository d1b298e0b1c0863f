"""What can go wrong on the way to a deployment; every error says what to do."""

from collections.abc import Sequence


class PackagingError(Exception):
    """Something that the operator has to mend; `problems` are whole sentences, nothing was changed."""

    def __init__(self, problems: Sequence[str] | str) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class ProjectError(PackagingError):
    """project.yml or the functions on disk would be refused, or silently changed, by the deployer."""


class DependencyError(PackagingError):
    """A dependency could not be had for the platform's Python, or does not match the lock."""


class DeployError(PackagingError):
    """The deployment did not happen, or not as planned."""


class NotBegun(DeployError):
    """The deployment was refused or stopped before the platform was asked to change anything; it says so itself."""

    def __init__(self, problems: Sequence[str] | str) -> None:
        told = (problems,) if isinstance(problems, str) else problems
        super().__init__([*told, "nothing was asked to change"])
