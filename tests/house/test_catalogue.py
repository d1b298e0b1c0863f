"""Facts are declared once in the catalogue, and everything else agrees with it or is made from it."""

import re

import pytest

from local.functions import ROOT, load_entrypoint
from ops.packaging.project import read_project
from raceday.catalogue.alert_kinds import ALERT_KINDS, BAND_KIND, FILTER_KINDS, AlertKind, alert_kind
from raceday.catalogue.causes import CAUSES, cause_of
from raceday.catalogue.functions import FUNCTIONS, FunctionFacts
from raceday.catalogue.products import POOL_COLUMNS, PRODUCTS
from raceday.racing.holders import SHARED
from raceday.racing.records import ODDS_TYPES
from raceday.settings import GROUPS, specs
from raceday.tables import race_pools

PROJECT = read_project(ROOT / "project.yml", ROOT / "functions")
NOT_A_POOL = {"totalRacePool", "multiLegTotal"}


@pytest.mark.parametrize("facts", FUNCTIONS, ids=lambda f: f.name)
def test_an_entrypoint_serves_what_the_catalogue_says(facts: FunctionFacts) -> None:
    """A function's folder hands its events to the use case that its facts name."""
    function = load_entrypoint(facts.name).FUNCTION
    assert function.facts is facts
    assert f"{function.handler.__module__}:{function.handler.__name__}" == facts.handler
    assert set(facts.needs) <= GROUPS
    assert not facts.url_setting or facts.url_setting in specs()


@pytest.mark.parametrize("facts", FUNCTIONS, ids=lambda f: f.name)
def test_project_yml_says_what_the_catalogue_says(facts: FunctionFacts) -> None:
    """Memory, time limit, seed size, access and legacy mark of project.yml are the function's facts."""
    spec = PROJECT.function(facts.name)
    assert (spec.limits.memory_mb, spec.limits.timeout_ms) == (facts.memory_mb, facts.timeout_secs * 1000)
    assert (spec.annotations["seed-size"], spec.legacy) == (facts.seed_size, facts.legacy)
    web = facts.kind in ("event", "http") or facts.started_by.find("HTTP") >= 0
    assert (spec.web == "raw") == web
    assert (spec.web_secure is False) == (facts.kind == "event" or not web)


def test_no_function_stands_outside_the_catalogue() -> None:
    """project.yml and the folder of entrypoints hold the catalogue's functions and no other."""
    assert set(PROJECT.names) == {f.name for f in FUNCTIONS}
    folders = {p.name for p in (ROOT / "functions").iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert folders == {f.name for f in FUNCTIONS}


def test_each_single_race_product_has_its_column_and_no_column_lacks_a_product() -> None:
    """A pool total is kept for each product of one race, in a declared column of race-pools, and for no other."""
    totals = {c.key for c in race_pools.TABLE.columns if c.key.endswith(("PoolTotal", "Pool", "LegTotal"))}
    assert set(POOL_COLUMNS.values()) == totals - NOT_A_POOL
    spellings = [s for product in PRODUCTS for s in product.spellings]
    assert len(spellings) == len(set(spellings))
    assert all(s == "".join(c for c in s.lower() if c.isalnum()) for s in spellings)


def test_every_cause_that_the_library_names_is_declared() -> None:
    """Each word that an error, a gap or an outcome carries as its cause is in the catalogue, and none there is idle."""
    library = ROOT / "shared" / "raceday"
    text = "".join(p.read_text() for p in library.rglob("*.py") if p.parent.name != "catalogue")
    named = set(re.findall(r'cause(?:: str)?\s*=\s*"([a-z_0-9]+)"', text))
    named |= set(re.findall(r'Gap\([^()]*(?:\([^()]*\))*[^()]*, "([a-z_]+)"\)', text))
    named |= set(re.findall(r'Outcome\(order, "\w+", "([a-z_]+)"', text))
    assert len(named) > 8
    assert {word for word in named if cause_of(word) is None} == set()
    # Made at run time: the feed's status, and the words that plans choose.
    idle = {cause.word for cause in CAUSES} - named - {"feed_429", "feed_5xx"}
    assert {word for word in idle if f'"{word}"' not in text} == set()


def test_each_5xx_of_the_feed_is_one_cause() -> None:
    """feed_500 and feed_503 are told by one row; a word that nobody declared is none."""
    assert cause_of("feed_503") is cause_of("feed_500") is not None
    assert cause_of("feed_5ab") is cause_of("nonsense") is None


def test_each_alert_kind_stands_in_the_catalogue_alone() -> None:
    """No other file declares an alert kind's words, and each kind that a movement can have is declared."""
    library = ROOT / "shared" / "raceday"
    texts = {p: p.read_text() for p in library.rglob("*.py") if p.name != "alert_kinds.py"}
    titles = [kind.title for kind in ALERT_KINDS if kind.title != "Odds"]
    words = [f'"{word}' for word in (*(f'{title}"' for title in titles), BAND_KIND, "money_win", "money_place")]
    assert not {(p.name, word) for p, text in texts.items() for word in words if word in text}
    money = [kind.product for kind in ALERT_KINDS if kind.product]
    odds = [kind.odds for kind in ALERT_KINDS if kind.odds]
    assert (len({*money}), len({*odds})) == (len(money), len(odds))


@pytest.mark.parametrize("kind", ALERT_KINDS, ids=lambda kind: kind.name)
def test_an_alert_kind_tells_of_what_stands_on_runners(kind: AlertKind) -> None:
    """A kind tells of the money or the odds of Win or Place, for no other pool's stand on runners; or it reminds."""
    assert bool(kind.product) + bool(kind.odds) == (kind.name != "reminder")
    assert not kind.product or kind.product in SHARED
    assert not kind.odds or f"fixed_{kind.odds}" in ODDS_TYPES


def test_a_kind_that_nobody_declared_stops_no_text() -> None:
    """An undeclared kind is told by its own name."""
    assert alert_kind("money_of_nobody").title == "money of nobody"
    assert len({kind.name for kind in ALERT_KINDS}) == len(ALERT_KINDS)
    assert len(set(FILTER_KINDS)) == len(FILTER_KINDS)
