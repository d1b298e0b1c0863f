"""The console's health as JSON and as Prometheus metrics."""

import re
from pathlib import Path

import httpx

from local.console.source import Source
from local.switches import switch
from tests.console.stepped import Stepped
from tests.console.test_console_pages import over

SAMPLE = re.compile(r'[a-z_0-9]+(\{[a-z]+="(?:[^"\\]|\\.)*"\})? -?[0-9.e+-]+')


def test_health_tells_what_is_paused_and_is_503_for_it(tmp_path: Path) -> None:
    """A function that is paused stands among the troubles, and the status says that something needs attention."""

    async def work(stepped: Stepped, source: Source, client: httpx.AsyncClient) -> None:
        await switch(source.store, stepped.clock, "daily-races", paused=True)
        answer = await client.get("/health")
        assert answer.status_code == 503
        assert answer.json()["ok"] is False
        assert answer.json()["paused"] == ["daily-races"]
        assert "paused: daily-races" in answer.json()["troubles"]

    over(tmp_path, work)


def test_metrics_are_in_prometheus_text_and_count_what_ran(tmp_path: Path) -> None:
    """Every line is a comment or a sample, and the imports that began the day are counted by function."""

    async def work(_: Stepped, source: Source, client: httpx.AsyncClient) -> None:
        source.activity.append('odd"name', "a1", source.now(), 1500.0, "error")
        answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        lines = answer.text.splitlines()
        assert [line for line in lines if not line.startswith("#") and not SAMPLE.fullmatch(line)] == []
        assert 'raceday_activations_failed_24h{function="odd\\"name"} 1' in lines
        assert 'raceday_activation_seconds_24h{function="odd\\"name"} 1.5' in lines
        assert "raceday_paused 0" in lines

    over(tmp_path, work)
