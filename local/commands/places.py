"""The stores that commands read whole: a file of the embedded store, or the environment's Appwrite."""

from pathlib import Path

from local.tape.replay import Rows
from local.tape.stored import read_rows
from local.world import open_world


async def read_place(place: str) -> Rows:
    """Return every table of an embedded store's file, or of the environment's Appwrite for `env`.

    Raises FileNotFoundError where there is no such file.
    """
    if place != "env" and not Path(place).exists():  # noqa: ASYNC240
        raise FileNotFoundError(f"there is no store at {place}")
    world = open_world("generated", place, lambda _: None)
    try:
        return await read_rows(world.container("money-flow-tracker").store)
    finally:
        await world.aclose()
