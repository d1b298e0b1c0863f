"""`./raceday package` and `deploy` as an operator runs them, with a stand-in for doctl on the path."""

import json
import sys
from pathlib import Path

import pytest

from local.cli import main
from local.work.deploy import foreign
from tests.deploy.fake.script import install, load, save

SETTINGS = {
    "APPWRITE_ENDPOINT": "http://127.0.0.1:9/v1",
    "APPWRITE_PROJECT_ID": "project",
    "APPWRITE_API_KEY": "s3cret-value-of-a-key",
    "RACEDAY_WEBHOOK_SECRET": "a-secret-of-sixteen",
    "RACEDAY_URL_RACE_POOLS_AGGREGATOR": "https://f.test/api/v1/web/fn-1/raceday/race-pools-aggregator",
}
NAME = "race-pools-aggregator"
# These deploy what is staged for this machine, which saves the download of the platform's wheels.
OF_THE_PLATFORM = pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="a tree staged for this Python is refused: it is not the platform's"
)


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty namespace behind a fake doctl; gives the file of its state."""
    state = tmp_path / "state.pickle"
    monkeypatch.setenv("PATH", f"{install(tmp_path / 'bin')}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_DOCTL_STATE", str(state))
    return state


def options(tmp_path: Path, *more: str) -> list[str]:
    """Return the options that keep a run inside a test's folder."""
    return ["--target", "host", "--only", NAME, "--out", str(tmp_path / "out"), *more]


def test_package_stages_boots_and_writes_its_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The list has each function's name, upload size and hash."""
    assert main(["package", *options(tmp_path, "--json", str(tmp_path / "list.json"))]) == 0
    listed = json.loads((tmp_path / "list.json").read_text())["functions"]
    assert [set(entry) for entry in listed] == [{"name", "zip_bytes", "sha256"}]
    assert (listed[0]["name"], listed[0]["zip_bytes"] < 10_000_000) == (NAME, True)
    assert NAME in capsys.readouterr().out


def test_an_unknown_function_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that project.yml does not have is told with those that it has."""
    assert main(["package", "--target", "host", "--only", "nothing", "--out", str(tmp_path / "out")]) == 2
    assert "project.yml declares no function nothing" in capsys.readouterr().err


def test_a_plan_with_missing_settings_is_refused_and_deploys_nothing(
    tmp_path: Path, platform: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan ends with 1, the deployment with 2, and doctl is never called."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    words = options(tmp_path, "--home", str(tmp_path / "home"))
    assert main(["deploy", "--plan", *words]) == 1
    assert "refused: APPWRITE_ENDPOINT is not set" in capsys.readouterr().out
    assert main(["deploy", *words]) == 2
    assert not platform.exists()


@pytest.mark.parametrize(("sizes", "memory_mb"), [("seed", 512), ("lean", 128)])
def test_a_plan_shows_the_memory_that_would_be_deployed(
    sizes: str, memory_mb: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Table and file have the chosen sizes, as the staged project file has them."""
    file = tmp_path / "plan.json"
    main(["deploy", "--plan", "--sizes", sizes, *options(tmp_path, "--json", str(file))])
    assert json.loads(file.read_text())["functions"][0]["memory_mb"] == memory_mb
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith(NAME))
    assert row.split()[1] == str(memory_mb)
    assert f"memory: {memory_mb}" in (tmp_path / "out" / "project.yml").read_text()


@pytest.mark.parametrize(
    ("target", "python", "refused"), [("host", "3.13", 1), ("host", "3.11", 0), ("platform", "3.13", 0)]
)
def test_a_tree_of_another_python_is_not_for_the_platform(target: str, python: str, refused: int) -> None:
    """What is staged for this machine is deployed only where it is of the platform's own version."""
    assert len(foreign(target, python)) == refused


@OF_THE_PLATFORM
def test_deploying_from_an_env_file_ends_verified(
    tmp_path: Path, platform: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Settings come from the file, no value is printed, and the next plan has nothing to change."""
    file = tmp_path / "env"
    file.write_text("".join(f"{name}={value}\n" for name, value in SETTINGS.items()))
    words = options(tmp_path, "--home", str(tmp_path / "home"), "--env-file", str(file))
    assert main(["deploy", *words]) == 0
    assert list(load(platform).host.functions) == [f"raceday/{NAME}"]
    assert main(["deploy", "--plan", *words, "--json", str(tmp_path / "plan.json")]) == 0
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert [(f["name"], f["change"]) for f in plan["functions"]] == [(NAME, "unchanged")]
    shown = capsys.readouterr()
    assert "deployed and verified" in shown.out
    assert "APPWRITE_API_KEY" in next(line for line in shown.out.splitlines() if line.startswith("settings from env: "))
    assert plan["settings"] == dict.fromkeys(SETTINGS, "env")
    assert SETTINGS["APPWRITE_API_KEY"] not in shown.out + shown.err + json.dumps(plan)


def test_a_plans_file_tells_which_source_of_each_setting_won(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the text does, by name and never by value, with what nothing reads."""
    monkeypatch.setenv("APPWRITE_PROJECT_ID", "another")
    file, told = tmp_path / "env", tmp_path / "plan.json"
    lines = SETTINGS | {"RACEDAY_GREYHOUND": "yes"}
    file.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
    main(["deploy", "--plan", *options(tmp_path, "--json", str(told), "--env-file", str(file))])
    plan = json.loads(told.read_text())
    sources = dict.fromkeys(lines, "env") | {"APPWRITE_PROJECT_ID": "the environment over env"}
    assert {name: plan["settings"][name] for name in lines} == sources
    assert plan["doubts"] == ["RACEDAY_GREYHOUND is read by nothing; did you mean RACEDAY_GREYHOUNDS?"]
    assert SETTINGS["APPWRITE_API_KEY"] not in told.read_text()


@OF_THE_PLATFORM
def test_a_refused_key_ends_with_what_to_do(tmp_path: Path, platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An expired token ends with 2, for nothing was asked to change, a sentence of advice, and an empty namespace."""
    doctl = load(platform)
    doctl.token = False
    save(platform, doctl)
    file = tmp_path / "env"
    file.write_text("".join(f"{name}={value}\n" for name, value in SETTINGS.items()))
    assert main(["deploy", *options(tmp_path, "--home", str(tmp_path / "home"), "--env-file", str(file))]) == 2
    told = capsys.readouterr().err
    assert "run `doctl auth init`" in told
    assert told.endswith("\nraceday deploy: nothing was asked to change\n")
    assert load(platform).host.functions == {}


@pytest.mark.parametrize("more", [[], ["--plan"]], ids=["deploy", "plan"])
def test_an_expired_namespace_key_is_refused_before_staging(
    tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Plan and deployment end with 2, nothing is staged, and no value is told."""
    file = tmp_path / "env"
    last = {"RACEDAY_NAMESPACE_KEY_EXPIRES": "2026-01-01"}
    file.write_text("".join(f"{name}={value}\n" for name, value in (SETTINGS | last).items()))
    out = tmp_path / "out"
    assert main(["deploy", *more, "--out", str(out), "--only", NAME, "--env-file", str(file)]) == 2
    shown = capsys.readouterr()
    assert "RACEDAY_NAMESPACE_KEY_EXPIRES: the namespace key expired" in shown.err
    assert "Nothing was staged" in shown.err
    assert "settings from env: " in shown.out
    assert not out.exists()
    assert SETTINGS["APPWRITE_API_KEY"] not in shown.out + shown.err
