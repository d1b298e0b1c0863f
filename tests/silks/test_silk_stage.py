"""jockey-silks-enricher through its entrypoint, and the pictures it may fetch."""

import asyncio
import io
import struct
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
from PIL import Image

from local.feedsim import generate_day
from raceday.silks.enrich import PICTURES, completed
from raceday.silks.pictures import MAX_BYTES, PictureRefused, Pictures, dominant
from raceday.silks.silk import Silk, cloth
from raceday.tables import ENTRANTS, SILKS
from tests.suite_kit import DAY, Suite

HOSTS = frozenset({"pictures.test", ".cdn.test"})
URL = "https://pictures.test/a.png"


def png(colour: tuple[int, int, int], size: int = 32) -> bytes:
    """Make a picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(out, "PNG")
    return out.getvalue()


def huge_png() -> bytes:
    """Make a picture of a hundred million pixels in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 10_000, 10_000, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (1251 * 1000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def public(host: str) -> Sequence[str]:
    """Resolve every host to a public address."""
    return ["93.184.216.34"]


def fetch(handler: Any, url: str = URL, *, addresses: Sequence[str] = ("93.184.216.34",), tag: str = "") -> Any:
    """Fetch one picture from a host that answers as told."""

    async def resolve(_: str) -> Sequence[str]:
        return addresses

    async def work() -> Any:
        pictures = Pictures(HOSTS, resolve=resolve, transport=httpx.MockTransport(handler))
        return await pictures.get(url, tag)

    return asyncio.run(work())


def test_a_picture_gives_its_colours_by_name() -> None:
    """The most common colours come out by their racing names, transparent parts apart."""
    assert dominant(png((255, 255, 255))) == ("white",)
    assert dominant(png((215, 20, 26))) == ("red",)
    out = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(out, "PNG")
    assert dominant(out.getvalue()) == ()


def test_the_checked_address_is_the_one_connected_to() -> None:
    """The request goes to the address that was looked at, under the host's own name."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=png((0, 0, 0)), headers={"etag": '"t1"'})

    found = fetch(handler)
    assert (found.tag, found.colours) == ('"t1"', ("black",))
    assert seen[0].url.host == "93.184.216.34"
    assert seen[0].headers["host"] == "pictures.test"
    assert seen[0].extensions["sni_hostname"] == "pictures.test"


def test_a_picture_that_is_the_same_is_not_read_again() -> None:
    """With a tag the request is conditional, and 304 means that nothing changed."""
    found = fetch(lambda r: httpx.Response(304 if r.headers.get("if-none-match") == '"t1"' else 500), tag='"t1"')
    assert (found.tag, found.colours) == ('"t1"', None)


@pytest.mark.parametrize(
    "url",
    ["http://pictures.test/a.png", "https://elsewhere.test/a.png", "https://pictures.test:8443/a.png",
     "https://user:x@pictures.test/a.png", "file:///etc/passwd", "https://cdn.test.evil.test/", "not a url",
     "https://[::1]/a.png", "https://pictures.test.evil.test/a.png"],
)  # fmt: skip
def test_only_known_hosts_by_https(url: str) -> None:
    """Another scheme, port, host or a user in the URL is refused before anything is asked."""

    def never(_: httpx.Request) -> httpx.Response:
        raise AssertionError("a request was sent")

    with pytest.raises(PictureRefused):
        fetch(never, url)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.8", "192.168.1.1", "169.254.169.254", "::1", "fd00::1", "0.0.0.0", "fe80::1%eth0"]
)
def test_private_addresses_are_refused(address: str) -> None:
    """A known host that resolves to a private address, even beside a public one, is not connected to."""

    def never(_: httpx.Request) -> httpx.Response:
        raise AssertionError("a request was sent")

    with pytest.raises(PictureRefused):
        fetch(never, addresses=("93.184.216.34", address))


class Endless(httpx.AsyncByteStream):
    """A body of many times what may be read."""

    sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(16 * MAX_BYTES // 65_536):
            Endless.sent += 65_536
            yield b"\0" * 65_536


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(302, headers={"location": "https://127.0.0.1/"}),
        httpx.Response(404),
        httpx.Response(200, html="<html><script>alert(1)</script></html>"),
        httpx.Response(200, content=b""),
        httpx.Response(200, content=b"GIF89a"),
        httpx.Response(200, content=huge_png()),
        httpx.Response(200, headers={"content-length": "200000000"}, content=b"x"),
    ],
)
def test_what_is_no_small_picture_is_refused(answer: httpx.Response) -> None:
    """Redirects, pages, cut pictures, a hundred megapixels and a huge length each leave the text alone to speak."""
    with pytest.raises(PictureRefused):
        fetch(lambda _: httpx.Response(answer.status_code, headers=answer.headers, content=answer.content))


def test_a_body_without_end_is_stopped() -> None:
    """A body over the limit is not read to its end."""
    Endless.sent = 0
    with pytest.raises(PictureRefused):
        fetch(lambda _: httpx.Response(200, stream=Endless()))
    assert Endless.sent <= MAX_BYTES + 2 * 65_536


def test_a_picture_completes_words_and_never_overrules_them() -> None:
    """Colours seen fill a silk whose words name none; named colours stay."""
    assert completed(Silk(), ("red", "white", "blue")).body.colours == ("red", "white")
    named = Silk(cloth("blue"))
    assert completed(named, ("red",)) == named


async def test_a_day_is_enriched_once() -> None:
    """Each runner gets a silk with its icon; a second run fetches and writes nothing."""
    suite = await Suite(generate_day(1, DAY, 24)).imported()
    first = await suite.run("jockey-silks-enricher", {"date": "2026-11-24"})
    entrants, silks = await suite.rows(ENTRANTS), {s["$id"]: s for s in await suite.rows(SILKS)}
    assert first["runners"] == len(entrants)
    assert all(e["silkId"] in silks for e in entrants if e["silkColours"])
    for silk in silks.values():
        assert silk["svgData"].startswith("<svg")
        assert suite.server.files.get("silks", silk["$id"])[1].decode() == silk["svgData"]
        for column, size in (("iconUrl", 64), ("iconUrl128", 128)):
            file_id = silk[column].rpartition("/view")[0].rpartition("/")[2]
            shown, content = suite.server.files.get("silks", file_id)
            assert (file_id, shown["mimeType"]) == (f"{silk['$id']}-{size}", "image/png")
            with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
                assert picture.size == (size, size)
    moved = {e["$id"]: e["$updatedAt"] for e in entrants}
    calls = sum(suite.server.requests.values())
    again = await suite.run("jockey-silks-enricher", {"date": "2026-11-24"})
    assert (again["written"], again["linked"], again["fetched"]) == (0, 0, 0)
    assert {e["$id"]: e["$updatedAt"] for e in await suite.rows(ENTRANTS)} == moved
    assert sum(suite.server.requests.values()) - calls < 10


async def test_a_drawing_of_another_version_is_made_anew() -> None:
    """Where the drawing has changed since, a silk that nobody else changed is drawn again, and no other."""
    suite = await Suite().imported()
    race = (await suite.rows(ENTRANTS))[0]["raceId"]
    await suite.run("jockey-silks-enricher", {"raceId": race})
    silk = (await suite.rows(SILKS))[0]
    await suite.store.update(SILKS, silk["$id"], {"drawingVersion": silk["drawingVersion"] - 1})
    again = await suite.run("jockey-silks-enricher", {"raceId": race})
    assert again["written"] == 1
    assert {s["drawingVersion"] for s in await suite.rows(SILKS)} == {silk["drawingVersion"]}


async def test_silks_are_shared_and_a_shared_one_names_no_jockey() -> None:
    """Runners with one silk share its row, which names a jockey only where one alone wears it."""
    suite = await Suite().imported()
    a, b, c = (await suite.rows(ENTRANTS))[:3]
    for entrant, text, jockey in ((a, "Red, white cap", "A One"), (b, "RED, WHITE CAP", "B Two"), (c, "Blue", "C")):
        await suite.store.update(ENTRANTS, entrant["$id"], {"silkColours": text, "jockey": jockey})
    for race in {a["raceId"], b["raceId"], c["raceId"]}:
        await suite.run("jockey-silks-enricher", {"raceId": race})
    ids = {e["$id"]: e["silkId"] for e in await suite.rows(ENTRANTS)}
    silks = {s["$id"]: s for s in await suite.rows(SILKS)}
    assert ids[a["$id"]] == ids[b["$id"]] != ids[c["$id"]]
    assert silks[ids[a["$id"]]]["jockeyName"] is None
    assert silks[ids[c["$id"]]]["jockeyName"] == "C"
    assert (silks[ids[a["$id"]]]["primaryColor"], silks[ids[a["$id"]]]["pattern"]) == ("red", "solid")
    assert (silks[ids[a["$id"]]]["hex"], silks[ids[a["$id"]]]["isLight"]) == ("#D7141A", False)


async def test_a_failed_picture_leaves_a_row_from_the_text() -> None:
    """Where the picture cannot be had the words alone describe the silk, and the result says what failed."""
    suite = await Suite(silk_pictures=True).imported()
    transport = httpx.MockTransport(lambda _: httpx.Response(500))
    pictures = Pictures(suite.settings.silk_hosts, resolve=public, transport=transport)
    suite.container.cache.keep(PICTURES, pictures)
    race = (await suite.rows(ENTRANTS))[0]["raceId"]
    result = await suite.run("jockey-silks-enricher", {"raceId": race})
    assert result["written"] > 0
    assert result["failures"]
    assert all(s["svgData"] for s in await suite.rows(SILKS))


class PictureHost:
    """A host of one red picture, which has a tag, and which can be out of order."""

    def __init__(self, suite: Suite) -> None:
        self.asked: list[tuple[str, str]] = []
        self.broken = False
        transport = httpx.MockTransport(self._answer)
        suite.container.cache.keep(PICTURES, Pictures(HOSTS, resolve=public, transport=transport))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        tag = request.headers.get("if-none-match", "")
        self.asked.append((request.url.path, tag))
        if self.broken:
            return httpx.Response(500)
        if tag == '"red"':
            return httpx.Response(304)
        return httpx.Response(200, content=png((215, 20, 26)), headers={"etag": '"red"'})


async def one_wearer(text: str) -> tuple[Suite, PictureHost, str, str]:
    """Import a day of which one runner alone wears a silk, with a picture; gives its race's id and its own."""
    suite = await Suite(silk_pictures=True).imported()
    everybody = await suite.rows(ENTRANTS)
    worn = everybody[0]
    for row in everybody:
        mine = row["$id"] == worn["$id"]
        wears = {"silkColours": text, "jockey": "A One", "silkUrl64": URL, "silkUrl128": URL}
        await suite.store.update(ENTRANTS, row["$id"], wears if mine else {"silkColours": ""})
    return suite, PictureHost(suite), worn["raceId"], worn["$id"]


async def test_a_picture_that_was_seen_is_not_fetched_again() -> None:
    """A silk's row keeps the picture's address and tag; only another address is fetched, and it without the tag."""
    suite, host, race, runner = await one_wearer("Blue, white cap")
    await suite.run("jockey-silks-enricher", {"raceId": race})
    (silk,) = await suite.rows(SILKS)
    assert (silk["pictureUrl"], silk["pictureTag"]) == (URL, '"red"')
    again = await suite.run("jockey-silks-enricher", {"raceId": race})
    assert (again["fetched"], again["written"], host.asked) == (0, 0, [("/a.png", "")])
    await suite.store.update(ENTRANTS, runner, {"silkUrl128": URL.replace("a.png", "b.png")})
    await suite.run("jockey-silks-enricher", {"raceId": race})
    assert host.asked == [("/a.png", ""), ("/b.png", "")]
    (silk,) = await suite.rows(SILKS)
    assert silk["pictureUrl"].endswith("/b.png")


async def test_a_change_of_jockey_asks_whether_the_picture_is_the_same() -> None:
    """A silk that is drawn anew sends its picture's tag, and keeps it where the host says "as before"."""
    suite, host, race, runner = await one_wearer("Blue, white cap")
    await suite.run("jockey-silks-enricher", {"raceId": race})
    await suite.store.update(ENTRANTS, runner, {"jockey": "B Two"})
    await suite.run("jockey-silks-enricher", {"raceId": race})
    assert host.asked == [("/a.png", ""), ("/a.png", '"red"')]
    (silk,) = await suite.rows(SILKS)
    assert (silk["pictureTag"], silk["primaryColor"], silk["jockeyName"]) == ('"red"', "blue", None)


@pytest.mark.parametrize("broken", [False, True])
async def test_a_silk_coloured_by_its_picture_alone_keeps_its_colour(broken: bool) -> None:
    """Words without a colour take it from the picture, and keep it when the jockey changes or the picture fails."""
    suite, host, race, runner = await one_wearer("Checks")
    await suite.run("jockey-silks-enricher", {"raceId": race})
    assert [s["primaryColor"] for s in await suite.rows(SILKS)] == ["red"]
    await suite.store.update(ENTRANTS, runner, {"jockey": "B Two"})
    host.broken = broken
    told = await suite.run("jockey-silks-enricher", {"raceId": race})
    assert [s["primaryColor"] for s in await suite.rows(SILKS)] == ["red"]
    assert (runner in [failure["item"] for failure in told["failures"]]) == broken


async def test_a_picture_that_failed_is_tried_again() -> None:
    """A picture that could not be had counts as seen by nobody, and leaves no second writing until it can be had."""
    suite, host, race, runner = await one_wearer("Checks")
    host.broken = True
    first, second = [await suite.run("jockey-silks-enricher", {"raceId": race}) for _ in range(2)]
    assert (first["written"], second["written"]) == (1, 0)
    host.broken = False
    third = await suite.run("jockey-silks-enricher", {"raceId": race})
    assert (third["written"], runner in [failure["item"] for failure in third["failures"]]) == (1, False)
    assert [s["primaryColor"] for s in await suite.rows(SILKS)] == ["red"]


async def test_a_jockey_who_joins_a_silk_later_unnames_it() -> None:
    """A silk that a second jockey wears in a later race names neither, however the races come, and stays so."""
    suite = await Suite().imported()
    by_race = {row["raceId"]: row for row in await suite.rows(ENTRANTS)}
    (first, a), (second, b) = list(by_race.items())[:2]
    for row, jockey in ((a, "A One"), (b, "B Two")):
        await suite.store.update(ENTRANTS, row["$id"], {"silkColours": "Pink, black cap", "jockey": jockey})
    named = []
    for race in (first, second, first):
        await suite.run("jockey-silks-enricher", {"raceId": race})
        worn = {row["$id"]: row["silkId"] for row in await suite.rows(ENTRANTS)}[by_race[race]["$id"]]
        named.append({silk["$id"]: silk["jockeyName"] for silk in await suite.rows(SILKS)}[worn])
    assert named == ["A One", None, None]


@pytest.mark.parametrize(
    ("params", "field"),
    [({}, "raceId"), ({"raceId": "unknown"}, "raceId"), ({"raceIds": []}, "raceIds"), ({"raceId": 5}, "raceId"),
     ({"date": "soon"}, "date"), ({"raceId": "a", "date": "2026-11-24"}, "raceId"), ({"horse": "x"}, "horse")],
)  # fmt: skip
async def test_bad_input_names_its_field(params: dict[str, Any], field: str) -> None:
    """What cannot be asked for answers with the field and what was expected, and writes nothing."""
    suite = Suite()
    result = await suite.run("jockey-silks-enricher", params)
    assert (result["error"]["kind"], result["error"]["field"]) == ("bad_request", field)
    assert await suite.rows(SILKS) == []
