"""The part of a simulated phone that agrees with the server on numbers: SYNC.md “Client rules” on 409, PROTOCOL.md."""

import uuid
from collections.abc import Mapping
from typing import Any

from tests.device import Answer, Pending, Phone
from tests.sim.trouble import Trouble


class Recounting(Phone):
    """A phone that was cloned, rolled back, or whose server was restored, and what it then sends again."""

    trouble: Trouble
    name: str
    sent: list[dict[str, Any]]
    unasked: list[str]  # of the sent log: whether the restored server knows them is to be asked
    voided: dict[str, str]

    def _new_id(self) -> str:
        raise NotImplementedError

    def _settle(self) -> None:
        raise NotImplementedError

    def _reconcile(self, answer: Answer) -> bool:
        details = answer.json["error"]["details"] if answer.code else {}
        if answer.code == "epoch":
            self.trouble.note(f"  {self.name} learns of the new epoch, last_n {details['last_n']}")
            self._adopt(details["epoch"], details["last_n"])
        elif answer.code == "gap":
            self._put_back(details["expected_n"] - 1)
        elif answer.code in {"device_forked", "device_taken"}:
            self._count_anew()
        else:
            return False
        return True

    def _adopt(self, epoch: str, last_n: int) -> None:
        """The server was restored: what it may have forgotten goes again, also what went under older device ids."""
        self.epoch = epoch
        older = [each for each in self.sent if each["device"] != self.device]
        self._doubt(last_n)
        self._put_back(last_n)
        for each in older:
            if _is_work(each):
                self.last_n = max(self.last_n, last_n) + 1
                self.sent.remove(each)
                self.receipts.pop(each["raw"]["id"], None)
                self.outbox.append(Pending(each["raw"] | {"n": self.last_n}))
        self._heal(last_n)

    def _doubt(self, last_n: int) -> None:
        """What the server has counted it may have counted for a copy of this phone: it is asked, sent work first."""
        own = [each for each in self.sent if each["device"] == self.device and each["raw"]["n"] <= last_n]
        self.unasked = [each["raw"]["id"] for each in own if _is_work(each)]
        for pending in self.outbox:
            pending.outcome = None
            self.receipts.pop(pending.raw["id"], None)

    def _put_back(self, last_n: int) -> None:
        """Everything after `last_n` waits again, in one piece, or a new count begins."""
        for each in [one for one in self.sent if one["device"] == self.device and one["raw"]["n"] > last_n]:
            self.sent.remove(each)
            again = Pending(each["raw"])
            if each["outcome"] == "refused":
                # Its author was told and may have acted on it: the number is kept, it says nothing.
                self._void(again, "refused_before")
                self.voided.pop(each["raw"]["id"], None)
            self.outbox.append(again)
        self.outbox.sort(key=lambda each: each.raw["n"])
        for each in self.outbox:
            if each.raw["n"] > last_n:
                each.outcome = None
                self.receipts.pop(each.raw["id"], None)
        self._heal(last_n)

    def _heal(self, last_n: int) -> None:
        waiting = [each.raw["n"] for each in self.outbox if each.raw["n"] > last_n]
        if waiting != list(range(last_n + 1, self.last_n + 1)):
            self._count_anew()

    def _count_anew(self) -> None:
        self.trouble.note(f"  {self.name} becomes a new device")
        for (
            each
        ) in self._asking():  # nobody can say any more under which number the server has them, if at all
            self.receipts.pop(each.raw["id"], None)
            self.outbox.append(each)
        self.sent = [each for each in self.sent if each["raw"]["id"] not in self.unasked]
        self.unasked = []
        self.outbox.sort(key=lambda each: each.raw["n"])
        self._settle()
        self.device = str(uuid.UUID(int=self.trouble.dice.getrandbits(128), version=4))
        self.outbox = [each for each in self.outbox if each.raw["name"] != "void"]
        for n, each in enumerate(self.outbox, 1):
            each.raw["n"], each.outcome = n, None
        self.last_n = len(self.outbox)

    def _asking(self) -> list[Pending]:
        """Sent work under numbers that the restored server has counted, perhaps for a copy of this phone."""
        return [Pending(each["raw"]) for each in self.sent if each["raw"]["id"] in self.unasked]

    def _learn_again(self, told: Mapping[str, dict[str, Any]]) -> None:
        """What became of sent work on the restored server: a copy may have sent it again, and to another end."""
        for each in self.sent:
            one = told.get(each["raw"]["id"])
            if one and one["outcome"] == "duplicate" and one["first"] != each["outcome"]:
                each["outcome"] = one["first"]
                if one["first"] == "refused":
                    self.problems.append(one)
        self.unasked = [op for op in self.unasked if op not in told]

    def _void(self, pending: Pending, code: str) -> None:
        raw = pending.raw
        if raw["name"] != "void":
            self.voided[raw["id"]] = code
        fresh = {"id": self._new_id(), "n": raw["n"], "name": "void", "v": 1, "subject": None, "base": None}
        pending.raw = fresh | {"at": raw["at"], "args": {"code": code}}
        pending.outcome = None


def _is_work(sent: Mapping[str, Any]) -> bool:
    """Worth asking for or sending again: it was not refused, and is not the place of something given up."""
    return sent["raw"]["name"] != "void" and sent["outcome"] != "refused"
