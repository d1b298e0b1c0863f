"""Recorded responses behind the same surface, and generated payloads against the vendor's description."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from local.feedsim import FeedDay, FeedSim, RecordedFeed
from local.feedsim.serve import PREFIX
from tests.feedsim.asking import HEADERS, ask
from tests.feedsim.conftest import DATE
from tests.recorded import RECORDED, needs_recorded

AT = datetime(2026, 3, 1, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, feedsim_day: FeedDay, feedsim: FeedSim) -> Path:
    """A folder laid out as recordings are, filled from the generated day."""
    (tmp_path / "lists").mkdir()
    (tmp_path / "events").mkdir()
    race = feedsim_day.core_races[0]
    for name, path in (
        ("lists/meetings_list", "meetings"),
        (f"lists/meeting_{race.meeting_id[:8]}", f"meetings/{race.meeting_id}"),
        ("events/any_name", f"events/{race.race_id}"),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(ask(feedsim, path, AT)[1]))
    return tmp_path


def test_recorded_folder_is_served(folder: Path, feedsim_day: FeedDay) -> None:
    """The list answers for its date alone, events by the id inside their files, anything else is 404."""
    feed = RecordedFeed(folder)
    race = feedsim_day.core_races[0]
    later = AT + timedelta(days=400)
    assert feed.event_ids == [race.race_id]
    listed = ask(feed, "meetings", later, f"date_from={DATE}&date_to={DATE}")[1]["data"]["meetings"]
    assert len(listed) == len(feedsim_day.meetings)
    assert ask(feed, "meetings", later, f"date_from={DATE}&limit=2&offset=1")[1]["data"]["meetings"] == listed[1:3]
    assert {
        row["country"] for row in ask(feed, "meetings", later, f"date_from={DATE}&country=NZ")[1]["data"]["meetings"]
    } == {"NZ"}
    assert ask(feed, "meetings", later, "date_from=2026-03-02")[1]["data"]["meetings"] == []
    served = feed.respond(f"{PREFIX}/events/{race.race_id}", "with_money_tracker=true", HEADERS, later)[2]
    assert served == (folder / "events" / "any_name.json").read_bytes()
    assert ask(feed, f"events/{feedsim_day.core_races[1].race_id}", later)[0] == 404
    assert ask(feed, f"meetings/{race.meeting_id}", later)[1]["data"]["meetings"][0]["club_day"]
    assert ask(feed, f"meetings/{feedsim_day.core_races[-1].meeting_id}", later)[0] == 200
    assert ask(feed, "list", later)[0] == 404


def test_folder_without_a_list_is_refused(tmp_path: Path) -> None:
    """A folder that holds no meetings list is refused with the file that is missing."""
    with pytest.raises(ValueError, match=r"meetings_list\.json"):
        RecordedFeed(tmp_path)


@needs_recorded
def test_real_recordings_are_served() -> None:
    """The recorded day has its 76 meetings, and every recorded event is found by its id."""
    feed = RecordedFeed(RECORDED)
    listed = ask(feed, "meetings", AT, f"date_from={feed.date}&date_to={feed.date}")[1]["data"]["meetings"]
    assert len(listed) == 76
    assert len(feed.event_ids) == len(list((RECORDED / "events").glob("*.json")))
    assert all(ask(feed, f"events/{event_id}", AT)[0] == 200 for event_id in feed.event_ids)


def _validators() -> dict[str, Draft202012Validator]:
    """Validators of whole responses by path, from the vendor's description; every member may also be null.

    The description does not allow null where the feed sends it (`biggest_bet`), and is wrong about channels.
    """
    described = json.loads((RECORDED / "openapi.json").read_bytes())
    loosened = _nullable(described["components"])
    validators = {}
    for path in ("events/{id}", "meetings", "meetings/{id}"):
        body = described["paths"][f"{PREFIX}/{path}"]["get"]["responses"]["200"]["content"]["application/json"][
            "schema"
        ]
        validators[path] = Draft202012Validator({**body, "components": loosened})
    return validators


def _nullable(node: Any) -> Any:
    """A description in which every typed property admits null as well."""
    node = deepcopy(node)
    for schema in node["schemas"].values():
        for name, prop in schema.get("properties", {}).items():
            schema["properties"][name] = {"anyOf": [prop, {"type": "null"}]}
    node["schemas"]["EventRace"]["properties"]["video_channels_meta"] = {}
    return node


@needs_recorded
def test_generated_payloads_fit_the_description(feedsim_big_day: FeedDay) -> None:
    """Generated events of every status and all lists validate against the description that recorded ones fit."""
    validators = _validators()
    for path in sorted((RECORDED / "events").glob("*.json")):
        validators["events/{id}"].validate(json.loads(path.read_bytes())["data"])
    feed = FeedSim(feedsim_big_day)
    flags = "with_money_tracker=true&with_tote_trends_data=true&with_will_pays=true"
    statuses = set()
    for race in feedsim_big_day.races[::3]:
        for at in (AT, race.script.closed, race.script.interim, race.script.final):
            status, payload = ask(feed, f"events/{race.race_id}", at, flags)
            if status == 200:
                validators["events/{id}"].validate(payload["data"])
                statuses.add(payload["data"]["race"]["status"])
    assert statuses == {"Open", "Closed", "Interim", "Final", "Abandoned"}
    listing = ask(feed, "meetings", AT, f"date_from={DATE}&limit=200")[1]
    validators["meetings"].validate(listing["data"])
    for row in listing["data"]["meetings"]:
        validators["meetings/{id}"].validate(ask(feed, f"meetings/{row['meeting']}", AT)[1]["data"])
