"""A day of warm activations in one process: memory and open files stay flat."""

from datetime import date
from pathlib import Path

import pytest

from local.simulate.soak import FILES, MOST_GROWTH_BYTES, SoakSample, growth, soak


@pytest.mark.skipif(not Path(FILES).exists(), reason="open files are counted in /proc")
def test_a_day_of_warm_activations_leaves_memory_and_open_files_flat() -> None:
    """After hundreds of activations of every function no file is left open, and little is held that was not at noon."""
    samples = soak(1, 1, first=date(2026, 2, 14))
    held, files = growth(samples)
    assert samples[-1].activations > 500
    assert samples[-1].failed == 0
    assert held < MOST_GROWTH_BYTES
    assert files == 0


def test_growth_is_seen_past_the_swing_of_a_day() -> None:
    """What the end holds at the least counts against what the first half held at the most."""

    def sample(held: int, files: int) -> SoakSample:
        return SoakSample("", 1, 0, held, files)

    flat = [sample(held, 8) for held in (100, 900, 200, 950, 150, 900)]
    leak = [sample(1_000_000 * i, 8 + i) for i in range(20)]
    assert growth(flat) == (0, 0)
    assert growth(leak) == (9_000_000, 9)
