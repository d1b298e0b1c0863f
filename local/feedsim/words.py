"""Names for tracks, races, horses and people, put together from word lists of this project's own."""

from __future__ import annotations

from random import Random

_TRACKS = {
    "NZ": (
        "Tuiroa",
        "Kahumoana",
        "Marlow Flat",
        "Wairangi",
        "Te Hapuna",
        "Glenorrin",
        "Otamatea Park",
        "Pukerewa",
        "Harrowdale",
        "Rimutaka Downs",
        "Matuku",
        "Stonebridge",
    ),
    "AUS": (
        "Yarralinga",
        "Corella Park",
        "Mount Ferris",
        "Binnaway Creek",
        "Port Ellery",
        "Quandong",
        "Wattle Plains",
        "Kurrabee",
        "Gilgandra Vale",
        "Lake Sorrel",
        "Dunmarra",
        "Bulloo Heights",
        "Ironbark",
        "Cobbora",
        "Tallowood",
        "Merriwee",
        "Nundle Flats",
        "Carrathool",
        "Warrego",
        "Eumundi Straight",
    ),
    "UK": ("Wexmoor", "Larkhill Down", "Saltby", "Northcombe"),
    "HK": ("Lantern Bay", "Tai Shan Road"),
    "FR": ("Clairmont-sur-Eure", "Vaudreuil", "Saint-Aubin"),
    "USA": ("Cedar Bluff", "Red Mesa", "Lake Tahoma", "Pine Run"),
    "IRE": ("Ballinvarra", "Kilcorran"),
    "JPN": ("Shirakawa", "Minamino"),
    "SGP": ("Bukit Permai",),
}
_FIRST = (
    "Silver",
    "Golden",
    "Crimson",
    "Velvet",
    "Northern",
    "Hidden",
    "Lucky",
    "Midnight",
    "Southern",
    "Royal",
    "Wild",
    "Quiet",
    "Broken",
    "Electric",
    "Paper",
    "Copper",
    "Frozen",
    "Amber",
    "Rapid",
    "Distant",
    "Gentle",
    "Iron",
    "Scarlet",
    "Salty",
    "Whistling",
    "Sunday",
    "Harbour",
    "Lunar",
    "Rowdy",
    "Noble",
)
_SECOND = (
    "Lantern",
    "Compass",
    "Harvest",
    "Anchor",
    "Falcon",
    "Meadow",
    "Thunder",
    "Ledger",
    "Promise",
    "Voyage",
    "Biscuit",
    "Sonata",
    "Cannon",
    "Orchard",
    "Ferry",
    "Pepper",
    "Saddle",
    "Comet",
    "Ballad",
    "Timber",
    "Magnet",
    "Parade",
    "Kestrel",
    "Banjo",
    "Quarry",
    "Riddle",
    "Bonnet",
    "Marble",
    "Lagoon",
    "Gambit",
)
_SUFFIX = ("", "", "", "", " Nz", " Lad", " Lass", " Again", " Too", "'s Pride")
_GIVEN = (
    "Ana",
    "Ben",
    "Carla",
    "Dylan",
    "Erin",
    "Finn",
    "Grace",
    "Hemi",
    "Isla",
    "Jonah",
    "Kiri",
    "Leo",
    "Mere",
    "Noah",
    "Orla",
    "Pita",
    "Quinn",
    "Rosa",
    "Sione",
    "Tessa",
    "Una",
    "Viliami",
    "Wren",
    "Yusuf",
    "Zara",
)
_FAMILY = (
    "Aldous",
    "Brannigan",
    "Cutforth",
    "Dewhirst",
    "Eketahi",
    "Farrowby",
    "Gallimore",
    "Hohepata",
    "Ingleby",
    "Jorgens",
    "Kereama-Holt",
    "Lathbury",
    "Marwood",
    "Ngataki",
    "O'Shaye",
    "Pennock",
    "Quilter",
    "Rangiwai",
    "Satterfield",
    "Tamatea",
    "Underhay",
    "Vossler",
    "Whitlock",
    "Yarrow",
)
_SPONSORS = (
    "HARBOURSIDE PLUMBING",
    "Kauri Coast Feeds",
    "BLUE DOOR BAKERY",
    "Ridgeline Fencing",
    "Parry & Sons Hay",
    "TUSSOCK BREWING CO",
    "Lakeview Motors",
    "Old Mill Nursery",
    "SOUTHERN LIGHT ELECTRICAL",
    "Corner Dairy",
    "Weka Freight",
    "THE LONG PADDOCK HOTEL",
    "Farrier's Friend",
    "Plains Veterinary Centre",
)
_RACES = {
    "T": ("HANDICAP", "Maiden Plate", "Bm66 Hcp", "RATING 65", "3Yo Fillies", "CUP (L)", "Class 1 Plate", "Stakes"),
    "H": ("MOBILE PACE", "Handicap Trot", "PACE FINAL", "Mobile Trot Heat 2", "STANDING START PACE"),
    "G": ("SPRINT PBD", "Maiden Heat 1", "STAKES FEATURE", "Grade 5", "Free For All"),
}
_COLOURS = (
    "RED",
    "NAVY BLUE",
    "EMERALD GREEN",
    "WHITE",
    "ORANGE",
    "YELLOW",
    "PINK",
    "PURPLE",
    "BLACK",
    "MAROON",
    "TURQUOISE",
    "LIME",
    "CERISE",
    "GOLD",
    "SILVER",
    "ROYAL BLUE",
)
_PATTERNS = (
    "{a} AND {b} STRIPES",
    "{a}, {b} HOOPS",
    "{a}, {b} DIAMONDS",
    "{a}, {b} SASH",
    "{a}, {b} STARS",
    "{a} AND {b} QUARTERS",
    "{a}, {b} BRACES",
    "{a}, {b} SPOTS",
    "{a}",
    "{a}, {b} CHEVRONS",
)
_GEAR = ("Blinkers", "Tongue Tie", "Nose Band", "Lugging Bit", "Pacifiers", "Cross Over Nose Band", "Ear Muffs")
_TOWNS = ("Kaweka", "Ruahine", "Coldwater", "Tarn Hill", "Bellbird", "Fernleigh", "Orford", "Swanbourne")
_TIPSTERS = ("Mira Castell", "Rail Bird", "The Clocker")


def track_name(chance: Random, country: str, index: int, category: str) -> str:
    """A track of a country; New Zealand dogs carry the code in brackets, repeats a second word."""
    names = _TRACKS[country]
    base = names[(index + chance.randrange(2) * len(names) // 2) % len(names)]
    turn = index // len(names)
    return (
        base
        + (f" {('North', 'South', 'East', 'West', 'Old', 'New')[turn % 6]}" if turn else "")
        + (" (G)" if category == "G" and country == "NZ" else "")
    )


def race_name(chance: Random, category: str, distance: int) -> str:
    """A sponsor and a kind of race, in the mixed case that the feed shows."""
    tail = f" {distance}" if chance.random() < 0.2 else ""
    return f"{chance.choice(_SPONSORS)} {chance.choice(_RACES[category])}{tail}"


def horse_name(chance: Random) -> str:
    """The name of a horse or dog."""
    return f"{chance.choice(_FIRST)} {chance.choice(_SECOND)}{chance.choice(_SUFFIX)}"


def person(chance: Random) -> str:
    """A jockey, driver, trainer or owner."""
    return f"{chance.choice(_GIVEN)} {chance.choice(_FAMILY)}"


def owners(chance: Random) -> str:
    """One to three owners in one text."""
    return ", ".join(
        f"{chance.choice('ABCDEFGHJKLMNPRSTW')} {chance.choice('ABCDEGJKLMPRST')} {chance.choice(_FAMILY)}"
        for _ in range(chance.randint(1, 3))
    )


def silk(chance: Random) -> str:
    """A description of racing colours: body, sleeves and cap, mostly in upper case."""
    body, other, cap = chance.sample(_COLOURS, 3)
    text = f"{chance.choice(_PATTERNS).format(a=body, b=other)}, {other} SLEEVES, {cap} CAP"
    return text if chance.random() < 0.85 else text.capitalize()


def gear(chance: Random) -> str:
    """Gear as the feed writes it: changes first, then the full list in brackets; often empty."""
    if chance.random() < 0.4:
        return ""
    worn = chance.sample(_GEAR, chance.randint(1, 3))
    lead = f"{worn[0]} {chance.choice(('ON', 'OFF', 'OFF AGAIN'))} " if chance.random() < 0.3 else ""
    return f"{lead}[{', '.join(worn)}]"


def town(chance: Random) -> str:
    """Where a trainer works."""
    return chance.choice(_TOWNS)


def tipster(chance: Random) -> str:
    """Who made a pick."""
    return chance.choice(_TIPSTERS)


def sentence(chance: Random, name: str, number: int) -> str:
    """One sentence of a race comment about one runner."""
    return chance.choice(
        (
            f"{name.upper()} ({number}) found the line well last time and looks ready for this.",
            f"{name.upper()} ({number}) draws wide but has the speed to offset it.",
            f"{name.upper()} ({number}) resumes after a spell, and the trials have been fair.",
            f"{name.upper()} ({number}) needs a wetter track than this, though the class suits.",
        )
    )
