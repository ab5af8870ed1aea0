"""Where a phone stands in each bucket: what it was sent, what it is being filled with, what it lost.

A bucket gained is filled from 0, also in the middle of paging; departures older than the start of its filling
are not told, for the phone never held what left before. A bucket lost is drained: what the phone may hold of
it (rows that had come in by its last page) is taken back, page by page, before anything else.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sync.log import Range


@dataclass(slots=True)
class Lost:
    """A bucket being drained, up to `drained`. The phone was told of departures up to `told`, and may hold
    rows that had come in by `seen`."""

    drained: int
    told: int
    seen: int


@dataclass(slots=True)
class Positions:
    """A phone's place. `receipts`: the seq up to which it has its receipts; `seen`: the head of its last page,
    so what came into a bucket later it cannot hold."""

    sent: dict[str, int] = field(default_factory=dict)
    floors: dict[str, int] = field(default_factory=dict)
    lost: dict[str, Lost] = field(default_factory=dict)
    receipts: int = 0
    seen: int = 0

    @classmethod
    def start(cls, entitled: Iterable[str], head: int) -> "Positions":
        """A phone that holds nothing, or will sweep what it is not sent again."""
        fresh = cls()
        fresh.adjust(frozenset(entitled), head)
        return fresh

    def adjust(self, entitled: frozenset[str], head: int) -> None:
        """Gain and lose buckets, as the person's entitlements are now."""
        for bucket in sorted(self.sent.keys() - entitled):
            told = self._told(bucket)
            del self.sent[bucket]
            self.floors.pop(bucket, None)
            self.lost[bucket] = Lost(0, told, self.seen)
        for bucket in sorted(entitled - self.sent.keys()):
            back = self.lost.pop(bucket, None)
            # Regained before it was drained: the phone may still hold rows that left since.
            self.sent[bucket], self.floors[bucket] = 0, back.told if back else head

    def refill(self, buckets: Iterable[str], head: int) -> list[str]:
        """Send these buckets again from 0; those that the person has."""
        again = sorted(set(buckets) & self.sent.keys())
        for bucket in again:
            self.sent[bucket], self.floors[bucket] = 0, head
        return again

    def oldest(self, head: int) -> int:
        """The seq after which every departure is still needed."""
        needed = [self._told(bucket) for bucket in self.sent]
        needed += [lost.told for lost in self.lost.values()]
        return min(needed, default=head)

    def newest(self) -> int:
        """The highest seq this place speaks of; beyond the head it is not of this store."""
        return max([self.seen, self.receipts, *self.sent.values()])

    def wanted(self) -> list[Range]:
        """What is still to be sent."""
        return [Range(bucket, sent, self._told(bucket)) for bucket, sent in self.sent.items()]

    def drains(self) -> list[Range]:
        """What is still to be taken back: live rows, and departures it was not told of."""
        return [
            Range(bucket, lost.drained, max(lost.drained, lost.told), entered_by=lost.seen)
            for bucket, lost in self.lost.items()
        ]

    def drained(self, seq: int | None) -> None:
        """The drains have come to this seq; None: to their end."""
        if seq is None:
            self.lost.clear()
        for lost in self.lost.values():
            lost.drained = max(lost.drained, seq or 0)

    def advance(self, seq: int) -> None:
        """All changes up to this seq were sent."""
        for bucket, sent in self.sent.items():
            self.sent[bucket] = max(sent, seq)
            if bucket in self.floors and self.floors[bucket] <= self.sent[bucket]:
                del self.floors[bucket]

    def _told(self, bucket: str) -> int:
        """Up to here the phone needs not be told of departures from this bucket."""
        return max(self.sent[bucket], self.floors.get(bucket, 0))
