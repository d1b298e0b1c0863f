"""From words to silks, judged by descriptions written for the purpose and read by eye."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.work.silks import descriptions, measure
from raceday.silks import colours, patterns
from raceday.silks.draw import draw
from raceday.silks.parse import parse
from raceday.silks.rugs import rug
from raceday.silks.silk import Cloth, Layer, Silk, cloth
from tests.recorded import RECORDED, needs_recorded

TABLE = [
    tuple(part.strip() for part in line.split("|"))
    for line in (Path(__file__).parent / "descriptions.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
ON_A_BAND = Cloth(("white",), (Layer("band", ("blue",)), Layer("star", ("red",), on="band")))
SVG = "{http://www.w3.org/2000/svg}"
SAFE = {f"{SVG}{name}" for name in ("svg", "circle", "polygon", "polyline", "g", "clipPath")}


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
        ("Red, white sleeves & cap", cloth("white"), cloth("white")),
        ("Red, white hoops, blue sleeves, quartered cap", cloth("blue"), cloth("red", quartered="white")),
        ("NAVY, GOLD STRIPED SLEEVES, GOLD CAP", cloth("navy blue", stripes="gold"), cloth("gold")),
        ("Black, white sleeves with red stars, red cap", cloth("white", stars="red"), cloth("red")),
        ("YELLOW, BLACK DIAMONDS AND SLEEVES", cloth("black"), Cloth()),
        ("Red, white spots, striped sleeves and cap", cloth("red", stripes="white"), cloth("red", stripes="white")),
        ("Red, green & gold hooped sleeves & cap", cloth("green", hoops="gold"), cloth("green", hoops="gold")),
        ("Blue, gold sash, gold sleeves and white cap", cloth("gold"), cloth("white")),
        ("WHITE, GREEN STARS ON SLEEVES, GREEN CAP", cloth("white", stars="green"), cloth("green")),
        ("WHITE, GREEN STARS ON PINK SLEEVES", cloth("pink", stars="green"), Cloth()),
        ("Orange, lilac star cap", Cloth(), cloth("orange", star="lilac")),
        ("Orange, black sleeves, red spots sleeves", cloth("black", spots="red"), Cloth()),
        ("Brown, white with gold diamonds sleeves and cap", *[cloth("white", diamonds="gold")] * 2),
        ("TEAL LEMON SLEEVES AND CAP", cloth("lemon"), cloth("lemon")),
        ("RED WHITE HOOPS GREEN SLEEVES BLACK CAP", cloth("green"), cloth("black")),
        ("Cream, silver &AMP; blue sleeves, silver cap", cloth("silver", "blue"), cloth("silver")),
    ],
)
def test_sleeves_and_cap_have_their_own_cloth(text: str, sleeves: Cloth, cap: Cloth) -> None:
    """Each part is what its own words say; a pattern without colours is in the body's."""
    silk = parse(text)
    assert (silk.sleeves, silk.cap) == (sleeves, cap)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("Black & red halves, white braces", cloth("black", halved="red", braces="white")),
        ("Green, gold yoke and braces, gold stars", cloth("green", yoke="gold", braces="gold", stars="gold")),
        ("RAINBOW CHECKS", cloth("red", checks=("orange", "yellow", "green", "blue", "purple"))),
        ("Navy, white tartan", cloth("navy blue", tartan="white")),
        ("Pink, grey Maltese crosses (b&f)", cloth("pink", maltese_crosses="grey")),
        ("Red, white circle", cloth("red", circle="white")),
        ("Red, white crescent", cloth("red", crescent="white")),
        ("Red, white dice", cloth("red", dice="white")),
        ("Green, white and orange thirds", cloth("green", thirds=("white", "orange"))),
        ("White, three red hoops", Cloth(("white",), (Layer("hoops", ("red",), 3),))),
        ("Black, gold diamond sash", cloth("black", diamond_sash="gold")),
        ("Black, gold checked sash", Cloth(("black",), (Layer("sash", ("gold",), texture="checks"),))),
        ("Black & gold diagonal halves", Cloth(("black",), (Layer("halved", ("gold",), way="diagonal"),))),
        ("Gold, green inverted chevrons", Cloth(("gold",), (Layer("chevrons", ("green",), way="inverted"),))),
        ("Striped red and white", cloth("red", stripes="white")),
        ("Red spots on white", cloth("white", spots="red")),
        ("White, red star on blue band", ON_A_BAND),
        ("White, blue band with red star", ON_A_BAND),
        ("White, red, blue & black bands", cloth("white", hoops=("red", "blue", "black"))),
        ("Turqouise, gold stirpes", cloth("turquoise", stripes="gold")),
        ("Grey and pink (halved)", cloth("grey", halved="pink")),
        ("Red, gold eight pointed star", cloth("red", star="gold")),
        ("White, red inverted triangle", Cloth(("white",), (Layer("triangle", ("red",), way="inverted"),))),
        ("Gold, purple stipes", cloth("gold", stripes="purple")),
    ],
)  # fmt: skip
def test_patterns_lie_on_a_body_as_layers(text: str, body: Cloth) -> None:
    """Every pattern that is named lies on the cloth, in its own colours, as many as are told and where they are."""
    assert parse(text).body == body


@pytest.mark.parametrize(
    ("text", "colours_of_the_emblem"),
    [
        ("Gold, black Frobnitz Racing logo", ("black",)),
        ("Gold, black gatecrasher", ("black",)),
        ("Gold, 'XY' logo", ()),
        ("Gold, MyRacehorse", ()),
        ("Blue, Godolphin", ()),
        ("Gold, red diamond star syndications", ("red",)),
        ("Gold, red & white leaping tiger racing logo", ("red", "white")),
        ("Gold, white V B", ("white",)),
        ("Gold, hot pink shamrock", ("hot pink",)),
    ],
)
def test_names_and_signs_are_emblems(text: str, colours_of_the_emblem: tuple[str, ...]) -> None:
    """A stable's name is one emblem, in the colours before it, whatever its words mean elsewhere."""
    silk = parse(text)
    assert silk.body.layers == (Layer("emblem", colours_of_the_emblem),)
    assert (silk.sleeves, silk.cap) == (Cloth(), Cloth())


@pytest.mark.parametrize("text", ["Gold, frobnitz, red cap", "Gold, sparkly red cap", "Gold, red cap frobnitz"])
def test_what_is_not_understood_is_not_drawn(text: str) -> None:
    """Words that nobody knows, and that no colour precedes, add no pattern: a plain gold body, a plain red cap."""
    silk = parse(text)
    assert (silk.body, silk.cap) == (cloth("gold"), cloth("red"))
    assert silk.unknown


def test_small_parts_are_kept_apart() -> None:
    """Collar, armbands, cuffs, waistband, peak and pompom are no part of the body's colours."""
    silk = parse("White, red collar, blue double armbands, green cuffs, black belt, white cap, pink peak & pom pom")
    assert (silk.collar, silk.armbands, silk.cuffs) == (("red",), ("blue",), ("green",))
    assert (silk.waistband, silk.peak, silk.pompom, silk.armbands_each) == (("black",), ("pink",), ("pink",), 2)
    assert (silk.body, silk.cap) == (cloth("white"), cloth("white"))


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


@pytest.mark.parametrize("pattern", sorted(set(patterns.PATTERNS) - {"plain"}))
def test_every_pattern_has_a_drawing_of_its_own(pattern: str) -> None:
    """A silk with a pattern does not look like the plain one."""
    plain, patterned = Silk(cloth("red")), Silk(Cloth(("red",), (Layer(pattern, ("white",)),)))
    assert draw(patterned).count("#FFFFFF") > draw(plain).count("#FFFFFF")


def test_every_spelling_leads_to_a_known_name() -> None:
    """Variants of colours and patterns are other words for one that is there, and every colour has its figures."""
    assert set(colours.VARIANTS.values()) <= {*colours.COLOURS, "rainbow"}
    assert set(patterns.SPELLINGS.values()) <= set(patterns.PATTERNS)
    assert len(colours.COLOURS) >= 40
    assert all(colours.nearest(colours.rgb_of(name)) == name for name in colours.COLOURS)
    assert colours.is_light("white")
    assert not colours.is_light("navy blue")


def test_greyhounds_wear_their_box() -> None:
    """Boxes one to ten have their rugs, and no other number has one."""
    assert [rug(box).primary for box in (1, 3, 4) if rug(box)] == ["red", "white", "blue"]  # type: ignore[union-attr]
    assert rug(2) == Silk(cloth("black", stripes="white"))
    assert rug(0) is None
    assert rug(11) is None


@needs_recorded
def test_recorded_descriptions_are_covered() -> None:
    """Of the recorded gallops and harness runners 97 % have a primary colour and 90 % a pattern."""
    found = measure(descriptions(RECORDED))
    assert found["primary"] >= 0.97 * found["runners"] > 0
    assert found["pattern"] >= 0.90 * found["runners"]
