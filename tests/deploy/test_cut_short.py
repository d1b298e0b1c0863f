"""A deployment that is killed while it undoes: nobody else reads what it leaves, and the next one removes it."""

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ops.packaging.doctl import Ended
from tests.deploy.bench import Bench, text_of
from tests.deploy.fake.host import Fault
from tests.deploy.faulted import Scene


def killed(bench: Bench, scene: Scene) -> None:
    """Carry a deployment in a process of its own that is killed while the tree of what stood before is deployed."""
    fake = bench.fake

    def cut(words: Sequence[str], env: Mapping[str, str]) -> Ended:
        if words[1] == "deploy" and "undo-" in words[2] and words[2].endswith("/tree"):
            os.kill(os.getpid(), signal.SIGKILL)
        return fake(words, env)

    if child := os.fork():
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        return
    bench.fake = cut  # type: ignore[assignment]
    try:
        scene.run(Fault("PUT", "actions/raceday/two", 500, times=1))
    finally:
        os._exit(1)


def test_what_a_killed_undo_leaves_is_private_and_the_next_deployment_removes_it(tmp_path: Path) -> None:
    """Its folder lies in the home, the file with the settings is its owner's alone, and the next one says all that."""
    bench = Bench(tmp_path)
    scene = Scene(bench, text_of())
    killed(bench, scene)
    (left,) = bench.home.folder.glob("undo-*")
    written = left / "tree" / "project.yml"
    assert (left.stat().st_mode & 0o777, written.stat().st_mode & 0o777) == (0o700, 0o600)
    bench.said.clear()
    assert scene.run().message == ""
    assert list(bench.home.folder.glob("undo-*")) == []
    assert bench.said[0].startswith("a deployment before this one was cut short")
    assert "functions 3 of 3, libraries 1; triggers: raceday-minute starts" in bench.said[0]
    bench.said.clear()
    assert scene.run().message == ""
    assert not any("cut short" in line for line in bench.said)


def test_a_deployment_that_cannot_read_what_stands_removes_nothing(tmp_path: Path) -> None:
    """The code of what stood before may be in the folder: it goes once it is known what stands."""
    bench = Bench(tmp_path)
    scene = Scene(bench, text_of())
    killed(bench, scene)
    assert "nothing was asked to change" in scene.run(Fault("GET", "/triggers", 500)).message
    assert len(list(bench.home.folder.glob("undo-*"))) == 1


def test_what_an_earlier_release_left_is_told_with_what_removes_it(tmp_path: Path) -> None:
    """Its folder lies among everybody's scratch files and under no lock, so that nobody else may remove it."""
    bench = Bench(tmp_path)
    scene = Scene(bench, text_of())
    assert scene.run().message == ""
    assert not any("earlier release" in line for line in bench.said)
    scratch = tmp_path / "scratch files"
    (scratch / "raceday-undo-abc" / "tree").mkdir(parents=True)
    bench.home = replace(bench.home, former=scratch)
    assert scene.run().message == ""
    (told,) = [line for line in bench.said if "earlier release" in line]
    assert told.endswith(f"remove it with `rm -r '{scratch}/raceday-undo-abc'`")
    assert (scratch / "raceday-undo-abc").is_dir()
