"""From words to silks, judged by descriptions written for the purpose and read by eye."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.commands.silks import descriptions, measure
from raceday.silks import colours, patterns
from raceday.silks.draw import draw
from raceday.silks.parse import parse
from raceday.silks.rugs import rug
from raceday.silks.silk import Cloth, Silk
from tests.recorded import RECORDED, needs_recorded

TABLE = [
    tuple(part.strip() for part in line.split("|"))
    for line in (Path(__file__).parent / "descriptions.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
SVG = "{http://www.w3.org/2000/svg}"
SAFE = {f"{SVG}{name}" for name in ("svg", "path", "rect", "circle", "polygon", "g", "clipPath")}


def test_the_table_is_large_enough() -> None:
    """At least 150 different descriptions are judged."""
    assert len({text for text, _, _ in TABLE}) >= 150


def test_most_descriptions_are_understood_as_a_person_reads_them() -> None:
    """At least 97 % of the table have the primary colour that the words name, and 90 % the pattern."""
    silks = [(parse(text), primary, pattern) for text, primary, pattern in TABLE]
    assert sum(s.primary == primary for s, primary, _ in silks) >= 0.97 * len(TABLE)
    assert sum(s.body.pattern == pattern for s, _, pattern in silks) >= 0.90 * len(TABLE)


@pytest.mark.parametrize(
    ("text", "sleeves", "cap"),
    [
        ("Red, white sleeves & cap", Cloth(("white",)), Cloth(("white",))),
        ("Red, white hoops, blue sleeves, quartered cap", Cloth(("blue",)), Cloth(("red", "white"), "quartered")),
        ("NAVY, GOLD STRIPED SLEEVES, GOLD CAP", Cloth(("gold", "navy blue"), "stripes"), Cloth(("gold",))),
        ("Black, white sleeves with red stars, red cap", Cloth(("white", "red"), "stars"), Cloth(("red",))),
        ("YELLOW, BLACK DIAMONDS AND SLEEVES", Cloth(("black",)), Cloth()),
    ],
)
def test_sleeves_and_cap_have_their_own_cloth(text: str, sleeves: Cloth, cap: Cloth) -> None:
    """Each part is what its own words say; a pattern without colours is in the body's."""
    silk = parse(text)
    assert (silk.sleeves, silk.cap) == (sleeves, cap)


def test_small_parts_are_kept_apart() -> None:
    """Collar, armbands and cuffs are no part of the body's colours."""
    silk = parse("White, red collar, blue armbands, green cuffs, white cap")
    assert (silk.collar, silk.armbands, silk.cuffs) == (("red",), ("blue",), ("green",))
    assert silk.body == Cloth(("white",))


def test_words_that_are_not_understood_are_kept() -> None:
    """A stable's name on a logo is kept as unknown and changes no colour."""
    silk = parse("GOLD, BLACK FROBNITZ RACING LOGO, BLACK CAP")
    assert silk.unknown == ("frobnitz", "racing")
    assert (silk.primary, silk.body.pattern) == ("gold", "emblem")


@pytest.mark.parametrize("text", ["", "   ", "???", "frobnitz", "sleeves and cap"])
def test_nothing_is_made_up(text: str) -> None:
    """Where no colour is named there is none, nor a pattern."""
    silk = parse(text)
    assert (silk.primary, silk.pattern) == (None, None)


def test_equal_silks_have_one_id_whatever_their_words() -> None:
    """Two ways to say one silk give one id, another silk another."""
    assert parse("Red, white hoops").silk_id == parse("RED,WHITE HOOPED").silk_id
    assert parse("Red, white hoops").silk_id != parse("White, red hoops").silk_id


words = st.lists(
    st.sampled_from([*colours.COLOURS, *colours.VARIANTS, *patterns.PATTERNS, *patterns.SPELLINGS,
                     "sleeves", "cap", "and", "&", ",", "with", "<script>", "'X'", "5"]),
    max_size=14,
).map(" ".join)  # fmt: skip


@given(words | st.text(max_size=200))
def test_any_words_give_a_silk_that_can_be_drawn_safely(text: str) -> None:
    """Whatever the words, the drawing is XML of shapes alone: no script, no handler, no reference to elsewhere."""
    svg = draw(parse(text))
    root = ElementTree.fromstring(svg)
    assert {element.tag for element in root.iter()} <= SAFE
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in attributes if name.lower().startswith("on") or "href" in name]
    assert "url(" not in svg.replace("url(#", "")


@given(st.sampled_from(sorted(patterns.PATTERNS)))
def test_every_pattern_has_a_drawing_of_its_own(pattern: str) -> None:
    """A silk with a pattern does not look like the plain one."""
    plain, patterned = Silk(Cloth(("red",))), Silk(Cloth(("red", "white"), pattern))
    assert pattern == "plain" or draw(patterned).count("#FFFFFF") > draw(plain).count("#FFFFFF")


def test_every_spelling_leads_to_a_known_name() -> None:
    """Variants of colours and patterns are other words for one that is there, and every colour has its figures."""
    assert set(colours.VARIANTS.values()) <= set(colours.COLOURS)
    assert set(patterns.SPELLINGS.values()) <= set(patterns.PATTERNS)
    assert len(colours.COLOURS) >= 40
    assert all(colours.nearest(colours.rgb_of(name)) == name for name in colours.COLOURS)
    assert colours.is_light("white")
    assert not colours.is_light("navy blue")


def test_greyhounds_wear_their_box() -> None:
    """Boxes one to ten have their rugs, and no other number has one."""
    assert [rug(box).primary for box in (1, 3, 4) if rug(box)] == ["red", "white", "blue"]  # type: ignore[union-attr]
    assert rug(2) == Silk(Cloth(("black", "white"), "stripes"))
    assert rug(0) is None
    assert rug(11) is None


@needs_recorded
def test_recorded_descriptions_are_covered() -> None:
    """Of the recorded gallops and harness runners 97 % have a primary colour and 90 % a pattern."""
    found = measure(descriptions(RECORDED))
    assert found["primary"] >= 0.97 * found["runners"] > 0
    assert found["pattern"] >= 0.90 * found["runners"]
