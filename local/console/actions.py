"""What the console may do beside reading: the scheduler's switches, and a failed activation once more."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.console.activity import Activity, Invocation
from local.switches import SWITCHED, switch_all
from local.world import LocalWorld
from raceday.clock import Clock
from raceday.errors import BadRequest
from raceday.ids import SystemRandomSource
from raceday.store.port import Store


@dataclass(slots=True)
class Actions:
    """Acts on one store and tells each act in `log`; without `world` nothing can be started again.

    `token` stands in every form that acts: a page elsewhere cannot read it.
    """

    store: Store
    clock: Clock
    log: Callable[[str], None]
    world: LocalWorld | None = None
    token: str = field(default_factory=lambda: SystemRandomSource().token())

    async def switch(self, name: str, state: str) -> None:
        """Pause or resume one function, or all, those paused by name too; raises BadRequest for what is no switch."""
        check_switch(name, state)
        for each in await switch_all(self.store, self.clock, name, paused=state == "paused"):
            self._tell("console.switched", switched=each, state=state)

    async def replay(self, activity: Activity, activation: str) -> str:
        """Start a kept activation once more on this machine's store, and give the new one's id.

        Raises BadRequest where it is not kept, or where nothing runs here.
        """
        former = activity.one(activation)
        if former is None or not former.event:
            raise BadRequest("activation", "one whose event is kept", activation)
        if not can_replay(self, former) or self.world is None:
            raise BadRequest("activation", "`./raceday up` on a local store, to start one once more", activation)
        new = SystemRandomSource().token()
        self._tell("console.replayed", replayed=activation, of=former.function, activation=new)
        await self.world.invoke(former.function, json.loads(former.event), activation=new)
        return new

    def _tell(self, event: str, **fields: Any) -> None:
        self.log(json.dumps({"level": "warning", "event": event, "function": "console", **fields}))


def can_replay(actions: "Actions | None", run: Invocation) -> bool:
    """Tell whether an activation can be started once more here: never against a real Appwrite."""
    return actions is not None and actions.world is not None and actions.world.embedded is not None and bool(run.event)


def check_switch(name: str, state: str) -> None:
    """Raise BadRequest for a switch that is none."""
    if name not in SWITCHED:
        raise BadRequest("function", f"one of {', '.join(SWITCHED)}", name)
    if state not in ("paused", "running"):
        raise BadRequest("to", "paused or running", state)
