"""`./raceday silks sheet` and `./raceday silks coverage`."""

import asyncio
import base64
import html
import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local import stores
from local.options import MADE_HERE, Options, check_page, write_json
from local.world import is_date, open_world
from raceday.errors import RaceDayError
from raceday.silks.draw import draw, draw_png
from raceday.silks.parse import parse
from raceday.silks.rugs import rug
from raceday.silks.silk import Silk
from raceday.tables import SILKS

PAGE = (
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8">"""
    + MADE_HERE
    + """<title>Silks</title><meta http-equiv="Content-Security-Policy"
content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<style>
body{font:14px/1.35 system-ui,sans-serif;margin:1.5rem;background:#fff;color:#222}
ul{display:grid;grid-template-columns:repeat(auto-fill,minmax(19rem,1fr));gap:.75rem;list-style:none;padding:0}
li{display:flex;gap:.75rem;align-items:center;border:1px solid #ddd;border-radius:.5rem;padding:.6rem}
li>svg,li .small{flex:none}small{color:#555}
</style></head><body><h1>%(count)s silks</h1><ul>
%(items)s
</ul></body></html>
"""
)


def descriptions(source: Path) -> list[str]:
    """Return a source's descriptions, one for each gallops or harness runner; raises ValueError with the cause."""
    if source.is_dir():
        files = sorted((source / "events" if (source / "events").is_dir() else source).glob("*.json"))
        if not files:
            raise ValueError(f"{source}: expected recorded events (*.json)")
        return [text for file in files for text in _of_event(file)]
    if not source.is_file():
        raise ValueError(f"{source}: no such file or folder")
    return [line.strip() for line in source.read_text().splitlines() if line.strip()]


def _of_event(file: Path) -> Iterable[str]:
    try:
        data = json.loads(file.read_bytes())["data"]
        runners = data["runners"] if data["race"]["type"] != "G" else []
        return [(r.get("silk_colours") or "").strip() for r in runners]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file}: no recorded event ({type(error).__name__})") from None


def measure(texts: Iterable[str]) -> dict[str, Any]:
    """Count runners, what of their silks was understood, and the words that were not.

    `whole` are those of which every word was read, or is the name on an emblem that is drawn.
    """
    found = [parse(text) for text in texts]
    unknown = Counter(word for silk in found for word in silk.unknown)
    return {
        "runners": len(found),
        "primary": sum(silk.primary is not None for silk in found),
        "pattern": sum(silk.pattern is not None for silk in found),
        "whole": sum(silk.primary is not None and (silk.emblem or not silk.unknown) for silk in found),
        "emblem": sum(silk.emblem for silk in found),
        "unknown": dict(unknown.most_common()),
    }


def run_coverage(args: Options) -> int:
    """Print what is understood."""
    try:
        found = measure(descriptions(args.source))
    except ValueError as error:
        print(f"raceday silks: {error}", file=sys.stderr)
        return 2
    total = max(1, found["runners"])
    print(f"runners  {found['runners']}")
    for key in ("primary", "pattern", "whole", "emblem"):
        print(f"{key:<8} {found[key]}  {found[key] / total:.1%}")
    words = found["unknown"]
    print(f"unknown  {sum(words.values())} words, {len(words)} different: {' '.join(list(words)[:20])}")
    if args.json:
        write_json(args.json, found, indent=2)
    return 0


def run_sheet(args: Options) -> int:
    """Draw the page."""
    try:
        check_page(args.page)
        items = _described(args.source) if args.source else asyncio.run(_of_store(args))
    except (ValueError, RaceDayError) as error:
        print(f"raceday silks: {error}", file=sys.stderr)
        return 2
    args.page.write_text(PAGE % {"count": len(items), "items": "\n".join(items)})
    print(f"{len(items)} silks drawn in {args.page}")
    return 0


def _described(source: Path) -> list[str]:
    return [_item(parse(text), text) for text in sorted(set(descriptions(source))) if text] + [
        _item(silk, f"box {box}") for box in range(1, 11) if (silk := rug(box)) is not None
    ]


def _item(silk: Silk, text: str) -> str:
    small = f'<img width="32" height="32" alt="" src="data:image/png;base64,{_base64(draw_png(silk)[64])}">'
    seen = " + ".join(layer.pattern for layer in silk.body.layers) or "plain"
    read = f"{silk.primary or 'no colour'}, {seen}"
    missed = f" (not understood: {' '.join(silk.unknown)})" if silk.unknown else ""
    words = f"<span>{html.escape(text)}<br><small>{html.escape(read + missed)}</small></span>"
    return f'<li>{draw(silk)}<span class="small">{small}</span>{words}</li>'


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


async def _of_store(args: Options) -> list[str]:
    if args.date and not is_date(args.date):
        raise ValueError(f"--date: expected a date as YYYY-MM-DD, got {args.date!r}")
    place = stores.present(args.store)
    stores.tell(place)
    world = open_world("generated", place, lambda _: None)
    try:
        if args.date:
            result = await world.invoke("jockey-silks-enricher", {"date": args.date}, timeout_secs=300)
            if "error" in result:
                raise ValueError(result["error"]["message"])
        rows = await world.container("jockey-silks-enricher").store.find(SILKS)
    finally:
        await world.aclose()
    return [
        f"<li>{row['svgData']}<span>{html.escape(row['description'] or '')}<br>"
        f"<small>{html.escape(str(row['primaryColor']))}, {html.escape(str(row['patternDetail']))}</small></span></li>"
        for row in sorted(rows, key=lambda r: str(r["description"]))
    ]
