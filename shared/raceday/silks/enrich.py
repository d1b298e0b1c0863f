"""jockey-silks-enricher: describes, draws and stores the silks of races, each silk once."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from appwrite.query import Query

from raceday.call import Call
from raceday.clock import iso
from raceday.container import Container, Kept
from raceday.errors import BadRequest, RaceDayError
from raceday.importing.report import day_of
from raceday.silks.colours import hex_of, is_light, rgb_of
from raceday.silks.draw import draw, draw_png
from raceday.silks.parse import parse
from raceday.silks.patterns import PATTERNS
from raceday.silks.pictures import Pictures
from raceday.silks.rugs import rug
from raceday.silks.silk import DRAWING_VERSION, Cloth, Silk
from raceday.store.port import Row
from raceday.tables import ENTRANTS, RACES, SILKS

AT_ONCE = 6
MOST_RACES = 400
# None until the first silk wants a picture.
PICTURES: Kept[Pictures | None] = Kept(lambda: None)
_SMALL = ("collar", "armbands", "cuffs", "waistband", "peak", "pompom")
WORN = (
    "entrantId",
    "name",
    "runnerNumber",
    "raceId",
    "jockey",
    "silkColours",
    "silkUrl64",
    "silkUrl128",
    "silkId",
)
SVG, PNG = "image/svg+xml", "image/png"


@dataclass(frozen=True, slots=True)
class Wearer:
    """One runner and what is known of its silk: words, a picture, or a greyhound's box."""

    entrant: Row
    text: str
    picture: str
    box: int | None

    @property
    def key(self) -> str:
        """Return what equal wearers share."""
        return f"box {self.box}" if self.box is not None else " ".join(self.text.lower().split())


async def handle(container: Container, call: Call) -> dict[str, Any]:
    """Enrich the runners of races; nothing is fetched or written where nothing is new."""
    races = await _races(container, call)
    wearers = await _wearers(container, races)
    pictures = pictures_of(container)
    groups: dict[str, list[Wearer]] = defaultdict(list)
    for wearer in wearers:
        groups[wearer.key].append(wearer)
    stored = await _stored(container)
    gate = asyncio.Semaphore(AT_ONCE)
    fetched_before = pictures.fetches

    async def one(group: list[Wearer]) -> list[dict[str, Any]]:
        async with gate:
            return await _enrich(container, group, stored, pictures)

    results = [r for rs in await asyncio.gather(*(one(group) for group in groups.values())) for r in rs]
    linked = await _link(container, wearers, results)
    written = len({r["silkId"] for r in results if r["result"] == "written"})
    call.log.info("silks.enriched", runners=len(wearers), silks=len(groups), written=written, linked=linked)
    return {
        "ok": True,
        "races": len(races),
        "runners": len(wearers),
        "silks": len({r["silkId"] for r in results if r["silkId"]}),
        "written": written,
        "linked": linked,
        "fetched": pictures.fetches - fetched_before,
        "results": results,
        "failures": [{"item": r["entrantId"], "error": r["error"]} for r in results if r["error"]],
    }


def pictures_of(container: Container) -> Pictures:
    """Return the process's fetcher of pictures."""
    found = container.cache.of(PICTURES) or Pictures(container.settings.silk_hosts)
    container.cache.keep(PICTURES, found)
    return found


async def _races(container: Container, call: Call) -> list[Row]:
    call.allow("raceId", "raceIds", "meetingId", "date")
    given = [name for name in ("raceId", "raceIds", "meetingId", "date") if call.params.get(name) is not None]
    if len(given) != 1:
        raise BadRequest("raceId", "one of raceId, raceIds, meetingId and date", ", ".join(given) or "none")
    name = given[0]
    if name == "date":
        day = day_of(call._replace(params={"date": call.params["date"]}))
        query = Query.equal("raceDateNz", [day.isoformat()])
    elif name == "meetingId":
        query = Query.equal("meetingId", [_id(call.params[name], name)])
    else:
        query = Query.equal("$id", _ids(call.params[name], name))
    rows = await container.store.find(RACES, [query], select=("raceId", "type"), limit=MOST_RACES)
    if not rows:
        raise BadRequest(name, "races that are stored", call.params[name])
    return rows


def _ids(value: Any, name: str) -> list[str]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not 1 <= len(value) <= 100:
        raise BadRequest(name, "1 to 100 race ids", value)
    return [_id(each, name) for each in value]


def _id(value: Any, name: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= 36:
        raise BadRequest(name, "an id of 1 to 36 characters", value)
    return value.strip()


async def _wearers(container: Container, races: Sequence[Row]) -> list[Wearer]:
    codes = {row["$id"]: row.get("type") for row in races}
    ids = list(codes)
    found: list[Row] = []
    for at in range(0, len(ids), 50):
        found += await container.store.find(
            ENTRANTS,
            [Query.equal("raceId", ids[at : at + 50])],
            select=WORN,
        )
    return [_wearer(row, codes.get(row["raceId"])) for row in found]


def _wearer(row: Row, code: str | None) -> Wearer:
    text = (row.get("silkColours") or "").strip()
    box = int(row["runnerNumber"]) if code == "G" and not text else None
    return Wearer(row, text, row.get("silkUrl128") or row.get("silkUrl64") or "", box)


async def _stored(container: Container) -> dict[str, Row]:
    rows = await container.store.find(
        SILKS,
        select=("silkId", "pictureUrl", "pictureTag", "drawingVersion", "jockeyName", "primaryColor"),
    )
    return {row["$id"]: row for row in rows}


async def _enrich(
    container: Container, group: list[Wearer], stored: Mapping[str, Row], pictures: Pictures
) -> list[dict[str, Any]]:
    """Bring one silk up to date; gives a result for each of its wearers."""
    first = group[0]
    silk = (rug(first.box) if first.box is not None else parse(first.text)) if first.text or first.box else None
    if silk is None:
        return [_result(w, "", "nothing", "no description") for w in group]
    there = stored.get(silk.silk_id)
    jockey = _jockey(group, there)
    picture = next((w.picture for w in group if w.picture), "") if container.settings.silk_pictures else ""
    if _fresh(there, picture, jockey):
        return [_result(w, silk.silk_id, "unchanged", "") for w in group]
    silk_id, trouble = silk.silk_id, ""
    tag = _known_tag(silk, there, picture)
    seen: tuple[str, ...] = ()
    if picture:
        try:
            shown = await pictures.get(picture, tag)
            tag, seen = shown.tag, shown.colours or ()
        except RaceDayError as error:
            trouble = str(error)
            if there is not None and (_fresh(there, "", jockey) or _coloured_by_picture(silk, there)):
                return [_result(w, silk_id, "unchanged", trouble) for w in group]
            picture = tag = ""
    silk = completed(silk, seen)
    try:
        await _write(container, silk_id, silk, first, jockey, picture, tag)
    except RaceDayError as error:
        return [_result(w, "", "failed", str(error)) for w in group]
    return [_result(w, silk_id, "written", trouble) for w in group]


def _known_tag(silk: Silk, there: Row | None, picture: str) -> str:
    """Return the tag under which a picture was seen, "" where it is to be read whole.

    A host that answers "as before" shows no colour, so that a silk whose words name none would lose those it had.
    """
    if there is None or silk.primary is None or there.get("pictureUrl") != picture:
        return ""
    return str(there.get("pictureTag") or "")


def _coloured_by_picture(silk: Silk, there: Row) -> bool:
    return silk.primary is None and bool(there.get("primaryColor"))


def _fresh(there: Row | None, picture: str, jockey: str | None) -> bool:
    return (
        there is not None
        and there.get("drawingVersion") == DRAWING_VERSION
        and (there.get("pictureUrl") or "") == (picture or there.get("pictureUrl") or "")
        and (there.get("jockeyName") or None) == jockey
    )


def _jockey(group: Iterable[Wearer], there: Row | None) -> str | None:
    """Return the one jockey who wears a silk, None where several do: silks belong to owners, and jockeys change."""
    names = {w.entrant.get("jockey") for w in group if w.entrant.get("jockey")}
    if there is not None:
        names.add(there.get("jockeyName"))
    return str(names.pop()) if len(names) == 1 and None not in names else None


def completed(silk: Silk, seen: Sequence[str]) -> Silk:
    """Add what a picture shows where the words name no colour; words that do are never overruled."""
    if silk.primary is not None or not seen:
        return silk
    return replace(silk, body=Cloth(tuple(seen[:2]), silk.body.layers))


def silk_row(silk: Silk, silk_id: str, description: str) -> dict[str, Any]:
    """Return a silk's own columns; colours that nobody knows are null."""
    primary, secondary = silk.primary, silk.secondary
    return {
        "silkId": silk_id,
        "primaryColor": primary,
        "secondaryColor": secondary,
        "pattern": PATTERNS[silk.body.pattern] if primary else None,
        "patternDetail": silk.body.pattern if primary else None,
        "name": primary.title() if primary else None,
        "hex": hex_of(primary) if primary else None,
        "rgb": ",".join(map(str, rgb_of(primary))) if primary else None,
        "isLight": is_light(primary) if primary else None,
        "description": description[:500],
        "unknownWords": " ".join(silk.unknown)[:255],
        "detail": json.dumps(_detail(silk)),
    }


def _detail(silk: Silk) -> dict[str, Any]:
    return {
        **{part: _cloth(getattr(silk, part)) for part in ("body", "sleeves", "cap")},
        **{part: list(getattr(silk, part)) for part in _SMALL},
        "armbands_each": silk.armbands_each,
    }


def _cloth(part: Cloth) -> dict[str, Any]:
    """Return a part as column `detail` keeps it: the cloth's own colours, then each pattern upon it."""
    layers = [
        {k: list(v) if isinstance(v, tuple) else v for k, v in layer._asdict().items() if v} for layer in part.layers
    ]
    return {"colours": list(part.colours), "ground": list(part.ground), "pattern": part.pattern, "layers": layers}


async def _write(
    container: Container, silk_id: str, silk: Silk, first: Wearer, jockey: str | None, picture: str, tag: str
) -> None:
    svg = draw(silk)
    small, large = await _put_icons(container, silk_id, silk, svg)
    row = {
        **silk_row(silk, silk_id, first.text or first.key),
        "iconUrl": small,
        "iconUrl128": large,
        "svgData": svg,
        "jockeyName": jockey,
        "pictureUrl": picture or None,
        "pictureTag": tag or None,
        "drawingVersion": DRAWING_VERSION,
        "lastUpdated": iso(container.clock.now()),
    }
    await container.store.upsert(SILKS, silk_id, row)


async def _put_icons(container: Container, silk_id: str, silk: Silk, svg: str) -> list[str]:
    """Store a silk's drawing, and its pictures of 64 and 128 pixels; returns the pictures' addresses.

    Appwrite serves an SVG as plain text, so it is the PNG that a page can show.
    """
    bucket, store = container.settings.store_bucket, container.store
    pictures = await asyncio.to_thread(draw_png, silk)
    await store.put_file(bucket, silk_id, f"{silk_id}.svg", svg.encode(), SVG)
    return [
        await store.put_file(bucket, f"{silk_id}-{size}", f"{silk_id}-{size}.png", content, PNG)
        for size, content in pictures.items()
    ]


async def _link(container: Container, wearers: Sequence[Wearer], results: Sequence[Mapping[str, Any]]) -> int:
    """Put each runner's silk on its row; gives how many were not there."""
    silk_of = {r["entrantId"]: r["silkId"] for r in results if r["silkId"]}
    rows = [
        {
            "$id": w.entrant["$id"],
            "entrantId": w.entrant["entrantId"],
            "name": w.entrant["name"],
            "runnerNumber": w.entrant["runnerNumber"],
            "silkId": silk_of[w.entrant["$id"]],
            "lastUpdated": iso(container.clock.now()),
        }
        for w in wearers
        if silk_of.get(w.entrant["$id"], w.entrant.get("silkId")) != w.entrant.get("silkId")
    ]
    if rows:
        await container.store.upsert_many(ENTRANTS, rows)
    return len(rows)


def _result(wearer: Wearer, silk_id: str, result: str, error: str) -> dict[str, Any]:
    return {"entrantId": wearer.entrant["$id"], "silkId": silk_id, "result": result, "error": error}
