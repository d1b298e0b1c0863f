"""What deployed pollers upload is joined to a tape, and an upload that fails costs no poll."""

import asyncio
import dataclasses
import zlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from local.embedded import EmbeddedTransport
from local.simulate.plan import DayPlan
from local.simulate.port_store import PortBackend
from local.simulate.world import SETTINGS
from local.tape.joining import name_missing, pull_day, salvaged, unpacked, write_part
from local.tape.reader import Tape
from local.tape.replay import TapeReplay
from local.tape.verify import compare
from local.testing.memory_store import MemoryStore
from local.world import LocalWorld, open_world
from raceday.clock import instant, iso
from raceday.errors import StoreUnavailable
from raceday.feed.taping import Answer
from raceday.polling.taping import packed
from raceday.tables import RACE_POLLS
from tests.polling.test_poll_entrypoints import RACE, SOON, invoke, kit
from tests.tape.kit import DAY, answers, simulated

BUCKET = "tapes"
# Of a gzip object, before what is packed: a time and a system, which say nothing of that.
HEAD_BYTES = 10


def poll(here: Any, secs: int) -> dict[str, Any]:
    """Poll one slot through the deployed poller's entrypoint, with the uploads on."""
    here.container.settings = dataclasses.replace(here.container.settings, tape_bucket=BUCKET)
    slot = {"raceId": RACE.race_id, "slot": iso(SOON + timedelta(seconds=secs)), "start": iso(RACE.advertised),
            "kind": "slot"}  # fmt: skip
    return invoke(here, "enhanced-race-poller", {"slots": [slot], "tick": iso(SOON)}, budget_secs=100)


def test_each_activation_uploads_one_object_of_what_it_heard(tmp_path: Path) -> None:
    """Two activations make two objects; joined, the tape has each answer once, with the activation that asked."""
    here = kit()
    assert [poll(here, 0)["committed"], poll(here, 30)["committed"]] == [1, 1]
    objects = [content for (bucket, _), content in here.store.files.items() if bucket == BUCKET]
    assert len(objects) == 2
    found = [each for content in objects for each in unpacked(content)]
    assert write_part(tmp_path / "joined.tape", found + found, DAY) == len(found)
    tape = Tape.checked(tmp_path / "joined.tape")
    heard = [entry for entry in tape.race(RACE.race_id) if entry.status == 200]
    fetched = sorted(row["fetchedAt"] for row in here.store.tables[RACE_POLLS].values())
    assert [iso(entry.received) for entry in heard[-2:]] == fetched
    assert {entry.function for entry in tape.entries} == {"enhanced-race-poller"}
    assert tape.damages == []


def test_an_upload_that_fails_costs_no_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """The poll is committed and answered as without uploads while the bucket refuses every file."""
    here = kit()

    async def refuse(*_: Any) -> str:
        raise StoreUnavailable("no room", status=503)

    monkeypatch.setattr(here.store, "put_file", refuse)
    answer = poll(here, 0)
    assert (answer["ok"], answer["committed"], answer["failures"]) == (True, 1, [])
    assert here.store.files == {}


def test_nothing_is_uploaded_unless_a_bucket_is_named() -> None:
    """Without RACEDAY_TAPE a poll leaves no file."""
    here = kit()
    slot = {"raceId": RACE.race_id, "slot": iso(SOON), "start": iso(RACE.advertised), "kind": "slot"}
    assert invoke(here, "enhanced-race-poller", {"slots": [slot], "tick": iso(SOON)}, 100)["committed"] == 1
    assert here.store.files == {}


def test_any_body_comes_back_as_it_was() -> None:
    """Text, an answer without a body and bytes that are no text are unpacked as they were packed."""
    made = [*answers(2), Answer("u", answers(1)[0].sent, answers(1)[0].received, 502, {}, b"\xff\xfe\x00")]
    made.append(Answer("u", made[0].sent, made[0].received, error="feed_timeout"))
    back = [answer for answer, _, _ in unpacked(packed(made, "f", "a"))]
    assert [(a.body, a.status, a.error, a.sent) for a in back] == [(a.body, a.status, a.error, a.sent) for a in made]


def test_an_object_that_is_cut_off_is_read_to_the_cut() -> None:
    """Wherever a half upload ends, answers before that are read as they were; a damaged one never gives others."""
    made = answers(3)
    content = packed(made, "f", "a")
    counts = set()
    for cut in range(0, len(content), 7):
        found, wrong = salvaged(content[:cut])
        assert [answer.body for answer, _, _ in found] == [answer.body for answer in made[: len(found)]]
        assert wrong == f"cut off behind its answer {len(found)}"
        counts.add(len(found))
    assert counts == {0, 1, 2, 3}
    assert salvaged(content)[1] == ""
    for at in range(len(content)):
        hurt = content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]
        with suppress(zlib.error, ValueError, OSError):
            found, wrong = salvaged(hurt)
            assert [answer for answer, _, _ in found] == [answer for answer, _, _ in unpacked(content)][: len(found)]
            assert wrong or at < HEAD_BYTES


async def test_a_pull_takes_a_days_objects_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the embedded server: a day's objects beyond one page are joined, a damaged one named, others left."""
    monkeypatch.setenv("RACEDAY_TAPE", BUCKET)
    world = open_world("generated", str(tmp_path / "store.db"), lambda _: None)
    store, made = world.container("money-flow-tracker").store, answers(110)

    for i, answer in enumerate(made):
        content = packed([answer], "enhanced-race-poller", f"a{i}")
        await store.put_file(BUCKET, f"20260213T12{i % 60:02}00Z-{i:016}", "x.gz", content, "application/gzip")
    await store.put_file(BUCKET, "20260213T130000Z-torn", "x.gz", content[:40], "application/gzip")
    await store.put_file(BUCKET, "20260110T130000Z-old", "x.gz", content, "application/gzip")
    assert world.embedded is not None
    found = await pull_day(world.settings, EmbeddedTransport(world.embedded), DAY, tmp_path / "tapes")
    assert (found.objects, found.answers, len(found.refused)) == (111, 110, 1)
    assert found.refused[0].startswith("20260213T130000Z-torn")
    assert found.path is not None
    assert [body for _, body in Tape.open(found.path).bodies()] == [answer.body for answer in made]


@lru_cache(maxsize=1)
def uploaded_day() -> MemoryStore:
    """Return the store of a day of one race whose pollers uploaded what they heard."""
    backend = PortBackend()
    settings = dataclasses.replace(SETTINGS, tape_bucket=BUCKET)
    simulated(DayPlan(seed=1, races=1, day=DAY, depth="port", settings=settings, steady_users=True), backend)
    assert backend.memory is not None
    return backend.memory


async def stored_objects(files: Mapping[tuple[str, str], bytes], place: Path) -> LocalWorld:
    """Return an embedded server whose bucket holds these objects."""
    world = open_world("generated", str(place), lambda _: None)
    store = world.container("money-flow-tracker").store
    for (bucket, key), content in files.items():
        if bucket == BUCKET:
            await store.put_file(BUCKET, key, f"{key}.gz", content, "application/gzip")
    return world


def test_a_joined_day_replays_as_it_was_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pollers that upload live a day; its objects, pulled and joined, are replayed: no row differs, no poll is lost."""
    memory = uploaded_day()
    stored = memory.tables
    monkeypatch.setenv("RACEDAY_TAPE", BUCKET)
    world = asyncio.run(stored_objects(memory.files, tmp_path / "store.db"))
    assert world.embedded is not None
    joined = asyncio.run(pull_day(world.settings, EmbeddedTransport(world.embedded), DAY, tmp_path / "tapes"))
    assert joined.path is not None
    assert (joined.refused, joined.objects > 30) == ([], True)
    made = TapeReplay(Tape.checked(joined.path), stored, SETTINGS)
    asyncio.run(made.run())
    assert made.unknown == []
    assert [str(each) for each in compare(stored, made.store.tables)] == []
    assert len(made.store.tables[RACE_POLLS]) == len(stored[RACE_POLLS]) > 40
    asyncio.run(name_missing(joined, memory, DAY))
    assert (joined.polls > 40, joined.missing) == (True, [])


def test_what_killed_pollers_left_is_read_and_what_they_did_not_upload_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a lost object and one cut in half each poll without an answer is named, all others have theirs."""
    memory = uploaded_day()
    monkeypatch.setenv("RACEDAY_TAPE", BUCKET)
    files = {key: content for key, content in memory.files.items() if key[0] == BUCKET}
    heard = {key: unpacked(content) for key, content in files.items()}
    lost, cut = [key for key in sorted(files) if len(heard[key]) == 1 and heard[key][0][0].status == 200][10:12]
    files = {**files, cut: files[cut][: len(files[cut]) // 2]}
    del files[lost]
    world = asyncio.run(stored_objects(files, tmp_path / "store.db"))
    assert world.embedded is not None
    joined = asyncio.run(pull_day(world.settings, EmbeddedTransport(world.embedded), DAY, tmp_path / "tapes"))
    asyncio.run(name_missing(joined, memory, DAY))
    assert joined.refused == [f"{cut[1]}: cut off behind its answer 0"]
    at = {iso(heard[key][0][0].received) for key in (lost, cut)}
    rows = [row for row in memory.tables[RACE_POLLS].values() if iso(instant(row["fetchedAt"])) in at]
    assert joined.missing == [
        f"{row['raceId']} n={row['n']} of slot {row['slot'][:19]}Z" for row in sorted(rows, key=lambda row: row["slot"])
    ]
    assert len(joined.missing) == 2
    assert joined.answers == sum(len(each) for key, each in heard.items() if key not in (lost, cut))


def test_a_pull_that_was_killed_is_pulled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it left of a tape is no tape, and is replaced; a whole one is not pulled over."""
    monkeypatch.setenv("RACEDAY_TAPE", BUCKET)
    made = answers(3)
    files = {(BUCKET, "20260213T130000Z-a"): packed(made, "enhanced-race-poller", "a")}
    world = asyncio.run(stored_objects(files, tmp_path / "store.db"))
    assert world.embedded is not None
    transport, folder = EmbeddedTransport(world.embedded), tmp_path / "tapes"
    rest = folder / DAY.isoformat() / "joined.part"
    rest.parent.mkdir(parents=True)
    rest.write_bytes(b"RACEDAY")
    joined = asyncio.run(pull_day(world.settings, transport, DAY, folder))
    assert (joined.answers, joined.path, rest.exists()) == (3, rest.with_suffix(".tape"), False)
    with pytest.raises(FileExistsError, match="pulled before"):
        asyncio.run(pull_day(world.settings, transport, DAY, folder))
