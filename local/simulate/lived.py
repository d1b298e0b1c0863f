"""What a tape's day makes at the slots of its schedule, in bounded memory: for an export, which asks race by race."""

from datetime import date, datetime, timedelta

from local.simulate.port_store import PortBackend
from local.simulate.taped import simulate_tape
from local.simulate.world import settings_from_env
from local.tape.reader import Tape
from local.tape.spill import SpilledStore
from local.tape.stored import DECIDING
from raceday.clock import instant
from raceday.ledger.codec import read_head

# Re-checks are made until half an hour after a race was over, and looked after for a quarter more.
_OVER, _EVERY = timedelta(minutes=45), timedelta(minutes=5)


def lived(tape: Tape, day: date | None = None) -> SpilledStore:
    """Let a tape's day pass at the slots of the schedule, of a tape of many days this one; ValueError without one."""
    backend = PortBackend()
    made: list[SpilledStore] = []

    def look(minute: datetime) -> None:
        assert backend.memory is not None
        if not made:
            made.append(SpilledStore(backend.memory))
        if minute.minute % (_EVERY // timedelta(minutes=1)) == 0:
            for race_id, row in backend.memory.newest_polls().items():
                if read_head(row).status.over and minute - instant(row["fetchedAt"]) > _OVER:
                    made[0].take(race_id)

    settings = settings_from_env(*DECIDING)
    simulate_tape(tape, None, settings=settings, into=backend, users=False, on_minute=look, day=day)
    return made[0]
