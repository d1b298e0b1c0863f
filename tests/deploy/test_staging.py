"""Staging: only what a function reaches, the same bytes each time, nothing that the platform would trip over."""

import io
import marshal
import sys
import zipfile
from pathlib import Path

import pytest

from ops.packaging import compiled, library
from ops.packaging.archive import folder_files, shipping_problems, upload_zip
from ops.packaging.errors import PackagingError
from ops.packaging.lock import read_lock
from ops.packaging.project import parse_project
from ops.packaging.render import NATIVE, render
from ops.packaging.stage import Staged, Stager
from tests.deploy.tiny import (
    GOOD,
    PLAIN_LIBRARY,
    clause,
    locked_site,
    project_text,
    stage_tiny,
    tiny_project,
    write_sources,
)

ASKING = "{imports}\n\n\ndef main(event, context):\n    return {{}}\n"


def asking(imports: str) -> str:
    """Return an entrypoint that imports something."""
    return ASKING.format(imports=imports)


def zipped(staged: Staged, name: str) -> set[str]:
    """Return the files in a staged function's lib.zip."""
    data = (staged.function(name).folder / "lib.zip").read_bytes()
    return set(zipfile.ZipFile(io.BytesIO(data)).namelist())


def test_a_function_ships_the_modules_it_reaches_and_no_others(tmp_path: Path) -> None:
    """A library module that nothing imports stays at home."""
    library = {**PLAIN_LIBRARY, "raceday/unused.py": "import nothing_like_this\n"}
    _, staged = stage_tiny(tmp_path, {"good": GOOD}, library)
    assert zipped(staged, "good") == {"raceday_entrypoint.pyc", "raceday/__init__.pyc", "raceday/greeting.pyc"}
    assert set(folder_files(staged.function("good").folder)) == {"__main__.py", "lib.zip"}


def test_packages_travel_only_with_their_users(tmp_path: Path) -> None:
    """Imaging libraries lie with the function that imports them; another one has none of them."""
    functions = {"painter": asking("from PIL import Image"), "caller": asking("import httpx")}
    _, staged = stage_tiny(tmp_path, functions)
    painter = set(folder_files(staged.function("painter").folder))
    assert any(path.startswith("lib/PIL/_imaging.") for path in painter)
    assert not any("avif" in path or "freetype" in path for path in painter)
    assert not any("PIL" in path for path in folder_files(staged.function("caller").folder))
    assert {"httpx/__init__.pyc", "httpcore/__init__.pyc", "h11/__init__.pyc"} <= zipped(staged, "caller")
    assert "lib/certifi/cacert.pem" in folder_files(staged.function("caller").folder)


def test_what_only_absent_packages_load_stays_at_home(tmp_path: Path) -> None:
    """Parts for HTTP/2, SOCKS and trio are not shipped, while the lock holds none of the packages that they need."""
    _, staged = stage_tiny(tmp_path, {"caller": asking("import httpx\nimport dateutil.parser")})
    paths = zipped(staged, "caller")
    assert {"httpcore/_async/http11.pyc", "dateutil/tz/tz.pyc"} <= paths
    assert not any(word in path for path in paths for word in ("http2", "socks", "trio", "tz/win", "idna/cli"))
    assert {"h2", "socksio", "trio"}.isdisjoint(pin.name for pin in read_lock())


def test_compiled_modules_keep_lines_and_no_columns() -> None:
    """A traceback has the line of what failed; columns are left out, for no source lies beside to show them in."""
    made = compiled.compile_all({"a.py": b"def f(x):\n    return x.y\n"}, sys.executable)
    positions = [*marshal.loads(made["a.pyc"][16:]).co_consts[0].co_positions()]
    assert {place[0] for place in positions} == {1, 2}
    assert {place[2] for place in positions} == {None}


def test_what_was_compiled_another_way_is_not_taken_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A distribution that was kept compiled is compiled anew once the way of compiling has changed."""
    distribution, site = locked_site().distributions["idna"], locked_site()
    library.ship(distribution, site, sys.executable, tmp_path / "cache")
    (tmp_path / "compiled.py").write_text("# another way\n")
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "compiled.py"))
    library.ship(distribution, site, sys.executable, tmp_path / "cache")
    assert len([*(tmp_path / "cache").iterdir()]) == 2


def test_the_sdk_is_shipped_import_by_import(tmp_path: Path) -> None:
    """Of the Appwrite SDK only the imported modules go along, none of its models and nothing it would need for them."""
    _, staged = stage_tiny(tmp_path, {"f": asking("from appwrite.query import Query\nfrom appwrite.id import ID")})
    sdk = {path for path in zipped(staged, "f") if path.startswith("appwrite/")}
    assert {"appwrite/__init__.pyc", "appwrite/query.pyc", "appwrite/id.pyc"} <= sdk
    assert not any("models" in path or "client" in path for path in sdk)
    assert not any(path.startswith("requests/") for path in zipped(staged, "f"))


def test_time_zones_travel_one_by_one(tmp_path: Path) -> None:
    """Auckland is always there where zones are used, others only where a reachable module names them."""
    source = asking("from zoneinfo import ZoneInfo\nZONE = 'Australia/Perth'")
    _, staged = stage_tiny(tmp_path, {"f": source, "g": asking("import json")})
    zones = {path for path in zipped(staged, "f") if path.startswith("tzdata/") and not path.endswith(".pyc")}
    assert zones == {"tzdata/zoneinfo/Pacific/Auckland", "tzdata/zoneinfo/Australia/Perth"}
    assert not any(path.startswith("tzdata/") for path in zipped(staged, "g"))


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    """Staging twice, alone or with another function, from other folders and caches, gives identical zips."""
    functions = {"good": GOOD, "caller": asking("import httpx\nimport pydantic")}
    _, first = stage_tiny(tmp_path / "one", functions)
    _, second = stage_tiny(tmp_path / "two", functions)
    _, alone = stage_tiny(tmp_path / "three", {"caller": functions["caller"]})
    for name in functions:
        assert first.function(name).archive == second.function(name).archive == upload_zip(second.function(name).folder)
    assert first.function("caller").sha256 == alone.function("caller").sha256
    assert (first.root / "project.yml").read_bytes() == (second.root / "project.yml").read_bytes()


def test_nothing_is_left_in_the_source_tree(tmp_path: Path) -> None:
    """Staging writes to its output and cache alone."""
    sources = write_sources(tmp_path, {"good": GOOD})
    before = {**folder_files(sources.functions), **folder_files(sources.shared)}
    project = tiny_project({"good": GOOD})
    Stager(project, sources, locked_site()).stage(tmp_path / "out", project.text)
    assert {**folder_files(sources.functions), **folder_files(sources.shared)} == before
    assert {path.name for path in tmp_path.iterdir()} <= {"functions", "shared", "cache", "out"}


def test_a_folder_that_is_no_staged_tree_is_not_replaced(tmp_path: Path) -> None:
    """Staging removes what stood at its output, so it refuses folders that it did not make."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letters.txt").write_text("precious")
    with pytest.raises(PackagingError, match="is no staged tree"):
        stage_tiny(tmp_path, {"good": GOOD})
    assert (tmp_path / "out" / "letters.txt").read_text() == "precious"
    (tmp_path / "out" / "letters.txt").unlink()
    stage_tiny(tmp_path, {"good": GOOD})
    _, again = stage_tiny(tmp_path, {"good": GOOD})
    assert again.root == tmp_path / "out"


def test_the_staged_project_file_is_valid_and_carries_hashes(tmp_path: Path) -> None:
    """What is staged passes the same checks and tells each function's contents by hash."""
    _, staged = stage_tiny(tmp_path, {"good": GOOD})
    spec = parse_project((staged.root / "project.yml").read_text("utf-8")).function("good")
    assert spec.annotations["content-hash"] == staged.function("good").sha256
    assert spec.annotations["library-hash"] == staged.library


def test_a_changed_library_changes_the_hash(tmp_path: Path) -> None:
    """The library's hash and the content hash of a function that uses it follow its sources."""
    _, first = stage_tiny(tmp_path / "one", {"good": GOOD})
    changed = {**PLAIN_LIBRARY, "raceday/greeting.py": "def greet(event):\n    return 'bye'\n"}
    _, second = stage_tiny(tmp_path / "two", {"good": GOOD}, changed)
    assert first.library != second.library
    assert first.function("good").sha256 != second.function("good").sha256


BROKEN = {
    "async": ("async def main(event, context):\n    return {}\n", "`async def main`"),
    "wrapper": ("def main(*args):\n    return {}\n", "`*args` in `main`"),
    "keyword-only": ("def main(event, *, context=None):\n    return {}\n", "keyword-only"),
    "decorated": ("import functools\n@functools.cache\ndef main(event, context):\n    return {}\n", "decorated"),
    "partial": ("import functools\nmain = functools.partial(print)\n", "plain `def main(event, context)`"),
    "no-main": ("def start(event, context):\n    return {}\n", "no function `main`"),
    "one-argument": ("def main(event):\n    return {}\n", "two arguments"),
    "syntax": ("def main(event, context)\n    return {}\n", "line 1"),
    "relative": ("from . import x\n\ndef main(event, context):\n    return {}\n", "relative import"),
    "unlocked": (
        "import numpy\n\ndef main(event, context):\n    return {}\n",
        "imports numpy, which is not in shared/",
    ),
    "missing-name": ("from raceday import nothing\n\ndef main(event, context):\n    return {}\n", "raceday.nothing"),
    "missing-module": ("from raceday.nowhere import x\n\ndef main(event, context):\n    return x\n", "raceday.nowhere"),
}


@pytest.mark.parametrize(("source", "told"), BROKEN.values(), ids=BROKEN.keys())
def test_what_the_platform_could_not_run_is_refused_by_name(tmp_path: Path, source: str, told: str) -> None:
    """An entrypoint that would fail on the platform is named before anything is written."""
    with pytest.raises(PackagingError) as caught:
        stage_tiny(tmp_path, {"good": GOOD, "broken-one": source})
    assert str(caught.value).startswith("broken-one: ")
    assert told in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_files_that_the_deployer_drops_or_breaks_are_told(tmp_path: Path) -> None:
    """Links, dropped names, environment files and requirements in a function's folder are named."""
    for name in (".env", "requirements.txt", "a_tmp_b.py", "x.swp"):
        (tmp_path / name).write_text("")
    (tmp_path / "link.py").symlink_to("x.py")
    problems = "\n".join(shipping_problems("f", tmp_path))
    for name in (".env", "requirements.txt", "a_tmp_b.py", "x.swp", "link.py"):
        assert f"f: {name}" in problems or f"leaves {name}" in problems


def test_unset_defaults_are_left_out_of_the_staged_environment() -> None:
    """A variable without a value is left out, as the deployer refuses it; the others keep their quotes."""
    project = parse_project(project_text(clause("f", "environment:\n  A: '${A}'\n  B: '${B}'")))
    text = render(project, unset={"B"})
    assert "A: '${A}'" in text
    assert "${B}" not in text


def test_lean_sizes_replace_every_memory() -> None:
    """The sizes `lean` are the catalogue's for each function, the poller's kept; `seed` changes none."""
    project = parse_project(project_text(clause("master-race-scheduler"), clause("enhanced-race-poller")))
    lean = parse_project(render(project, sizes="lean"))
    assert [spec.limits.memory_mb for spec in lean.functions] == [128, 1024]
    assert render(project, sizes="seed") == render(project)


def test_native_triggers_give_each_schedule_its_own() -> None:
    """With native triggers every schedule has one, legacy ones only when asked for; none has a body nobody reads."""
    legacy = clause("old", "annotations: {schedule: '*/5 * * * *', legacy: true}")
    daily = clause("daily", "annotations: {schedule: '0 17 * * *'}")
    minute = clause("master-race-scheduler", "annotations: {schedule: '* * * * *'}")
    project = parse_project(project_text(legacy, daily, minute))
    plain = parse_project(render(project, triggers=NATIVE))
    assert [(s.name, t.cron) for s in plain.functions for t in s.triggers] == [
        ("daily", "0 17 * * *"),
        ("master-race-scheduler", "* * * * *"),
    ]
    assert "body" not in render(project, triggers=NATIVE)
    with_legacy = parse_project(render(project, triggers=NATIVE, legacy=True))
    assert [t.name for t in with_legacy.function("old").triggers] == ["raceday-old"]


def test_a_watchdog_stays_beside_native_triggers() -> None:
    """A trigger with a body is no schedule's: native triggers leave it, and the schedule gets one of its own."""
    watchdog = "{name: dog, type: SCHEDULED, scheduledDetails: {cron: '* * * * *', body: {watchdog: true}}}"
    daily = clause("daily", f"annotations: {{schedule: '0 17 * * *'}}\ntriggers: [{watchdog}]")
    plain = parse_project(render(parse_project(project_text(daily)), triggers=NATIVE))
    found = [(t.name, t.cron, t.body) for t in plain.function("daily").triggers]
    assert found == [("raceday-daily", "0 17 * * *", {}), ("dog", "* * * * *", {"watchdog": True})]
