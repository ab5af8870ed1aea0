"""What the simulation knows of all phones, and the invariants that only the moment shows: I5 and I7."""

from collections.abc import Mapping
from typing import Any

from sync import cursor as cursors

GOOD = {"applied", "kept"}


def final(receipt: Mapping[str, Any]) -> str:
    """How it ended: a duplicate as its first coming did."""
    return str(receipt.get("first") if receipt["outcome"] == "duplicate" else receipt["outcome"])


class Watch:
    """What the simulation knows of all phones: what was tapped, acknowledged and forgotten, and what went wrong."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self.tapped: dict[str, str] = {}  # operation → person
        self.acknowledged: dict[str, str] = {}
        self.forgotten: set[str] = set()
        self.wrong: list[str] = []
        self.last_n: dict[tuple[str, str], int] = {}

    def flicker(self, phone: Any, receipt: Mapping[str, Any]) -> None:
        """I7: the operation leaves the outbox now, so the rows must contain it already."""
        mine = next((each.raw for each in phone.outbox if each.raw["id"] == receipt["id"]), None)
        if mine is None or final(receipt) not in GOOD or not isinstance(mine["subject"], str):
            return
        row = phone.base.rows.get(("ticket", mine["subject"]))
        if row is None or row["confidential"] or receipt.get("rev") is None:
            return
        everywhere = {entry["id"] for doc in phone.base.rows.values() for entry in doc.get("timeline", ())}
        if receipt["rev"] > row["rev"] or (receipt["id"] not in everywhere and not row.get("timeline_cut")):
            self.wrong.append(
                f"I7 {phone.name}: {mine['name']} is receipted at rev {receipt['rev']}, the row is at {row['rev']}"
            )

    def cursor(self, phone: Any, page: Mapping[str, Any], known: str | None) -> None:
        """I5: within an epoch, from one stored cursor to the next, no place goes back but what is filled again."""
        if known is None or page["reset"]:
            return
        secret, who = self.secret, (phone.user["id"], phone.device)
        old, new = cursors.unseal(secret, *who, known), cursors.unseal(secret, *who, page["cursor"])
        if old is None or new is None or old[0] != new[0]:
            return
        back = new[1].receipts < old[1].receipts or new[1].seen < old[1].seen
        back = back or any(
            new[1].sent.get(b, n) < n for b, n in old[1].sent.items() if b not in new[1].floors
        )
        if back:
            self.wrong.append(f"I5 {phone.name}: the cursor went back from {old} to {new}")
