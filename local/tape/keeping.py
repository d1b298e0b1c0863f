"""Keeping a tape of functions that run here, simulated or on the real clock."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local.tape.format import to_micros
from local.tape.writer import TapeWriter
from raceday.container import Container
from raceday.feed.client import FeedClient
from raceday.feed.taping import Answer

# What a replay starts again by itself; every other answer finds its place in the ledger.
IMPORTS = ("daily-meetings", "daily-races", "daily-entrants")


class Ear:
    """Hears one container's feed, and knows which of its activations is asking."""

    def __init__(self, keeper: "Keeper", function: str) -> None:
        self._keeper, self._function = keeper, function
        self.activation = ""

    def take(self, answer: Answer) -> None:
        """Write one answer to the tape."""
        self._keeper.writer.answer(answer, self._function, self.activation)


class Keeper:
    """Writes what every container hears, and each import with its event and how it ended."""

    def __init__(self, writer: TapeWriter) -> None:
        self.writer = writer
        self._ears: dict[int, Ear] = {}

    def turn(self, writer: TapeWriter) -> None:
        """Close the part and go on in another."""
        self.writer.close()
        self.writer = writer

    def listen(self, function: str, container: Container) -> None:
        """Hear a new container's feed."""
        if isinstance(container.feed, FeedClient):
            ear = Ear(self, function)
            self._ears[id(container.feed)] = ear
            container.feed.tape = ear.take

    def began(self, activation: str, container: Container) -> None:
        """Be told that a container serves an activation from now on."""
        if (ear := self._ears.get(id(container.feed))) is not None:
            ear.activation = activation

    def ended(
        self, function: str, activation: str, event: Mapping[str, Any], began: datetime, ended: datetime, *, whole: bool
    ) -> None:
        """Be told that an activation has ended: `whole` by itself, else by a time limit or a kill."""
        if function not in IMPORTS:
            return
        told = {"function": function, "activation": activation, "event": dict(event), "whole": whole}
        self.writer.mark("activation", {**told, "began": to_micros(began), "ended": to_micros(ended)})
