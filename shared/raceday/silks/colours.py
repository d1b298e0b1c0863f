"""The colours of racing silks: their names, how else they are written, and what they look like."""

COLOURS: dict[str, str] = {
    "white": "#FFFFFF",
    "black": "#111111",
    "red": "#D7141A",
    "dark red": "#8E1B1F",
    "maroon": "#6D1A2D",
    "claret": "#7F1734",
    "burgundy": "#800020",
    "cerise": "#DE3163",
    "pink": "#F7A1C4",
    "light pink": "#FBD0E0",
    "hot pink": "#FF3C9E",
    "orange": "#F57C00",
    "tangerine": "#F28500",
    "apricot": "#FBB982",
    "salmon": "#FA8072",
    "coral": "#FF7F50",
    "yellow": "#FFDD00",
    "light yellow": "#FFF29A",
    "canary": "#FFEF5C",
    "lemon": "#FFF44F",
    "gold": "#D4A017",
    "old gold": "#B8912B",
    "cream": "#FFF6D5",
    "beige": "#E8D9B5",
    "tan": "#C9975B",
    "fawn": "#D2B48C",
    "brown": "#6B4226",
    "chocolate": "#4A2C17",
    "bronze": "#A97142",
    "green": "#0B8A3A",
    "light green": "#8FD694",
    "dark green": "#0A4D26",
    "bottle green": "#0B3D2E",
    "emerald green": "#00A36C",
    "lime green": "#A4DE02",
    "olive": "#708238",
    "mint": "#A8E6C9",
    "jade": "#00A877",
    "teal": "#008080",
    "turquoise": "#30D5C8",
    "aqua": "#4FD9E8",
    "blue": "#1F4FC9",
    "light blue": "#8CC8F0",
    "sky blue": "#79C4F2",
    "pale blue": "#BFE3F7",
    "royal blue": "#1A3FBF",
    "dark blue": "#14256B",
    "navy blue": "#0E1B4D",
    "electric blue": "#1E6BFF",
    "powder blue": "#B0D8EA",
    "purple": "#6A1B9A",
    "violet": "#7F3FBF",
    "indigo": "#3F2A8C",
    "mauve": "#B784C6",
    "lilac": "#C8A2D8",
    "lavender": "#CDB8EA",
    "magenta": "#C2187C",
    "fuchsia": "#E0218A",
    "grey": "#8A8D91",
    "dark grey": "#4B4E52",
    "light grey": "#C9CCD0",
    "silver": "#BFC3C8",
    "rose": "#E8748A",
}

VARIANTS: dict[str, str] = {
    "navy": "navy blue",
    "royal": "royal blue",
    "sky": "sky blue",
    "lime": "lime green",
    "emerald": "emerald green",
    "bottle": "bottle green",
    "gray": "grey",
    "dark gray": "dark grey",
    "light gray": "light grey",
    "charcoal": "dark grey",
    "carrot": "orange",
    "neon carrot": "orange",
    "bright orange": "orange",
    "neon orange": "orange",
    "burnt orange": "tangerine",
    "amber": "gold",
    "canary yellow": "canary",
    "bright yellow": "yellow",
    "lemon yellow": "lemon",
    "neon yellow": "yellow",
    "dk green": "dark green",
    "dk blue": "dark blue",
    "lt blue": "light blue",
    "lt green": "light green",
    "olive green": "olive",
    "apple green": "lime green",
    "neon green": "lime green",
    "fluoro green": "lime green",
    "fluorescent green": "lime green",
    "bright green": "green",
    "forest green": "dark green",
    "racing green": "dark green",
    "hunter green": "dark green",
    "sea green": "jade",
    "mint green": "mint",
    "jade green": "jade",
    "pale green": "light green",
    "pale pink": "light pink",
    "bright pink": "hot pink",
    "fluoro pink": "hot pink",
    "neon pink": "hot pink",
    "deep pink": "hot pink",
    "pale yellow": "light yellow",
    "baby blue": "pale blue",
    "oxford blue": "dark blue",
    "cambridge blue": "pale blue",
    "french blue": "royal blue",
    "cobalt blue": "royal blue",
    "cobalt": "royal blue",
    "azure": "sky blue",
    "aqua blue": "aqua",
    "teal blue": "teal",
    "cyan": "aqua",
    "bright blue": "electric blue",
    "bright red": "red",
    "scarlet": "red",
    "crimson": "dark red",
    "ruby": "dark red",
    "cherry": "cerise",
    "wine": "claret",
    "plum": "maroon",
    "deep purple": "purple",
    "dark purple": "purple",
    "royal purple": "purple",
    "light purple": "mauve",
    "dark brown": "chocolate",
    "light brown": "tan",
    "khaki": "fawn",
    "ivory": "cream",
    "peach": "apricot",
    "turqoise": "turquoise",
    "tourquoise": "turquoise",
    "cerice": "cerise",
    "yelllow": "yellow",
    "yell": "yellow",
    "whte": "white",
    "blk": "black",
    "wht": "white",
}

LONGEST_WORDS = 2


def canonical(words: str) -> str | None:
    """Return a colour's own name from one of its spellings, None for words that are none."""
    return words if words in COLOURS else VARIANTS.get(words)


def hex_of(name: str) -> str:
    """Return a colour as `#RRGGBB`; KeyError for a name that is no colour here."""
    return COLOURS[name]


def rgb_of(name: str) -> tuple[int, int, int]:
    """Return a colour as red, green and blue from 0 to 255."""
    code = COLOURS[name]
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def is_light(name: str) -> bool:
    """Tell whether dark text reads better on a colour than light text, by its relative luminance."""
    red, green, blue = rgb_of(name)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 140


def nearest(rgb: tuple[int, int, int]) -> str:
    """Return the named colour that is nearest to a measured one."""
    return min(COLOURS, key=lambda name: sum((a - b) ** 2 for a, b in zip(rgb_of(name), rgb, strict=True)))
