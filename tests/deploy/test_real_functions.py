"""The twelve functions, staged for the running interpreter: small, clean, and answering on both start paths."""

import asyncio
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local.functions import ROOT
from local.host.check import boot_all, boot_problems
from local.host.function import HostedFunction, StartPath, staged_function
from local.host.invoke import invoke_staged
from local.host.namespace import Namespace
from local.host.suite import hosted_functions
from ops.packaging.archive import folder_files
from ops.packaging.project import FILE_NAME, ProjectFile, read_project
from ops.packaging.render import render
from ops.packaging.sources import SOURCES
from ops.packaging.stage import Staged, Stager
from raceday.catalogue.functions import EVENT_FUNCTIONS, NAMES
from raceday.settings import specs
from tests.deploy.tiny import locked_site

# Required settings that pass every check and lead to a closed port.
NOWHERE = {
    **{spec.env: "x" for spec in specs().values() if spec.required},
    "APPWRITE_API_KEY": "a-key-of-none",
    "NZTAB_URL": "http://127.0.0.1:9/affiliates/v1/racing",
    "APPWRITE_ENDPOINT": "http://127.0.0.1:9/v1",
    "RACEDAY_API_HOST": "http://127.0.0.1:9",
    "RACEDAY_WEBHOOK_SECRET": "a-secret-of-sixteen",
    "RACEDAY_WEB_SECRET": "a-secret-of-sixteen",
}


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> tuple[ProjectFile, Staged]:
    """All functions, staged once."""
    project = read_project(ROOT / FILE_NAME, SOURCES.functions)
    out = tmp_path_factory.mktemp("deploy") / "tree"
    tree = Stager(project, SOURCES, locked_site()).stage(out, render(project))
    return read_project(tree.root / FILE_NAME), tree


def hosted(staged: tuple[ProjectFile, Staged], name: str, env: dict[str, str]) -> HostedFunction:
    """Return one staged function with an environment."""
    project, tree = staged
    return staged_function(tree.function(name).archive, project.function(name), env)


def in_zip(folder: Path) -> list[str]:
    """List what lies in a staged function's lib.zip."""
    return zipfile.ZipFile(io.BytesIO((folder / "lib.zip").read_bytes())).namelist()


def test_every_archive_is_small_and_clean(staged: tuple[ProjectFile, Staged]) -> None:
    """Each upload is under 10 MB and holds no tests, caches, environment or requirements files."""
    assert {f.name for f in staged[1].functions} == set(NAMES)
    for function in staged[1].functions:
        assert function.zip_bytes < 10_000_000, function.name
        paths = [*folder_files(function.folder), *in_zip(function.folder)]
        for bad in (".env", "requirements", "__pycache__", "/tests/", ".py\n"):
            assert not any(bad in f"{path}\n" for path in paths if path != "__main__.py"), (function.name, bad)
        assert not any(path.startswith("local/") for path in paths)


def test_imaging_travels_with_the_silks_alone(staged: tuple[ProjectFile, Staged]) -> None:
    """No other function carries Pillow, and none the SDK's client, its models or what they would need."""
    for function in staged[1].functions:
        paths = [*folder_files(function.folder), *in_zip(function.folder)]
        if function.name != "jockey-silks-enricher":
            assert not any("PIL/" in path for path in paths), function.name
        for heavy in ("appwrite/models", "appwrite/client", "requests/", "urllib3/"):
            assert not any(path.startswith(heavy) for path in paths), (function.name, heavy)


def test_zones_are_there_for_functions_that_use_them(staged: tuple[ProjectFile, Staged]) -> None:
    """A function that knows the NZ race day brings Auckland's rules."""
    for function in staged[1].functions:
        names = in_zip(function.folder)
        if "raceday/racing/nzday.pyc" in names:
            assert "tzdata/zoneinfo/Pacific/Auckland" in names, function.name


def test_every_function_starts_and_answers_without_settings(staged: tuple[ProjectFile, Staged]) -> None:
    """In an interpreter that has none of our packages, on both paths, each tells which settings it lacks."""
    results = asyncio.run(boot_all([hosted(staged, name, {}) for name in NAMES]))
    assert boot_problems(results) == []
    assert len(results) == len(NAMES) * len(StartPath)
    for result in results:
        error = result.activation.result["error"]
        assert error["kind"] == "settings", result.function
        assert any("APPWRITE_ENDPOINT" in problem for problem in error["problems"]), result.function


def call(function: HostedFunction, event: dict[str, Any]) -> dict[str, Any]:
    """Call a function once."""

    async def scenario() -> dict[str, Any]:
        namespace = Namespace([function])
        try:
            return dict((await namespace.invoke(function.full_name, event)).result)
        finally:
            await namespace.close()

    return asyncio.run(scenario())


@pytest.mark.parametrize("name", EVENT_FUNCTIONS)
def test_unsigned_events_are_refused_by_the_staged_function(staged: tuple[ProjectFile, Staged], name: str) -> None:
    """An event function is public, so it answers an unsigned call with 401 before looking at its body."""
    http = {"method": "POST", "path": "", "queryString": "", "headers": {}, "body": "{", "isBase64Encoded": False}
    assert call(hosted(staged, name, NOWHERE), {"http": http})["statusCode"] == 401


@pytest.mark.parametrize("name", ["enhanced-race-poller", "single-race-poller"])
def test_bad_requests_get_a_reason(staged: tuple[ProjectFile, Staged], name: str) -> None:
    """An HTTP function answers 400 and names the field."""
    http = {"method": "POST", "path": "", "queryString": "", "headers": {}, "body": "{", "isBase64Encoded": False}
    answer = call(hosted(staged, name, NOWHERE), {"http": http})
    assert answer["statusCode"] == 400
    assert answer["body"]["error"]["field"] == "body"


def test_a_function_runs_from_its_sources_as_well() -> None:
    """The host also takes an entrypoint as it is, with the library and the packages of the running environment."""
    (function,) = hosted_functions({}, staged=False, names=["daily-meetings"])
    assert call(function, {})["error"]["kind"] == "settings"


def test_environments_are_picked_per_function() -> None:
    """A hosted function gets the variables that project.yml names for it, and its web secret from the environment."""
    scheduler, tracker, poller = hosted_functions(
        NOWHERE, staged=False, names=["master-race-scheduler", "money-flow-tracker", "enhanced-race-poller"]
    )
    assert "RACEDAY_NAMESPACE_KEY" in scheduler.environment
    assert "RACEDAY_NAMESPACE_KEY" not in tracker.environment
    assert (tracker.web, tracker.web_secure) == ("raw", False)
    assert (poller.web, poller.web_secure) == ("raw", NOWHERE["RACEDAY_WEB_SECRET"])


def test_invoking_staged_gives_result_and_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """`invoke --staged` stages one function, boots it cleanly, and gives its answer with its own log lines."""
    for name in NOWHERE:
        monkeypatch.delenv(name, raising=False)
    result, _ = invoke_staged("race-pools-aggregator", {})
    assert result["error"]["kind"] == "settings"
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    http = {"method": "POST", "path": "", "queryString": "", "headers": {}, "body": "{", "isBase64Encoded": False}
    result, lines = invoke_staged("race-pools-aggregator", {"http": http})
    assert result["statusCode"] == 401
    assert any('"event": "activation.done"' in line for line in lines)


def test_invoking_staged_tells_what_the_platform_would_not_run() -> None:
    """A time limit that is too short even for the start is told by the function's name."""
    result, _ = invoke_staged("race-pools-aggregator", {}, timeout_secs=0.001)
    assert result["error"]["kind"] == "platform"
    assert result["error"]["message"].startswith("race-pools-aggregator: ")
