"""The templates, with everything that comes from a row escaped."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from local.console import words
from local.console.source import Source
from local.testing.pace import PacedClock
from raceday.clock import Clock
from raceday.store.port import Row

HERE = Path(__file__).parent
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}\Z")
NOTICE = (
    "Data of the NZ TAB affiliates feed, for personal, non-commercial use only; it may be late or wrong and is not to "
    "be passed on."
)


class Pages:
    """Renders the views of one source."""

    def __init__(self, source: Source) -> None:
        self._source = source
        env = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        env.filters.update(
            nz=words.clock_nz, ms=words.epoch_ms, span=words.span, dollars=words.dollars, odds=words.odds,
            millis=words.millis, at=words.at, to_start=words.to_start,
        )  # fmt: skip
        env.globals.update(
            until=words.until, due=words.due, many=words.many, ordinal=words.ordinal, notice=NOTICE, slug=slug
        )
        self._env = env

    def render(self, template: str, *, fragment: bool = False, path: str = "/", **values: Any) -> str:
        """Render a whole page, or its `main` alone where a page that is open asks for news."""
        return self._env.get_template(template).render(
            layout="fragment.html" if fragment else "layout.html",
            path=path,
            now=self._source.now(),
            today=self._source.today(),
            speed=self._source.clock.speed,
            behind=behind(self._source.clock),
            generated=self._source.generated,
            place=self._source.place,
            standalone=False,
            **{"known": None, **values},
        )

    def report(self, template: str, **values: Any) -> str:
        """Render a page as a single file: its style inside, no script, nothing to fetch."""
        style = (HERE / "static" / "console.css").read_text(encoding="utf-8")
        values = {"bands": "", **values}
        return self._env.get_template(template).render(
            layout="report.html",
            path="",
            now=self._source.now(),
            today=self._source.today(),
            speed=1.0,
            behind="",
            head=None,
            generated=self._source.generated,
            standalone=True,
            known=None,
            style=style,
            **values,
        )

    @staticmethod
    def band_colours(rows: Sequence[Row]) -> str:
        """Return the style of the alert bands; a colour that is not #RRGGBB is left out."""
        return band_colours(rows)


def band_colours(rows: Sequence[Row]) -> str:
    """Return the style of the alert bands; a colour that is not #RRGGBB is left out."""
    lines = [
        f".band-{int(row['displayOrder'])} {{ background: {row['color']}; }}"
        for row in rows
        if _COLOUR.match(str(row.get("color", "")))
    ]
    return "\n".join(lines) + "\n"


def behind(clock: Clock) -> str:
    """Say that the machine does not keep up with a clock of its own pace, empty where it does."""
    return clock.behind() if isinstance(clock, PacedClock) else ""


def slug(text: Any) -> str:
    """Turn a text into what an element's id may hold."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", str(text)).strip("-").lower() or "x"


def make_pages(source: Source) -> Pages:
    """Return the pages of a source."""
    return Pages(source)
