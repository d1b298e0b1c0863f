"""Where a local activation came from."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Origin(NamedTuple):
    """An activation's event, and the activation that started it, empty for a trigger's."""

    event: Mapping[str, Any]
    parent: str = ""
