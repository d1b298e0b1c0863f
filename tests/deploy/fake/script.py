"""The stand-in as a program: keeps installation and platform in the file that FAKE_DOCTL_STATE names."""

import os
import pickle
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from tests.deploy.fake.doctl import FakeDoctl  # noqa: E402
from tests.deploy.fake.host import FakeHost  # noqa: E402


def load(state: Path) -> FakeDoctl:
    """Return the installation, a connected one over an empty namespace where there is none yet."""
    if not state.exists():
        return FakeDoctl(
            FakeHost(namespace="fn-test", namespaces=(("fn-test", "raceday"),)), stored_namespace="fn-test"
        )
    found: FakeDoctl = pickle.loads(state.read_bytes())
    return found


def save(state: Path, doctl: FakeDoctl) -> None:
    """Keep the installation for the next call, whole also where this one is killed meanwhile."""
    scratch = state.with_name(f"{state.name}.{os.getpid()}")
    scratch.write_bytes(pickle.dumps(doctl))
    scratch.replace(state)


def install(folder: Path) -> str:
    """Put a `doctl` into a folder that runs this file; returns the folder for the path."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "doctl"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__)} "$@"\n')
    script.chmod(0o755)
    return str(folder)


def main() -> int:
    """Answer one command."""
    state = Path(os.environ["FAKE_DOCTL_STATE"])
    doctl = load(state)
    finished = doctl(sys.argv[1:], os.environ)
    save(state, doctl)
    sys.stdout.write(finished.stdout)
    sys.stderr.write(finished.stderr)
    return finished.returncode


if __name__ == "__main__":
    sys.exit(main())
