"""A town of toys: a log, people with buckets, phones that number, push and pull, and a clock we turn."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from sync.clock import rfc3339
from sync.digest import MODULUS, mark, shown
from sync.log import Author, Log
from sync.op import make_op, uuid7
from sync.perform import perform
from sync.pull import Reader, pull
from sync.push import push
from tests.sync.toy import TYPE, ToyHandler

START_MS = 1_795_320_000_000  # 2026-11-22T04:00:00Z


def words(code: str, details: Any) -> str:
    return f"words for {code}"


class World:
    """The log under test and everybody around it."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.handler = ToyHandler()
        self.now_ms = START_MS
        self.people: dict[str, str] = {}
        self.buckets: dict[str, frozenset[str]] = {}
        self.faults: list[str] = []

    def person(self, name: str, *buckets: str) -> str:
        """A person with exactly these buckets from now on."""
        who = self.people.setdefault(name, str(uuid.uuid5(uuid.NAMESPACE_URL, name)))
        self.buckets[who] = frozenset(buckets)
        with self.log.write(self.now_ms) as tx:
            tx.entitle(who, buckets)
        return who

    def phone(self, name: str) -> "Phone":
        return Phone(self, self.people[name], str(uuid.uuid4()))

    def thing(self, *buckets: str, text: str = "made", id_: str | None = None) -> str:
        """A thing made by the server in these buckets."""
        id_ = id_ or uuid7(self.now_ms)
        self.put(id_, buckets=list(buckets), text=text)
        return id_

    def put(self, id_: str, **args: Any) -> Any:
        op = make_op(uuid7(self.now_ms), "thing.put", id_, args, v=2)
        return perform(self.log, self.handler, [op], Author("system"), self.now_ms)[0]

    def pass_ms(self, ms: int) -> None:
        self.now_ms += ms


@dataclass
class Phone:
    """A client that does what SYNC.md asks of one, no more."""

    world: World
    user: str
    device: str
    n: int = 0
    cursor: str | None = None
    anchor: str | None = None
    epoch: str | None = None
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    swept: set[str] | None = None
    digest: dict[str, Any] = field(default_factory=dict)

    def op(self, name: str, subject: str, **args: Any) -> dict[str, Any]:
        """An operation with the next number; `base`, `v`, `at` and `clock` may be among the arguments."""
        self.n += 1
        fields = {key: args.pop(key) for key in ("base", "v", "at", "clock", "id", "n") if key in args}
        return {
            "id": uuid7(self.world.now_ms),
            "n": self.n,
            "name": name,
            "v": 1,
            "subject": subject,
            "base": None,
            "at": rfc3339(self.world.now_ms),
            "args": args,
            **fields,
        }

    def note(self, subject: str, text: str = "seen", **more: Any) -> dict[str, Any]:
        return self.op("thing.note", subject, text=text, **more)

    def push(self, *ops: dict[str, Any], **more: Any) -> dict[str, Any]:
        world = self.world
        envelope = {
            "user": self.user,
            "device": self.device,
            "epoch": self.epoch,
            "schema": 1,
            "sent_at": rfc3339(world.now_ms),
            "offset_ms": 0,
            "offset_uncertainty_ms": 20,
            "ops": list(ops),
            **more,
        }
        author = Author(more.get("as_user", self.user), actor=world.buckets.get(self.user))
        envelope.pop("as_user", None)
        return push(
            world.log,
            world.handler,
            json.loads(json.dumps(envelope)),
            author,
            world.now_ms,
            words=words,
            on_fault=lambda op, error: world.faults.append(op.name),
        )

    def page(self, **more: Any) -> dict[str, Any]:
        """One page, not taken in."""
        request = {"user": self.user, "device": self.device, "epoch": self.epoch, "schema": 1} | {
            "cursor": self.cursor,
            "limit": 500,
            **more,
        }
        return pull(self.world.log, Reader(self.user, self.device), request, self.world.now_ms, words)

    def take(self, page: dict[str, Any]) -> None:
        """What the phone does with a page, in one local transaction."""
        self.cursor, self.epoch, self.anchor = page["cursor"], page["epoch"], page["time"]["anchor"]
        if page["reset"] is not None:
            lost = page["reset"]
            old = {id_ for id_, row in self.rows.items() if lost == "all" or set(row["buckets"]) & set(lost)}
            self.swept = (self.swept or set()) | old
        for change in page["changes"]:
            if self.swept is not None:
                self.swept.discard(change["id"])
            if "gone" in change:
                self.rows.pop(change["id"], None)
            else:
                self.rows[change["id"]] = change | {"doc": json.loads(change["doc"])}
        self.receipts |= {receipt["id"]: receipt for receipt in page["receipts"]}
        if not page["more"] and self.swept is not None:
            for id_ in self.swept:
                self.rows.pop(id_, None)
            self.swept = None

    def pull(self, limit: int = 500, **first: Any) -> list[dict[str, Any]]:
        """Pages until there is no more; the pages."""
        pages = [self.page(limit=limit, **first)]
        self.take(pages[-1])
        while pages[-1]["more"]:
            pages.append(self.page(limit=limit, digest=first.get("digest", False)))
            self.take(pages[-1])
            assert len(pages) < 1_000
        self.digest = pages[-1].get("digest", {})
        return pages

    def texts(self) -> dict[str, str]:
        return {id_: row["doc"].get("text", "") for id_, row in self.rows.items()}

    def own_digest(self, buckets: frozenset[str]) -> dict[str, dict[str, Any]]:
        """The digest reckoned from what the phone holds."""
        found = {}
        for bucket in sorted(buckets):
            mine = [row for row in self.rows.values() if bucket in row["buckets"]]
            total = sum(mark(TYPE, row["id"], row["rev"]) for row in mine) % MODULUS
            found[bucket] = {"count": len(mine), "checksum": shown(total)}
        return found

    def assert_whole(self) -> None:
        """I3 and I4: the phone holds exactly the server's authorised view."""
        self.pull(digest=True)
        buckets = self.world.buckets[self.user]
        assert self.digest == self.own_digest(buckets)
        with self.world.log.read() as snapshot:
            rows = snapshot.published([(TYPE, id_) for id_ in self.rows])
        for id_, row in self.rows.items():
            real = rows[TYPE, id_]
            assert sorted(real.buckets & buckets) == row["buckets"]
            assert row["buckets"], id_
            assert (real.rev, json.loads(real.doc)) == (row["rev"], row["doc"])


def outcomes(answer: dict[str, Any]) -> list[str]:
    """`applied`, `refused/stale_base`, `duplicate/kept` … of a push."""
    shown_ = []
    for result in answer["results"]:
        more = result.get("first") or result.get("code")
        shown_.append(f"{result['outcome']}/{more}" if more else result["outcome"])
    return shown_
