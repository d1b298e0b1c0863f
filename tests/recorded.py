"""Where recorded feed responses lie, for tests that are skipped without them."""

from pathlib import Path

import pytest

RECORDED = Path(__file__).resolve().parents[2] / "shared" / "nztab"

needs_recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded responses in ../shared/nztab")
