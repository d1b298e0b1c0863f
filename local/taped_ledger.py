"""The ledger rows of a tape's races, out of a store that a person names."""

from datetime import date

from local.tape.reader import Tape
from local.tape.remade import read_ledger
from local.tape.replay import Rows
from local.world import open_world


async def ledger_at(place: str, tape: Tape, day: date | None = None) -> Rows:
    """Return the rows that a tape's races, or those of one race day, have in the ledger of the store at a place."""
    world = open_world("generated", place, lambda _: None)
    try:
        return await read_ledger(world.container("money-flow-tracker").store, tape, day)
    finally:
        await world.aclose()
