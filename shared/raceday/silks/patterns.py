"""The patterns of racing silks: the exact ones, how they are written, and which of the client's each one is."""

# The exact pattern -> the client's word for its kind.
PATTERNS: dict[str, str] = {
    "plain": "solid",
    "hoops": "hoops",
    "hoop": "hoops",
    "band": "hoops",
    "stripes": "stripes",
    "stripe": "stripes",
    "diagonal stripes": "stripes",
    "panels": "stripes",
    "panel": "stripes",
    "braces": "stripes",
    "sash": "stripes",
    "chevrons": "stripes",
    "chevron": "stripes",
    "v": "stripes",
    "inverted v": "stripes",
    "zigzag": "stripes",
    "waves": "stripes",
    "lightning": "stripes",
    "sunburst": "stripes",
    "rainbow": "stripes",
    "thirds": "stripes",
    "crossed sashes": "cross",
    "cross": "cross",
    "crosses": "cross",
    "maltese cross": "cross",
    "maltese crosses": "cross",
    "southern cross": "spots",
    "diamond": "diamond",
    "diamonds": "diamond",
    "diamond band": "diamond",
    "diamond sash": "diamond",
    "diamond braces": "diamond",
    "harlequin": "diamond",
    "triangle": "diamond",
    "triangles": "diamond",
    "hourglass": "diamond",
    "checks": "checked",
    "tartan": "checked",
    "squares": "checked",
    "square": "checked",
    "halved": "halved",
    "yoke": "halved",
    "v yoke": "halved",
    "shoulders": "halved",
    "gradient": "halved",
    "quartered": "quartered",
    "spots": "spots",
    "spot": "spots",
    "circle": "spots",
    "rings": "spots",
    "ring": "spots",
    "stars": "spots",
    "star": "spots",
    "crescent": "spots",
    "crescents": "spots",
    "dice": "spots",
    "horseshoes": "spots",
    "horseshoe": "spots",
    "hearts": "spots",
    "heart": "spots",
    "seams": "seams",
    "epaulettes": "seams",
    "cadre": "seams",
    "emblem": "solid",
}

_ALSO: dict[str, str] = {
    "hoops": "hooped, bands, banded, double hoops",
    "band": "belt band, broad band",
    "stripes": "striped, strips, stripped, vertical stripes, pin stripes, pin stripe, pinstripes, pinstripe, bars, "
    "pinstriped, pin striped",
    "stripe": "vertical stripe, centre stripe, center stripe, strip, bar",
    "diagonal stripes": "diagonal striped, diagonals, diagonal, diagonal bars, diagonal hoops, bend, bends",
    "sash": "diagonal band, diagonal stripe, double sash, sashed, diagonal sash, left sash, bandolier",
    "panels": "side panels, paneled, panelled, side panel",
    "panel": "front panel, centre panel, center panel",
    "braces": "brace, suspenders",
    "crossed sashes": "cross sash, cross sashes, crossed sash, crossed braces, cross braces, cross belts, crossbelts, "
    "crossed belts, sashes, st andrews cross, st andrew cross, saint andrews cross, scottish cross, crossed bands, "
    "cross bands, diagonal cross, saltire",
    "cross": "cross of lorraine, st george cross, st georges cross, cross of st george",
    "crosses": "crosslets",
    "maltese cross": "malta cross, iron cross",
    "chevrons": "chevroned, chevronels",
    "v": "vee, vees, v neck, vs, v's, vee neck",
    "inverted v": "inverted vee, upside down v, reverse v",
    "v yoke": "vee yoke",
    "zigzag": "zig zag, zig zags, zigzags, zig zagged",
    "waves": "wave, wavy lines, wavy stripes, wavy hoops, wavy",
    "lightning": "lightning bolt, lightning bolts, lightning flash, lightening bolt, lightning bolt and flash, flash",
    "sunburst": "sun rays, sunrays, sunrise, rising sun, rays",
    "diamond": "lozenge, large diamond",
    "diamonds": "triple diamond, triple diamonds, lozenges, diamond stripe, diamond stripes",
    "harlequin": "argyle, lattice, trellis",
    "triangle": "pyramid",
    "triangles": "pyramids",
    "hourglass": "diabolo, hour glass, egg timer",
    "checks": "check, checked, chequered, checkered, chequers, checkers, chequer, checker, chequer board, "
    "checkerboard, "
    "check board, chequerboard, diced, gingham, checquered, checkered flag, chequered flag, blocks, block",
    "tartan": "plaid, royal stewart tartan, black watch tartan, tartans",
    "halved": "halves, half, halfs, half and half",
    "quartered": "quarters, quarter, quatered",
    "thirds": "third, tricolour",
    "yoke": "yolk, yokes",
    "shoulders": "shoulder, shoulder panels, shoulder panel",
    "spots": "spotted, dots, polka dots, polka dot, discs, disks, balls, raindrops, circles, birds eye, birdseye, "
    "tear drops, teardrops, bubbles, spotty",
    "spot": "disc, disk, ball, dot, roundel",
    "circle": "round circle",
    "ring": "annulet, halo",
    "rings": "annulets, olympic rings",
    "stars": "starred, starry",
    "star": "stern, six pointed star, star of david",
    "crescent": "crescent moon, half moon, moon",
    "crescents": "crescent moons, half moons, moons",
    "dice": "die, dices",
    "horseshoe": "horse shoe, shoe",
    "horseshoes": "horse shoes, shoes",
    "heart": "love heart",
    "hearts": "love hearts",
    "seams": "seam, seamed, piping, piped, trim, trims, trimmed, trimmings, trimming, outline, edging, edges, edge, "
    "sewn seams, braid, braiding, fringe, fringes",
    "epaulettes": "epaulette, epaulets, epaulet, epualettes, epauletes, epaulletes",
    "squares": "cubes, boxes",
    "square": "cube, box",
    "gradient": "fade, faded, ombre",
    "plain": "solid",
}

# What is drawn as an emblem: things that no house of patterns holds, letters, and what calls itself a sign.
_EMBLEMS_TEXT = (
    "logo logos emblem emblems motif motifs initials initial letter letters lettering writing monogram crest "
    "insignia badge sign symbol symbols picture print text word words number numbers name brand shamrock "
    "shamrocks clover clovers club clubs spade spades leaf leaves fern ferns feather feathers thistle lotus tulip "
    "sunflower daisy flower flowers lily tree trees palm apple cherry cherries pineapple grapes strawberry anchor "
    "anchors crown crowns coronet eagle eagles lion lions tiger tigers kiwi kangaroo bull bulls ram dragon "
    "dragons phoenix griffin unicorn pegasus horse horses horsehead pony jockey bird birds swan duck ducks owl "
    "hawk falcon rooster cockerel dove magpie raven crow parrot penguin butterfly bee bees wasp spider scorpion "
    "snake cobra fish dolphin shark whale dog greyhound cat panther leopard zebra bear wolf fox elephant rhino "
    "knight shield shields sword swords axe arrow arrows arrowhead arrowheads trident key keys wheel cup trophy "
    "bell bow bowtie tie tassel skull crossbones flame flames fire sun cloud snowflake snowflakes ladder bridge "
    "castle tower windmill house boat ship plane rocket car train horn harp guitar note notes clef hand hands "
    "fist eye eyes eyebrow lips face hat boot boots glove dollar pound infinity question exclamation hexagon "
    "hexagons octagon pentagon globe world map flag flags boomerang koru tiki acorn oak wheat sheaf pine cone "
    "hook ace aces card cards domino dominoes puzzle paw paws pawprint thunderbolt comet planet eyelet eyelets "
    "buckle hammer spanner gun pistol bullet target joker clown"
)
EMBLEMS = frozenset(_EMBLEMS_TEXT.split())
_EMBLEM_PHRASES = (
    "maple leaf",
    "fleur de lys",
    "fleur de lis",
    "fleurs de lys",
    "fleur de lise",
    "horse head",
    "horses head",
    "horse heads",
    "silver fern",
    "club logo",
    "dollar sign",
    "question mark",
    "musical notes",
    "race horse",
    "racing car",
    "palm tree",
    "pine tree",
    "bow tie",
    "prince of wales feathers",
    "playing cards",
    "four leaf clover",
    "yin yang",
    "union jack",
    "union jacks",
    "australian flag",
    "new zealand flag",
    "stars and bars",
)
# Words of stable and syndicate names: what they close is a name, whatever its words mean elsewhere.
_NAMES_TEXT = (
    "racing myracehorse syndications syndication syndicate syndicates godolphin bloodstock thoroughbred "
    "thoroughbreds stud studs stable stables lodge farm farms partnership partners team racehorse racehorses ltd "
    "limited pty inc standardbreds standardbred breeding pastoral investments holdings enterprises group com co "
    "au nz park coolmore yulong darley ownership crew trainers training"
)
NAMES = frozenset(_NAMES_TEXT.split())

_POINTS = ("four", "five", "six", "seven", "eight", "4", "5", "6", "7", "8")

SPELLINGS: dict[str, str] = {
    **{f"{n} pointed {star}": star for n in _POINTS for star in ("star", "stars")},
    **{name: name for name in PATTERNS},
    **{also: name for name, listed in _ALSO.items() for also in listed.split(", ")},
    **dict.fromkeys((*EMBLEMS, *_EMBLEM_PHRASES), "emblem"),
}
# A pattern that several others may stand beside on one body says less than they do.
MINOR = frozenset({"emblem", "seams", "epaulettes"})
# No sleeve and no cap has these.
OF_THE_BODY = frozenset({"yoke", "v yoke", "shoulders", "braces", "sash", "crossed sashes", "epaulettes", "cadre"})
# Lines that other patterns may be laid along, or fill.
LINES = frozenset({"band", "hoop", "hoops", "sash", "braces", "stripe", "stripes", "crossed sashes", "yoke", "v",
                   "panel", "panels", "cross", "seams", "diagonal stripes", "chevron", "chevrons"})  # fmt: skip
# Lines broad enough to bear a sign of their own: "white band with red star".
BROAD = frozenset({"band", "hoop", "yoke", "v yoke", "shoulders", "sash", "panel", "braces", "v", "stripe", "diamond",
                   "circle", "spot"})  # fmt: skip
FIGURES = {"diamond": "diamonds", "star": "stars", "spot": "spots", "heart": "hearts", "horseshoe": "horseshoes",
           "ring": "rings", "crescent": "crescents", "triangle": "triangles", "square": "squares",
           "maltese cross": "maltese crosses", "cross": "crosses", "stripe": "stripes", "hoop": "hoops",
           "chevron": "chevrons", "panel": "panels"}  # fmt: skip
LONGEST_WORDS = max(len(words.split()) for words in SPELLINGS)


def canonical(words: str) -> str | None:
    """Return a pattern's own name from one of its spellings, None for words that are none."""
    return SPELLINGS.get(words)
