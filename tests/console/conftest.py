"""A stepped world behind a served console, and a headless browser where there is one."""

import asyncio
import shutil
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from local.console.serve import make_console_server, source_of
from local.console.source import Source
from tests.console.stepped import Stepped

T = TypeVar("T")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1280,900"
)


class Served:
    """A console served from a thread of its own; `run` does work on that thread's loop."""

    def __init__(self, store: Path) -> None:
        self._ready: Future[None] = Future()
        self._store = store
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self._thread.start()
        self._ready.result(30)

    async def _main(self) -> None:
        try:
            self.loop = asyncio.get_running_loop()
            self.stepped = Stepped(self._store)
            self.source: Source = source_of(self.stepped.world)
            await self.stepped.begin()
            self._server = make_console_server(self.source)
            serving = asyncio.create_task(self._server.serve())
            while not self._server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
                await asyncio.sleep(0.01)
            self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"
        except BaseException as error:
            self._ready.set_exception(error)
            raise
        self._ready.set_result(None)
        await serving
        await self.source.aclose()
        await self.stepped.aclose()

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do something on the console's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work(), self.loop).result(60)

    def close(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(10)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A console over a day of two races, whose first is open and two minutes from its start; tests leave it so."""
    yield from _two_minutes_before(tmp_path_factory.mktemp("served"))


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    """The same for one test alone, which may let the race run."""
    yield from _two_minutes_before(tmp_path)


def _two_minutes_before(folder: Path) -> Iterator[Served]:
    made = Served(folder / "day.db")
    race = made.run(made.stepped.races)[0]
    start = datetime.fromisoformat(race["startTime"])
    made.stepped.clock.at = start - timedelta(minutes=66)
    made.run(lambda: made.stepped.to(start - timedelta(minutes=2), [race["$id"]]))
    yield made
    made.close()


@contextmanager
def opened_browser(logs: dict[str, str], trace: str = "", *, scripts: bool = True) -> Iterator[Any]:
    """Open a headless Chromium; skips where browser, driver or selenium are missing. `trace` names categories."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("no Chromium with its chromedriver is installed (Debian, Ubuntu: apt install chromium-driver)")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", logs)
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    if trace:
        options.add_experimental_option("perfLoggingPrefs", {"traceCategories": trace})
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield made
    finally:
        made.quit()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium with the console's complaints."""
    with opened_browser({"browser": "ALL"}) as made:
        yield made
