"""What one simulated day is made of."""

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from local.choices import SIMULATED_DAY
from local.feedsim import DayOptions
from local.simulate.world import SETTINGS
from raceday.settings import Settings


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One simulated day: what is generated, how deep it runs, where its rows and answers are kept, its races.

    `paused` is when an operator keeps the pollers from being started. With `steady_users`, as on a taped day, nobody
    changes what he wants to be told of. The minutes after the last race is closed are simulated of a `whole` day only:
    nothing is polled then, but the scheduler and its watchdog cost what they cost in any minute.
    """

    seed: int = 1
    races: int = 24
    day: date = SIMULATED_DAY
    depth: str = "full"
    store: str | Path = ":memory:"
    tape: Path | None = None
    options: DayOptions = field(default_factory=DayOptions)
    settings: Settings = SETTINGS
    only: tuple[str, ...] = ()
    paused: tuple[datetime, datetime] | None = None
    network: str = "calm"
    store_profile: str = "fast"
    sizes: str = "seed"
    steady_users: bool = False
    whole: bool = False

    def options_asked(self) -> dict[str, str]:
        """Return what differs from a plain day, by the command's options."""
        asked = {
            "network": (self.network, "calm"),
            "store-profile": (self.store_profile, "fast"),
            "sizes": (self.sizes, "seed"),
        }
        told = {"paused": "..".join(f"{at:%Y-%m-%dT%H:%M}" for at in self.paused)} if self.paused else {}
        if self.whole:
            told["whole"] = ""
        return told | {name: value for name, (value, plain) in asked.items() if value != plain}
