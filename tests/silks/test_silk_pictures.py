"""Silks as PNG: what a page shows is what the SVG says, drawn from our own shapes."""

import io

import pytest
from PIL import Image

from raceday.silks.colours import hex_of, rgb_of
from raceday.silks.draw import draw, draw_png
from raceday.silks.parse import parse
from raceday.silks.pictures import dominant

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
        ("Red, blue star on white disc", (64, 80), "blue"),
        ("Red, blue star on white disc", (78, 82), "white"),
    ],
)
def test_each_part_has_its_colour_where_it_is(text: str, point: tuple[int, int], colour: str) -> None:
    """A point of a part shows the colour that the words give it; of two patterns on one body both are seen."""
    assert at(text, point) == (*rgb_of(colour), 255)


def shown(text: str, *names: str) -> list[int]:
    """Return how many of the body's pixels have each of these colours."""
    with Image.open(io.BytesIO(draw_png(parse(text))[128]), formats=["PNG"]) as picture:
        body = picture.convert("RGBA").crop((40, 46, 88, 116))
    pixels = [body.getpixel((x, y)) for x in range(body.width) for y in range(body.height)]
    return [pixels.count((*rgb_of(name), 255)) for name in names]


@pytest.mark.parametrize(
    ("text", "ground", "first", "second"),
    [
        ("Blue, gold sash, red stars", "blue", "gold", "red"),
        ("Red, white hoops, black diamond", "red", "white", "black"),
        ("White, red braces, blue chevrons", "white", "red", "blue"),
        ("Green and white checks, red sash", "green", "white", "red"),
        ("Navy and red halved, white cross", "navy blue", "red", "white"),
        ("Purple, white cross sashes, gold yoke", "purple", "white", "gold"),
        ("Pink, grey diamonds, black band", "pink", "grey", "black"),
        ("Red, blue star on white disc", "red", "white", "blue"),
        ("Gold stars on royal blue sash, white body", "white", "royal blue", "gold"),
    ],
)
def test_of_two_patterns_on_one_body_both_are_drawn(text: str, ground: str, first: str, second: str) -> None:
    """The SVG has each pattern in its colour, none hides another, and the cloth is seen between them."""
    picture = draw(parse(text))
    assert parse(text).body.ground[0] == ground
    assert all(picture.count(f'"{hex_of(name)}"') for name in (ground, first, second))
    assert min(shown(text, ground, first, second)) >= 60, shown(text, ground, first, second)


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


@pytest.mark.parametrize(("blue_rows", "names"), [(1, ("red",)), (8, ("red", "blue"))])
def test_a_picture_s_specks_are_no_colour_of_its_silk(blue_rows: int, names: tuple[str, ...]) -> None:
    """What covers less than six hundredths of a picture, as seams do, is left out; the rest goes by size."""
    picture = Image.new("RGB", (64, 64), rgb_of("red"))
    picture.paste(rgb_of("blue"), (0, 0, 64, blue_rows))
    written = io.BytesIO()
    picture.save(written, "PNG")
    assert dominant(written.getvalue()) == names
