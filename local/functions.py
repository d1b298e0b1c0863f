"""The twelve functions, loaded from their real entrypoints."""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from raceday.catalogue.functions import BY_NAME

if TYPE_CHECKING:
    from raceday.runtime.function import Function

ROOT = Path(__file__).resolve().parent.parent


@cache
def load_entrypoint(name: str) -> ModuleType:
    """Import `functions/<name>/__main__.py`; raises KeyError for a name that is no function."""
    if name not in BY_NAME:
        raise KeyError(name)
    spec = importlib.util.spec_from_file_location(
        f"entrypoint_{name.replace('-', '_')}", ROOT / "functions" / name / "__main__.py"
    )
    if spec is None or spec.loader is None:
        raise KeyError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def function(name: str) -> "Function":
    """Return a function's declaration."""
    found: Function = load_entrypoint(name).FUNCTION
    return found
