"""A doctl that cannot be started, stops in the middle of a word, or prints what is no text or no list of functions."""

import base64
import io
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ops.packaging.doctl import Doctl, Ended, Finished, Process
from ops.packaging.errors import DeployError
from tests.deploy.bench import Bench, text_of
from tests.deploy.fake.host import Fault
from tests.deploy.faulted import Scene


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Return where a program stands that is called for doctl."""
    return tmp_path / "doctl"


def run(program: Path, script: str) -> Ended:
    """Run a script in doctl's place."""
    program.write_text(script, "utf-8")
    program.chmod(0o755)
    return Process()(["serverless", "status"], {**os.environ, "DOCTL": str(program)})


def test_a_byte_that_is_no_text_ends_no_command(program: Path) -> None:
    """An answer that was cut within a letter is read up to there."""
    done = run(program, "#!/bin/sh\nprintf 'M\\304\\201ori \\304'\n")
    assert (done.returncode, done.stdout) == (0, "M\u0101ori \ufffd")


def test_a_doctl_that_cannot_be_started_is_a_failure_as_others(program: Path) -> None:
    """The system's word for it is told, with the command."""
    with pytest.raises(DeployError, match="`doctl serverless status` could not be started: Exec format error"):
        run(program, "\x7fELF no program")


@pytest.mark.parametrize("times", [1, 99])
def test_a_doctl_that_starts_no_more_is_told_with_what_is_unknown(tmp_path: Path, times: int) -> None:
    """Once the platform was asked to change, a doctl that does not start leaves an undo or the list of what is left."""
    bench = Bench(tmp_path)
    scene = Scene(bench, text_of())
    fake, left = bench.fake, [0]

    def vanishing(words: Sequence[str], env: Mapping[str, str]) -> Ended:
        if words[1] == "deploy":
            left[0] = times + 1
        left[0] -= 1
        if 0 < left[0] <= times:
            raise DeployError("`doctl serverless` could not be started: Cannot allocate memory")
        return fake(words, env)

    bench.fake = vanishing  # type: ignore[assignment]
    run = scene.run(Fault("PUT", "actions/raceday/two", 500, times=1))
    assert run.untold(run.old) == []
    assert ("unknown are the functions" in run.message) == (times == 99)
    assert run.claims_as_before() == (times == 1)


CUTS = {
    "in the list of functions": (["serverless", "functions", "list"], 0.5),
    "in the list of triggers": (["serverless", "triggers", "list"], 0.5),
    "before the list of triggers": (["serverless", "triggers", "list"], 0.0),
    "in one function": (["serverless", "functions", "get"], 0.5),
}


@pytest.mark.parametrize(("command", "share"), CUTS.values(), ids=CUTS.keys())
def test_an_answer_that_was_cut_is_no_answer(tmp_path: Path, command: list[str], share: float) -> None:
    """Half a list is not taken for the platform's state, though doctl ends with 0: nothing is asked to change."""
    bench = Bench(tmp_path)
    bench.deploy()
    fake, asked = bench.fake, len(bench.host.asked)

    def cut(words: Sequence[str], env: Mapping[str, str]) -> Ended:
        done = fake(words, env)
        if list(words[: len(command)]) != command or "--save-as" in words:
            return done
        return Finished(0, done.stdout[: int(len(done.stdout) * share)], done.stderr)

    bench.fake = cut  # type: ignore[assignment]
    with pytest.raises(DeployError) as refused:
        bench.deploy(text_of(memory=512))
    assert refused.value.problems[-1] == "nothing was asked to change"
    assert all(call.startswith("GET ") for call in bench.host.asked[asked:])


def test_no_answer_is_not_an_empty_list(tmp_path: Path) -> None:
    """Only what is JSON counts, where nothing stands doctl prints an empty list."""
    silent = Doctl({}, lambda words, env: Finished(0, ""), pause=lambda secs: None)
    with pytest.raises(DeployError, match="gave no JSON: no answer"):
        silent.triggers()


def test_an_answer_that_was_cut_once_is_asked_for_again() -> None:
    """What only reads is tried again, whether doctl failed or gave half of it."""
    answers = iter(['[{"name": "raceday-min', json.dumps([{"name": "whole"}])])
    client = Doctl({}, lambda words, env: Finished(0, next(answers)), pause=lambda secs: None)
    assert client.triggers() == [{"name": "whole"}]


def packed(functions: Mapping[str, Any]) -> dict[str, dict[str, bytes]]:
    """Return the files in each function's archive, whose times are of no account."""
    found = {}
    for name, entity in functions.items():
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(entity["exec"]["code"]))) as archive:
            found[name] = {entry: archive.read(entry) for entry in archive.namelist()}
    return found


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("once", [True, False])
def test_code_that_was_cut_is_never_put_back(tmp_path: Path, share: float, once: bool) -> None:
    """Written back as it came it would pass for what stood, by its hash: it is fetched again, or nothing is begun."""
    bench = Bench(tmp_path)
    scene = Scene(bench, text_of())
    fake = bench.fake
    seen: list[Sequence[str]] = []

    def cut(words: Sequence[str], env: Mapping[str, str]) -> Ended:
        done = fake(words, env)
        if "--save-as" in words and "raceday/one" in words and not (once and seen):
            seen.append(words)
            file = Path(words[-1])
            file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
        return done

    bench.fake = cut  # type: ignore[assignment]
    run = scene.run(Fault("PUT", "actions/raceday/two", 500, times=1))
    assert run.now == run.old
    assert packed(bench.host.functions) == packed(scene.state[0])
    assert run.claims_as_before() == once
    assert ("raceday/one: its code could not be fetched whole" in run.message) != once
    assert run.message.endswith("nothing was asked to change") != once


@pytest.mark.parametrize(("code", "binary"), [(b"", False), (b"\xff\xfe", False), (b"no zip", True)])
def test_code_that_is_not_of_its_kind_is_not_whole(tmp_path: Path, code: bytes, binary: bool) -> None:
    """An empty source, one that is no text, and a page in a zip's place are refused; one source is taken."""

    def saving(words: Sequence[str], env: Mapping[str, str]) -> Ended:
        Path(words[-1]).write_bytes(code)
        return Finished(0)

    client = Doctl({}, saving, pause=lambda secs: None)
    with pytest.raises(DeployError, match="could not be fetched whole"):
        client.save_code("raceday/one", tmp_path / "code", binary=binary)
    code = b"def main(): ..."
    client.save_code("raceday/one", tmp_path / "code", binary=False)


STRANGE = ['{"message": "later"}', "7", "[1]", '[{"name": ""}]', '["one"]', '"one"']


@pytest.mark.parametrize("text", STRANGE)
def test_what_is_no_list_of_names_is_no_answer(text: str) -> None:
    """A row that cannot be read may be a function or a trigger that stands: it is not left out in silence."""
    client = Doctl({}, lambda words, env: Finished(0, text), pause=lambda secs: None)
    for asked in (client.triggers, client.function_rows):
        with pytest.raises(DeployError, match="gave no list of what stands"):
            asked()
    if "name" not in text or text.endswith('""}]'):
        with pytest.raises(DeployError, match="raceday/one: `doctl serverless functions get` gave no function"):
            client.function("raceday/one")


def test_an_empty_list_is_written_in_two_ways() -> None:
    """Where nothing stands Go writes a list or null."""
    for text in ("[]", "null"):
        client = Doctl({}, lambda words, env, text=text: Finished(0, text))
        assert (client.triggers(), client.function_rows()) == ([], {})
