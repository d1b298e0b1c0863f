"""What runs the whole suite on one machine; never deployed."""

import sys
from importlib.util import find_spec
from pathlib import Path

# `python -m local.embedded` as it stands in a checkout finds the library, too.
if find_spec("raceday") is None:
    sys.path.append(str(Path(__file__).resolve().parent.parent / "shared"))
