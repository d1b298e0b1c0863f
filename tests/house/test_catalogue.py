"""Facts are declared once in the catalogue, and everything else agrees with it or is made from it."""

import pytest

from local.functions import ROOT, load_entrypoint
from ops.packaging.project import read_project
from raceday.catalogue.functions import FUNCTIONS, FunctionFacts
from raceday.catalogue.products import POOL_COLUMNS, PRODUCTS
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
