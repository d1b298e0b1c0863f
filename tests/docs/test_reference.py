"""The functions' reference: answers are as documented, and the OpenAPI file is one."""

import json
from typing import Any

import pytest

from local.docs.openapi import openapi
from local.docs.reference import REFERENCES
from local.testing.events import EVENTS, RACE
from raceday.catalogue.functions import FUNCTIONS, NAMES
from tests.suite_kit import DAY, Suite, go

ANSWERED = ("daily-meetings", "daily-races", "daily-entrants", "enhanced-race-poller", "single-race-poller",
            "batch-race-poller", "race-data-poller", "jockey-silks-enricher", "master-race-scheduler")  # fmt: skip


def test_every_function_has_its_reference_and_its_event() -> None:
    """No function is without parameters, answer and a sample event, and none is described that does not exist."""
    assert set(NAMES) ^ set(REFERENCES) == set(), "local/docs/reference.py"
    assert set(NAMES) ^ set(EVENTS) == set(), "local/testing/events.py"
    assert [f.name for f in FUNCTIONS if ("HTTP" in f.started_by) != bool(REFERENCES[f.name].methods)] == []


def test_events_are_json() -> None:
    """A sample event survives JSON, as the platform hands it over."""
    assert json.loads(json.dumps(EVENTS)) == EVENTS


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    """The answer of each function to its sample event on a generated day, with a race of that day in it."""

    async def ask() -> dict[str, dict[str, Any]]:
        suite = Suite()
        race = suite.day.races[0].race_id
        found = {}
        for name in ANSWERED:
            event = json.loads(json.dumps(EVENTS[name]).replace(RACE, race).replace("2026-02-14", DAY.isoformat()))
            answer = await suite.run(name, event)
            found[name] = answer["body"] if "statusCode" in answer else answer
        return found

    return go(ask)


@pytest.mark.parametrize("name", ANSWERED)
def test_an_answer_has_the_members_that_are_documented(name: str, answers: dict[str, dict[str, Any]]) -> None:
    """Each documented member of a function's answer is there when its sample event is served on a generated day."""
    assert {member for member, _ in REFERENCES[name].answer} <= set(answers[name]), answers[name]


def test_the_openapi_file_describes_each_http_function() -> None:
    """Every path has an operation per method with an answer, and every example names a parameter."""
    document = openapi()
    assert set(document["paths"]) == {f"/{f.name}" for f in FUNCTIONS if REFERENCES[f.name].methods}
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["responses"]["200"]["content"]
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            assert body is None or set(body["example"]) <= set(body["schema"]["properties"])
