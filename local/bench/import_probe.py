"""`python -I import_probe.py PATHS WHAT UNDER`: CPU milliseconds of an import in a fresh interpreter, as JSON.

WHAT is `libraries` or `poller`; the modules that UNDER lists, by commas, are imported before the time is taken.
What the deployed tree does not hold cannot be imported, so that a library finds only what it would find there.
"""

import importlib
import importlib.abc
import json
import sys
import time

LIBRARIES = ("httpx", "pydantic", "tenacity", "dateutil.parser", "appwrite.client", "appwrite.services.tables_db")
# A developer's machine has them, and httpx imports them for its command line where it finds them.
ABSENT = frozenset({"rich", "click", "pygments", "h2", "brotli", "zstandard", "socksio", "trio", "email_validator"})
OURS = ("raceday.runtime.function", "raceday.runtime.build", "raceday.feed.client", "raceday.polling.poller")


class NotDeployedFinder(importlib.abc.MetaPathFinder):
    """Finds nothing that is not deployed."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Refuse these names."""
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"{name} is not deployed", name=name)


def main(paths: str, what: str, under: str = "") -> None:
    """Import and tell."""
    sys.path[:0] = paths.split(":")
    sys.meta_path.insert(0, NotDeployedFinder())
    before = set(sys.modules)
    for name in under.split(","):
        if name:
            importlib.import_module(name)
    began = time.process_time()
    for name in LIBRARIES if what == "libraries" else OURS:
        importlib.import_module(name)
    spent = (time.process_time() - began) * 1000
    print(json.dumps({"ms": spent, "modules": [name for name in sys.modules if name not in before]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
