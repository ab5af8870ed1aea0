"""A phone that keeps every client rule of SYNC.md, survives what happens to phones, and watches I5 and I7 itself.

Its memory is two databases, as in the PWA: the outbox's and the base's; what is in neither is gone at a restart.
"""

import copy
import uuid
from collections.abc import Mapping
from typing import Any

from tests.device import Answer, Base, Lost, Pending
from tests.sim.recount import Recounting
from tests.sim.trouble import BadLine, Trouble
from tests.sim.watch import Watch, final

OUTBOX = ("device", "epoch", "last_n", "outbox", "sent", "unasked", "problems", "voided")
BASE = ("base", "gone", "receipts", "rebuild", "base_device", "base_epoch")
CONFLICTS_MAX = 5
PULLS_WITHOUT_MAX = 2


class Killed(Exception):
    """The app was killed between two local commits."""


class Halt(Exception):
    """The round ends: keep everything, try again later."""


class SturdyPhone(Recounting):
    """`Phone` with the whole of SYNC.md “Client rules”."""

    transport: BadLine

    def __init__(
        self, transport: BadLine, username: str, password: str, watch: Watch, trouble: Trouble, name: str
    ) -> None:
        self.watch, self.trouble, self.name = watch, trouble, name
        self.sent: list[dict[str, Any]] = []
        self.unasked: list[str] = []
        self.voided: dict[str, str] = {}
        self.rebuild: dict[str, Any] | None = None
        self.base_device: str | None = None
        self.base_epoch: str | None = None
        self.damaged = False  # a row of the base went missing: only then may a digest differ
        self.healed = 0
        self.batch = 100
        device = str(uuid.UUID(int=trouble.dice.getrandbits(128), version=4))
        super().__init__(transport, username, password, device)

    # What happens to phones

    def memory(self, *names: str) -> dict[str, Any]:
        return copy.deepcopy({name: getattr(self, name) for name in names or OUTBOX + BASE})

    def roll_back(self, memory: Mapping[str, Any]) -> None:
        """The phone is as it was: brought back from its own backup."""
        mine = {each.raw["id"] for each in self.outbox} | {each["raw"]["id"] for each in self.sent}
        for name, value in copy.deepcopy(dict(memory)).items():
            setattr(self, name, value)
        kept = {each.raw["id"] for each in self.outbox} | {each["raw"]["id"] for each in self.sent}
        self.watch.forgotten |= mine - kept
        self.restart()

    def evict(self) -> None:
        """The browser threw the base away; the outbox is another database."""
        self.base, self.gone, self.receipts = Base(), {}, {}
        self.rebuild = self.base_device = self.base_epoch = None
        self.damaged = False

    def lose_a_row(self) -> None:
        if self.base.rows:
            key = self.trouble.dice.choice(sorted(self.base.rows))
            del self.base.rows[key]
            self.base.buckets.pop(key, None)
            self.damaged = True

    # Taps

    def act(self, name: str, subject: str, args: Any = None, *, base: int | str | None = "seen") -> str:
        super().act(name, subject, args, base=base)
        op = self.outbox[-1].raw
        op["id"] = self._new_id()
        self.watch.tapped[op["id"]] = self.user["id"]
        return str(op["id"])

    def _new_id(self) -> str:
        number = (self.wall_ms() & (2**48 - 1)) << 80 | self.trouble.dice.getrandbits(80)
        number = number & ~(0xF << 76) | 0x7 << 76
        return str(uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62))

    # One try to sync

    def try_sync(self, *, digest: bool = False) -> bool:
        """Push, pull, and push again if the pull told of another epoch; whether it came through."""
        try:
            self.push_all()
            self.pull_all(digest=digest)
            if self.base_epoch != self.epoch:
                self.push_all(probe=True)
                self.pull_all(digest=digest)
        except (Lost, Halt):
            return False
        except Killed:
            self.restart()
            return False
        return True

    def ask(self, path: str, body: Any) -> Answer:
        """An answer counts only if it is JSON carrying our headers; sessions and tokens are mended on the way."""
        for _ in range(3):
            answer = self.post(path, body)
            ours = isinstance(answer.json, dict) and "X-Jiban-Time" in answer.headers
            if answer.status == 413 and not ours:
                return answer
            if not ours or answer.status == 429 or answer.status >= 500:
                raise Halt(str(answer.status))
            if answer.code == "csrf":
                self._fetch_csrf()
            elif answer.status == 401 or answer.code == "wrong_user":
                self._sign_in_again()
            else:
                return answer
        raise Halt("no way in")

    def _fetch_csrf(self) -> None:
        """The token of the own session; another's is not taken, or photos would go up in his name."""
        answer = self.get("/session")
        if answer.status == 200 and isinstance(answer.json, dict) and "csrf" in answer.json:
            if answer.json["user"]["id"] == self.user["id"]:
                self.csrf = answer.json["csrf"]
            else:
                self._sign_in_again()

    def _sign_in_again(self) -> None:
        body = {"username": self.username, "password": self.password}
        answer = self.transport.send("POST", "/session", body)
        if answer.status != 200 or not isinstance(answer.json, dict) or "user" not in answer.json:
            raise Halt("not signed in")
        self.user, self.csrf = answer.json["user"], answer.json["csrf"]

    def _maybe_die(self) -> None:
        if self.trouble.draw(self.trouble.local, "killed between local commits"):
            raise Killed

    # Push

    def push_all(self, *, probe: bool = False) -> None:
        most, conflicts = self.batch, 0
        while True:
            batch = self._asking()[:most] or [each for each in self.outbox if each.outcome is None][:most]
            if not batch and not probe:
                return
            if not self.unasked and len(batch) > 1 and self.trouble.draw(self.trouble.local, "tail first"):
                batch = batch[len(batch) // 2 :]
            answer = self.ask("/sync/push", self.envelope(batch))
            if answer.status == 200:
                probe = False
                self._record(answer.json)
            elif answer.status == 413:
                most = self._smaller(batch, answer)
            elif conflicts >= CONFLICTS_MAX or not self._reconcile(answer):
                raise Halt(str(answer.code))
            else:
                conflicts += 1

    def _record(self, told: Mapping[str, Any]) -> None:
        self.watch.acknowledged |= {one["id"]: one.get("first", one["outcome"]) for one in told["results"]}
        key = (str(self.epoch or self.base_epoch), self.device)
        if told["last_n"] < self.watch.last_n.get(key, 0):
            self.watch.wrong.append(f"I5 {self.name}: last_n went back to {told['last_n']}")
        self.watch.last_n[key] = told["last_n"]
        self._maybe_die()
        self._sample(told["time"])
        outcomes = {one["id"]: one for one in told["results"]}
        self._learn_again(outcomes)
        for pending in self.outbox:
            one = outcomes.get(pending.raw["id"])
            if one and one.get("code") == "op_mismatch" and told["last_n"] < pending.raw["n"]:
                self._void(pending, "op_mismatch")
            elif one:
                pending.outcome = one["outcome"]

    def _smaller(self, batch: list[Pending], answer: Answer) -> int:
        if len(batch) > 1:
            return max(1, len(batch) // 2)
        if answer.code is None or not batch:
            raise Halt("413")
        self._void(batch[0], "too_large")
        return 100

    # Pull

    def pull_all(self, *, digest: bool = False) -> None:
        refill: list[str] | None = None
        while True:
            known = self.base.cursor if self.base_device == self.device else None
            limit = self.trouble.dice.choice((1, 2, 3, 500)) if self.trouble.on else 500
            body = {"user": self.user["id"], "device": self.device, "epoch": self.base_epoch, "schema": 1}
            body |= {"cursor": known, "limit": limit, "digest": digest, "refill": refill or []}
            answer = self.ask("/sync/pull", body)
            if answer.status != 200:
                raise Halt(str(answer.code))
            if self.trouble.draw(self.trouble.local, "another tab pulls meanwhile"):
                self.pull_all()
            self._sample(answer.json["time"])
            if (self.base.cursor if self.base_device == self.device else None) != known:
                return
            refill = self._store_page(answer.json, known, asked=refill)
            self._maybe_die()
            if not answer.json["more"]:
                self._settle()
                if not refill:
                    return

    def _store_page(
        self, page: Mapping[str, Any], known: str | None, asked: list[str] | None
    ) -> list[str] | None:
        """Rows, receipts and cursor in one local transaction; the buckets to fill again if the digest differs."""
        reset = "all" if known is None else page["reset"]
        if reset == "all":
            self.rebuild = {"what": "all", "seen": set()}
        elif reset and (self.rebuild is None or self.rebuild["what"] != "all"):
            before = self.rebuild or {"what": [], "seen": set()}
            self.rebuild = before | {"what": sorted({*before["what"], *reset})}
        self.watch.cursor(self, page, known)
        self._store(page, self.rebuild["seen"] if self.rebuild else None)
        if not page["more"] and self.rebuild is not None:
            self._sweep(self.rebuild["seen"], self.rebuild["what"])
            self.rebuild = None
        for receipt in page["receipts"]:
            self.watch.flicker(self, receipt)
        self.base_device, self.base_epoch = self.device, page["epoch"]
        self.epoch = self.epoch or page["epoch"]
        if page["more"] or "digest" not in page:
            return None
        return self._check_digest(page["digest"], asked)

    def _check_digest(self, told: Mapping[str, Any], asked: list[str] | None) -> list[str] | None:
        own = self.own_digest()
        nothing = {"count": 0, "checksum": "0" * 16}
        broken = sorted(b for b in {*told, *own} if own.get(b, nothing) != told.get(b, nothing))
        if broken and (asked or not self.damaged):
            self.watch.wrong.append(f"I3 {self.name}: digest differs in {broken}, damaged: {self.damaged}")
            return None
        self.healed += bool(broken)
        if not broken:
            self.damaged = False
        return broken or None

    def _store(self, page: Mapping[str, Any], seen: set[tuple[str, str]] | None) -> None:
        waiting, problems = self.outbox, len(self.problems)
        super()._store(page, seen)
        self.outbox = waiting  # another database: it is settled by itself
        del self.problems[problems:]

    def _settle(self) -> None:
        """What is receipted goes to the sent log; what no complete pull receipts is asked for from the start."""
        for each in list(self.outbox):
            receipt = self.receipts.get(each.raw["id"])
            if receipt is None:
                each.pulls = getattr(each, "pulls", 0) + 1 if each.outcome else 0  # type: ignore[attr-defined]
                continue
            self.outbox.remove(each)
            outcome = final(receipt)
            self.sent.append({"raw": each.raw, "device": self.device, "outcome": outcome})
            self.watch.acknowledged[each.raw["id"]] = outcome
            if outcome == "refused" and each.raw["name"] != "void":
                self.problems.append({"id": each.raw["id"], **receipt})
        if any(getattr(each, "pulls", 0) > PULLS_WITHOUT_MAX for each in self.outbox):
            self.base.cursor = None
            for each in self.outbox:
                each.pulls = 0  # type: ignore[attr-defined]
