"""Silks as PNG: what a page shows is what the SVG says, drawn from our own shapes."""

import io

import pytest
from PIL import Image

from raceday.silks.colours import rgb_of
from raceday.silks.draw import draw, draw_png
from raceday.silks.parse import parse

# Points of the picture of 128 pixels: on the left and right of the body, a sleeve, the cap, and outside.
LEFT, RIGHT, TOP, LOW = (44, 96), (84, 96), (64, 50), (64, 108)
SLEEVE, CAP, OUTSIDE = (26, 72), (64, 20), (4, 4)


def at(text: str, point: tuple[int, int]) -> tuple[int, ...]:
    """Draw a description and return the colour of one point, with its opacity."""
    with Image.open(io.BytesIO(draw_png(parse(text))[128]), formats=["PNG"]) as picture:
        found = picture.convert("RGBA").getpixel(point)
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize(
    ("text", "point", "colour"),
    [
        ("Red, white sleeves, blue cap", LEFT, "red"),
        ("Red, white sleeves, blue cap", SLEEVE, "white"),
        ("Red, white sleeves, blue cap", CAP, "blue"),
        ("Red and white halves", LEFT, "red"),
        ("Red and white halves", RIGHT, "white"),
        ("Green, gold yoke", TOP, "gold"),
        ("Green, gold yoke", LOW, "green"),
        ("Green, gold yoke and braces", TOP, "gold"),
        ("Black, red circle", (64, 80), "red"),
        ("Green, white and orange thirds", (64, 96), "white"),
        ("Green, white and orange thirds", (86, 96), "orange"),
        ("Green, red sash", (64, 80), "red"),
        ("Green, red band", (64, 80), "red"),
        ("Green, black halves, red band", (64, 80), "red"),
        ("Green, black halves, red band", RIGHT, "black"),
    ],
)
def test_each_part_has_its_colour_where_it_is(text: str, point: tuple[int, int], colour: str) -> None:
    """A point of a part shows the colour that the words give it; of two patterns on one body both are seen."""
    assert at(text, point) == (*rgb_of(colour), 255)


def test_nothing_is_drawn_around_the_silk() -> None:
    """The picture is clear where there is no silk."""
    assert at("Red", OUTSIDE)[3] == 0


def test_equal_silks_have_equal_pictures() -> None:
    """The same silk gives the same bytes, another one others: an icon is not stored anew for nothing."""
    assert draw_png(parse("Red, white hoops")) == draw_png(parse("RED, WHITE HOOPED"))
    assert draw_png(parse("Red, white hoops")) != draw_png(parse("Red, white stripes"))


def test_two_drawings_in_one_page_keep_their_own_clips() -> None:
    """No id of one silk's drawing is another's: a page with both would clip one by the other's parts."""
    ids = [
        {part.split('"')[0] for part in draw(parse(t)).split('id="')[1:]}
        for t in ("Red, white spots", "Red, white hoops")
    ]
    assert ids[0]
    assert ids[1]
    assert not ids[0] & ids[1]
