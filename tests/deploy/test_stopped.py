"""A stop by hand, by a service or by a closed terminal: what stands is said, and nothing is left half done."""

import copy
import errno
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from local.cli import main
from local.work import deploy as deploy_command
from local.work.deploy import say
from ops.packaging import deploy
from ops.packaging.doctl import Ended, Process
from ops.packaging.errors import DeployError
from ops.packaging.stops import SIGNALS, Stops
from tests.deploy.bench import Bench, text_of
from tests.deploy.fake.host import Fault
from tests.deploy.fake.script import load
from tests.deploy.faulted import Scene
from tests.deploy.test_deploy_commands import OF_THE_PLATFORM, SETTINGS, options, platform

__all__ = ["platform"]
STATES = {"first": "", "again": text_of()}


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A project whose next version is staged, over an empty platform."""
    return Bench(tmp_path_factory.mktemp("stopped"))


@pytest.fixture
def heard() -> Iterator[None]:
    """Hear signals that whoever started the tests in the background has them ignore, as nohup does."""
    kept = {number: signal.signal(number, signal.SIG_DFL) for number in SIGNALS}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("before", [False, True], ids=["after it deployed", "before it deployed"])
def test_a_stop_is_undone_and_a_second_one_does_not_cut_the_undo(
    staged: Bench, number: signal.Signals, before: bool
) -> None:
    """Ctrl-C, a cancelled workflow and a closed terminal put back what stood before, and say that they did."""
    Scene(staged, STATES["again"]).run()
    old = copy.deepcopy(staged.there())
    fake, parts = staged.fake, staged.stage(text_of(memory=1024))
    words_seen: list[str] = []
    handlers = [signal.getsignal(each) for each in SIGNALS]

    def stopped(words: Sequence[str], env: Mapping[str, str]) -> Ended:
        words_seen.append(words[1])
        deploying = words[1] == "deploy"
        if deploying and (before or words_seen.count("deploy") > 1):
            os.kill(os.getpid(), number)
        finished = fake(words, env)
        if deploying:
            os.kill(os.getpid(), number)
        return finished

    staged.fake = stopped  # type: ignore[assignment]
    try:
        with pytest.raises(DeployError) as failed:
            staged.carry(*parts)
    finally:
        staged.fake = fake
    by = "by hand" if number == signal.SIGINT else f"by {number.name}"
    assert failed.value.problems[0] == f"stopped {by}"
    assert "1 trigger as before" in failed.value.problems[-1]
    assert staged.there() == old
    assert [signal.getsignal(each) for each in SIGNALS] == handlers


def test_a_stop_while_the_platform_is_read_says_that_nothing_changed(staged: Bench) -> None:
    """Before anything was asked to change there is nothing to undo."""
    Scene(staged, STATES["again"]).run()
    fake, parts = staged.fake, staged.stage(text_of(memory=1024))

    def stopped(words: Sequence[str], env: Mapping[str, str]) -> Ended:
        if words[1] == "triggers":
            os.kill(os.getpid(), signal.SIGTERM)
        return fake(words, env)

    staged.fake = stopped  # type: ignore[assignment]
    try:
        with pytest.raises(DeployError, match="stopped by SIGTERM\nnothing was asked to change"):
            staged.carry(*parts)
    finally:
        staged.fake = fake


def _is_over(state: Path) -> bool:
    """Tell, and wait a moment where not, whether a process is gone or lies there until its parent has looked."""
    try:
        over = state.read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
    if not over:
        time.sleep(0.1)
    return over


def test_a_stopped_doctl_takes_its_deployer_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """doctl starts a deployer of its own, which would else go on deploying beside the undo."""
    program = tmp_path / "doctl"
    # It holds none of doctl's pipes: left alone it is not even waited for.
    deployer = "(trap '' INT TERM HUP; exec sleep 600) >/dev/null 2>&1 &"
    program.write_text(f"#!/bin/sh\n{deployer} echo $! >child\nkill -TERM $PPID\nwait\n")
    program.chmod(0o755)
    (tmp_path / "child").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyboardInterrupt), Stops(print):
        Process()(["serverless", "deploy"], {**os.environ, "DOCTL": str(program)})
    state = Path(f"/proc/{int((tmp_path / 'child').read_text())}/stat")
    assert any(_is_over(state) for _ in range(100)), state.read_text()


def stopping(tmp_path: Path, word: str, times: int) -> None:
    """Have doctl, at this call of a word and from then on at every one, stop whoever called it."""
    script = tmp_path / "bin" / "doctl"
    seen = tmp_path / "seen"
    script.rename(script.with_name("the-fake"))
    script.write_text(
        f'#!/bin/sh\n[ "$2" != {word} ] || echo x >>{seen}\n'
        f'[ "$(cat {seen} 2>/dev/null | wc -l)" -lt {times} ] || kill -TERM $PPID\n'
        f'exec {script.with_name("the-fake")} "$@"\n'
    )
    script.chmod(0o755)


@OF_THE_PLATFORM
@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize(
    ("word", "times", "code", "told"),
    [
        ("status", 1, 2, "nothing was asked to change"),
        ("deploy", 1, 3, "nothing was deployed; seen on the platform: 0 functions and 0 triggers as before"),
        ("triggers", 2, 3, "nothing was deployed; seen on the platform: 0 functions and 0 triggers as before"),
    ],
    ids=["before it is known what stands", "while it deploys", "while it is verified"],
)
def test_whenever_it_is_stopped_it_says_what_stands(
    word: str, times: int, code: int, told: str, tmp_path: Path, platform: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with the code that tells whether anything was asked to change, and with what it saw there."""
    stopping(tmp_path, word, times)
    file = tmp_path / "env"
    file.write_text("".join(f"{name}={value}\n" for name, value in SETTINGS.items()))
    assert main(["deploy", *options(tmp_path, "--home", str(tmp_path / "home"), "--env-file", str(file))]) == code
    shown = capsys.readouterr()
    assert shown.err.splitlines() == ["raceday deploy: stopped by SIGTERM", f"raceday deploy: {told}"]
    assert "SIGTERM heard; stopping: what was changed on the platform is undone first" in shown.out
    assert ("SIGTERM heard; the platform is being brought to a known state first" in shown.out) == (code == 3)
    assert not platform.exists() or load(platform).host.functions == {}


@pytest.mark.usefixtures("heard", "platform")
def test_a_stop_while_it_is_staged_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the platform is asked for anything the code says that nothing was asked to change, and a line does."""

    def stopped(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(deploy_command, "stage", stopped)
    assert main(["deploy", *options(tmp_path, "--home", str(tmp_path / "home"))]) == 2
    told = [f"raceday deploy: {line}" for line in ("stopped by SIGTERM", "nothing was asked to change")]
    assert capsys.readouterr().err.splitlines() == told
    assert [path.name for path in tmp_path.rglob("*.lock")] == []


@pytest.mark.usefixtures("heard")
def test_a_stop_that_comes_when_all_is_verified_changes_nothing(staged: Bench) -> None:
    """From then on a signal is told and nothing is undone; those who listened before hear the next one."""
    before = [signal.getsignal(each) for each in SIGNALS]
    with Stops(staged.said.append) as stops:
        with stops:
            stops.shield()
        os.kill(os.getpid(), signal.SIGTERM)
        assert [signal.getsignal(each) for each in SIGNALS] != before
    assert "SIGTERM heard" in staged.said[-1]
    assert [signal.getsignal(each) for each in SIGNALS] == before


@pytest.mark.usefixtures("heard")
def test_a_stop_while_a_failure_is_undone_does_not_cut_it(staged: Bench) -> None:
    """Where a refused call had it undo, the first signal waits until what stood stands again, and is told."""
    scene, fake = Scene(staged, STATES["again"]), staged.fake
    deployed: list[str] = []

    def stopped(words: Sequence[str], env: Mapping[str, str]) -> Ended:
        deployed.extend(words[1:2] if words[1] == "deploy" else [])
        if len(deployed) == 2 and words[1] == "deploy":
            os.kill(os.getpid(), signal.SIGTERM)
        return fake(words, env)

    staged.fake = stopped  # type: ignore[assignment]
    try:
        run = scene.run(Fault("PUT", "actions/raceday/two", 500, times=1))
    finally:
        staged.fake = fake
    assert (run.now, run.claims_as_before()) == (run.old, True)
    assert any("SIGTERM heard; the platform is being brought to a known state first" in line for line in run.said)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("error", [BrokenPipeError(), RuntimeError("reentrant call")], ids=["closed", "half written"])
def test_a_first_stop_is_told_when_it_comes(error: Exception) -> None:
    """It stops at once and says so first; where that cannot be said it stops all the same."""
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt), Stops(said.append):
        os.kill(os.getpid(), signal.SIGTERM)
    assert said == ["SIGTERM heard; stopping: what was changed on the platform is undone first, and that is not cut"]

    def unsayable(text: str) -> None:
        raise error

    with pytest.raises(KeyboardInterrupt), Stops(unsayable):
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_full_disk_halfway_is_undone(staged: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a part of the tree cannot be written once the platform was changed, what stood is put back, and told."""
    scene = Scene(staged, STATES["again"])

    def full(*_: object, **__: object) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(deploy, "part_of", full)
    run = scene.run()
    assert run.now == run.old
    assert run.message.startswith("[Errno 28] No space left on device\nnothing was deployed; seen on the platform")


def test_a_deployment_that_cannot_be_remembered_stands(staged: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk at the very end makes no failure of what was verified: it is told what the next plan lacks."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(deploy, "write_record", full)
    assert Scene(staged, STATES["again"]).run().message == ""
    assert "it stands, but the next plan cannot tell what changed since" in staged.said[-1]


def test_a_reader_that_has_gone_stops_no_deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said into a closed pipe is said to nobody, and raises nothing."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        say("deploying 1 functions")
        say("deployed and verified")
