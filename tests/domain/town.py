"""A small town for the rules: two villages, departments, people in every role, and a ticket on its way."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from server.domain import instants
from server.domain.decide import decide
from server.domain.decision import At, Command, Context, Decision
from server.domain.instants import HOUR_MS, MINUTE_MS
from server.domain.roles import CITY, SYSTEM, Actor, Delegation, Unit
from server.domain.rules import Rules
from server.domain.ticket import Ticket
from server.domain.workdays import Calendar

NOON = instants.parse("2026-11-18T04:00:00.000Z")
"""Wednesday 2026-11-18, 12:00 in Shanghai."""

UNITS = {
    unit.id: unit
    for unit in (
        Unit("zhakou", "闸口村", "village", "闸口村"),
        Unit("nancheng", "南城村", "village", "南城村"),
        Unit("xiaohe", "小河村", "village", "小河村"),
        Unit("works", "公用事业服务中心"),
        Unit("gas", "燃气公司", "enterprise"),
        Unit("market", "市场监管分局"),
        Unit("discipline", "纪检监察办"),
    )
}
_FOREVER = Delegation("zhakou", 0, instants.parse("2100-01-01T00:00:00Z"))
PEOPLE = {
    person.id: person
    for person in (
        Actor("worker", "worker", "闸口网格员", "grid_worker", "zhakou", "g1"),
        Actor("worker2", "worker2", "闸口网格员二", "grid_worker", "zhakou", "g1"),
        Actor("neighbour", "neighbour", "邻格网格员", "grid_worker", "zhakou", "g2"),
        Actor("worker3", "worker3", "南城网格员", "grid_worker", "nancheng", "g3"),
        Actor("clerk", "clerk", "闸口承办人", "unit_clerk", "zhakou"),
        Actor("works_clerk", "works_clerk", "公用承办人", "unit_clerk", "works"),
        Actor("head", "head", "闸口负责人", "unit_head", "zhakou"),
        Actor("head3", "head3", "南城负责人", "unit_head", "nancheng"),
        Actor("deputy", "deputy", "闸口受托人", "unit_clerk", "zhakou", delegate_of=(_FOREVER,)),
        Actor("officer", "officer", "热线专员", "dispatcher"),
        Actor("lead", "lead", "政务中心", "office_lead"),
        Actor("duty", "duty", "值班室", "duty_room"),
        Actor("leader", "leader", "镇领导", "town_leader"),
        Actor("group", "group", "领导小组", "leading_group"),
        Actor("petitions", "petitions", "信访专员", "petition_officer"),
        Actor("auditor", "auditor", "效能", "auditor"),
        Actor("admin", "admin", "管理员", "sys_admin"),
        Actor("gone", "gone", "离职网格员", "grid_worker", "zhakou", "g1", revoked_at_ms=NOON + HOUR_MS),
    )
}
ACTORS: Mapping[str, Actor] = {**PEOPLE, "city": CITY, "system": SYSTEM}
CALENDAR = Calendar(
    {date(2026, 10, day): (False, "国庆节") for day in range(1, 8)}
    | {date(2026, 10, 10): (True, "调休上班")},
    {2026},
)
INGEST: dict[str, Any] = {
    "external_no": "DJ202611180001",
    "category": "complaint",
    "title": "主干道井盖缺失",
    "content": "振兴路12号对开，联系13812345678",
    "place": {"village": "闸口村", "address": "振兴路12号", "lat": 22.99, "lng": 113.67, "crs": "GCJ02"},
    "contact": {"name": "陈某某", "phone": "13800000000"},
    "received_at": "2026-11-18T04:00:00.000Z",
}
CALLED = {"outcome": "connected", "summary": "已告知处理情况"}
REPLY = {"finding": "true", "resolution": "resolved", "text": "井盖已更换。"}


def photo(number: int) -> dict[str, Any]:
    """Arguments of a photo."""
    return {
        "id": f"photo-{number}",
        "sha256": f"{number:064x}",
        "bytes": 1000,
        "width": 10,
        "height": 10,
        "taken_at": "2026-11-18T04:00:00.000Z",
    }


class Story:
    """Tickets of one town and a clock that moves a minute with every step."""

    def __init__(self, rules: Rules | None = None, **ingest: Any) -> None:
        self.rules = rules or Rules()
        self.now = NOON
        self.count = 0
        self.tickets: dict[str, Ticket] = {}
        self.calendar = CALENDAR
        self.people = dict(PEOPLE)
        self.last: Decision | None = None
        self.ingest("t1", **ingest)

    @property
    def ticket(self) -> Ticket:
        return self.tickets["t1"]

    def ingest(self, subject: str, **changed: Any) -> Ticket:
        number = f"DJ20261118{len(self.tickets) + 1:04}"
        self.apply("city", "ticket.ingest", {**INGEST, "external_no": number, **changed}, subject=subject)
        return self.tickets[subject]

    def try_(self, who: str, name: str, args: Any = None, **how: Any) -> Decision:
        """Send an operation; keep what it changed. `at`: minutes after noon; `trust`, `base`, `held`, `device`."""
        self.count += 1
        at = NOON + round(how["at"] * MINUTE_MS) if "at" in how else self.now
        subject = how.get("subject", "t1")
        ticket = self.tickets.get(subject)
        moment = At(at, how.get("from_ms", at), how.get("to_ms", at), how.get("trust", "proven"))
        received = how.get("received_ms", max(self.now, at))
        actor = ACTORS[who] if who in ("city", "system") else self.people[who]
        command = Command(
            how.get("id", f"op-{self.count:04}"),
            name,
            subject,
            how.get("base"),
            args or {},
            actor,
            how.get("device", f"phone-of-{who}"),
            moment,
            received,
        )
        self.last = decide(ticket, command, self.context(ticket, args or {}, how))
        for changed in self.last.tickets:
            self.tickets[changed.id] = changed
        self.now += MINUTE_MS
        return self.last

    def context(self, ticket: Ticket | None, args: Any, how: Mapping[str, Any]) -> Context:
        into = args.get("into") if isinstance(args, dict) else None
        wanted = {into}
        if ticket is not None:
            wanted |= {ticket.merged_into, *(child["id"] for child in ticket.merged)}
        related = {i: self.tickets[i] for i in wanted if i in self.tickets}
        return Context(
            self.rules,
            self.calendar,
            how.get("now_ms", self.now),
            UNITS,
            self.people,
            how.get("held", False),
            related,
            how.get("photos", {}),
        )

    def apply(self, who: str, name: str, args: Any = None, **how: Any) -> "Story":
        """An operation that has to be taken."""
        done = self.try_(who, name, args, **how)
        assert done.outcome == "applied", (name, done.outcome, done.code, done.details)
        return self

    def refused(self, code: str, who: str, name: str, args: Any = None, **how: Any) -> dict[str, Any]:
        """An operation that has to be refused with this code; its details."""
        done = self.try_(who, name, args, **how)
        assert (done.outcome, done.code) == ("refused", code), (done.outcome, done.code, done.details)
        return done.details

    def dispatched(self, unit: str = "zhakou", assignee: str | None = "worker") -> "Story":
        args: dict[str, Any] = {"unit": unit}
        if assignee is not None:
            args["assignee"] = assignee
        return self.apply("officer", "ticket.dispatch", args)

    def handling(self) -> "Story":
        return self.dispatched().apply("worker", "ticket.accept").apply("worker", "ticket.depart")

    def in_review(self) -> "Story":
        self.handling().apply("worker", "ticket.callback", CALLED)
        return self.apply("worker", "ticket.reply", REPLY)

    def replied(self) -> "Story":
        self.in_review()
        return self.apply("head", "ticket.approve", {"reply_hash": self.hash()})

    def hash(self) -> str:
        assert self.ticket.reply is not None
        return str(self.ticket.reply["hash"])

    def clock(self, kind: str) -> dict[str, Any]:
        """The clock of a kind in the present cycle."""
        return next(c for c in self.ticket.clocks if c["kind"] == kind and c["cycle"] == self.ticket.cycle)

    def minute(self, at_ms: int | None) -> float | None:
        """Minutes after noon."""
        return None if at_ms is None else (at_ms - NOON) / MINUTE_MS
