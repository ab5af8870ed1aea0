"""A lane for each other side: what waits for a push service or gateway that hangs waits there, and nowhere else.

Each lane has threads of its own. How much it may hold is bounded; while it is full, nothing more is taken out of the
outbox for it, so that rows for others are taken in its place. Used by one thread, but for the sends themselves.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from server.alerts import hosts
from server.store.deliveries import PUSH, Claimed, Full

ROUNDS = 2  # as many again lie ready for the thread of a lane that is free next
NOWHERE = "none"


def lane_of(row: Claimed) -> tuple[str, str]:
    """(push | channel, which service or channel of the town): what hangs together."""
    if row.channel == PUSH:
        return PUSH, hosts.service_of(row.endpoint) if row.endpoint else NOWHERE
    return "channel", row.channel_row or row.channel


class Lanes:
    """`threads`: for each lane."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pools: dict[tuple[str, str], ThreadPoolExecutor] = {}
        self._held: Counter[tuple[str, str]] = Counter()

    @property
    def flying(self) -> int:
        """How many were given to all lanes and have not come back."""
        return sum(self._held.values())

    @property
    def batch(self) -> int:
        """How many to take at once at most."""
        return ROUNDS * self._threads

    def give(self, row: Claimed, send: Callable[[Claimed], Any]) -> None:
        """Send it on its lane."""
        lane = lane_of(row)
        pool = self._pools.get(lane)
        if pool is None:
            pool = self._pools[lane] = ThreadPoolExecutor(self._threads, thread_name_prefix="send")
        self._held[lane] += 1
        pool.submit(send, row)

    def back(self, row: Claimed) -> None:
        """Its answer is written."""
        lane = lane_of(row)
        self._held[lane] -= 1
        if not self._held[lane]:
            del self._held[lane]

    def full(self) -> Full:
        """The lanes that take no more for now."""
        found = [lane for lane, n in self._held.items() if n >= ROUNDS * self._threads]
        return Full(
            services=tuple(name for kind, name in found if kind == PUSH),
            channels=tuple(name for kind, name in found if kind != PUSH),
        )

    def close(self) -> None:
        """Wait for what is on its way."""
        for pool in self._pools.values():
            pool.shutdown(wait=True)
