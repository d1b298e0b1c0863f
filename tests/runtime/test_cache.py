"""What one process remembers."""

from raceday.container import Cache, Kept

_SEEN: Kept[set[str]] = Kept(set)
_TOLD: Kept[set[str]] = Kept(set)


def test_a_place_is_one_process_s_own() -> None:
    """What stands at a place stays there, and is not another place's nor another process's."""
    here, there = Cache(), Cache()
    here.of(_SEEN).add("r1")
    assert (here.of(_SEEN), here.of(_TOLD), there.of(_SEEN)) == ({"r1"}, set(), set())


def test_what_is_kept_replaces_what_stood_there() -> None:
    """A value that is kept stands instead of the one before, until everything is forgotten."""
    cache = Cache()
    cache.of(_SEEN).add("r1")
    cache.keep(_SEEN, {"r2"})
    assert cache.of(_SEEN) == {"r2"}
    cache.clear()
    assert cache.of(_SEEN) == set()
