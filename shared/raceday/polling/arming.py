"""What a poll from T-5 on has at hand at its slot: the race's newest row, and a transaction that stands open."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from raceday.container import Container, Kept, forget_oldest
from raceday.errors import StoreError
from raceday.ledger import log as ledger
from raceday.patience import within
from raceday.polling.outcome import Order
from raceday.racing.records import LedgerRow
from raceday.racing.schedule import T5_SECS
from raceday.store.port import Store

# Shortly before the slot, so that what others write meanwhile is little, and two calls have time.
ARM_SECS = 1.0
# A transaction ends by itself after 60 s; one that is nearly over is not relied on.
_USABLE_SECS = 45.0
_CLOSE_SECS = 1.0
# By race: whether its last poll changed more than the ledger.
_CHANGED: Kept[dict[str, bool]] = Kept(dict)
_KEPT_RACES = 200


class Armed:
    """The newest row as it stood shortly before the slot, None where it was not read, and a transaction for one commit.

    `read_ms` is what the reading took.
    """

    def __init__(self, container: Container) -> None:
        self._clock, self._store = container.clock, container.store
        self._opening: asyncio.Task[str] | None = None
        self._opened = 0.0
        self.row: LedgerRow | None = None
        self.read_ms = 0

    async def read(self, race_id: str) -> None:
        """Read the race's newest row."""
        began = self._clock.monotonic()
        with suppress(StoreError):
            self.row = await ledger.newest(self._store, race_id)
        self.read_ms = round((self._clock.monotonic() - began) * 1000)

    def open(self) -> None:
        """Begin to open a transaction."""
        self._opened = self._clock.monotonic()
        self._opening = asyncio.ensure_future(_begun(self._store))

    def spend(self) -> str:
        """Return the transaction, once; empty where none stands open yet, or it may soon be over."""
        if self._opening is None or not self._opening.done() or self._clock.monotonic() > self._opened + _USABLE_SECS:
            return ""
        begun, self._opening = self._opening.result(), None
        return begun

    async def close(self) -> None:
        """End a transaction that was not spent; one that cannot be ended ends by itself."""
        if self._opening is None:
            return
        opening, self._opening = self._opening, None
        with within(self._clock, _CLOSE_SECS), suppress(StoreError):
            if begun := await opening:
                await self._store.drop(begun)


async def _begun(store: Store) -> str:
    try:
        return await store.begin()
    except StoreError:
        return ""


async def arm(container: Container, order: Order) -> Armed:
    """Wait for an order's slot, and from T-5 on have at hand what its poll needs of the store."""
    armed = Armed(container)
    if _is_critical(order):
        await _sleep_until(container, order, ARM_SECS)
        secs = _left_secs(container, order)
        if secs > 0:
            with within(container.clock, secs), suppress(TimeoutError):
                async with asyncio.timeout(secs):
                    await armed.read(order.race_id)
            if armed.row and not armed.row.status.over and _changes(container, order.race_id):
                with within(container.clock, secs):
                    armed.open()
    await _sleep_until(container, order)
    return armed


def _is_critical(order: Order) -> bool:
    return order.kind == "slot" and order.start is not None and order.slot >= order.start - timedelta(seconds=T5_SECS)


def _left_secs(container: Container, order: Order) -> float:
    return (order.slot - container.clock.now()).total_seconds()


async def _sleep_until(container: Container, order: Order, before_secs: float = 0.0) -> None:
    secs = _left_secs(container, order) - before_secs
    if secs > 0:
        await container.clock.sleep(secs)


def _changes(container: Container, race_id: str) -> bool:
    """Tell whether the last poll of a race changed more than the ledger, as far as this process knows."""
    return container.cache.of(_CHANGED).get(race_id, True)


def remember_changed(container: Container, race_id: str, *, changed: bool) -> None:
    """Keep whether a poll of a race changed more than the ledger: the next will likely do the same."""
    known = container.cache.of(_CHANGED)
    known.pop(race_id, None)
    known[race_id] = changed
    forget_oldest(known, _KEPT_RACES)
