"""What operations on tickets mean: load in bulk, let the domain decide, save in bulk. Implements `sync.log.Handler`."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, cast

import orjson

from server.actions.duty import Duty
from server.actions.op_ids import missing_op_id
from server.domain.decide import decide
from server.domain.decision import Command, Context, Decision, Notice
from server.domain.doc import render
from server.domain.lifecycle import OPS, PERSON_OPS
from server.domain.roles import Actor, buckets_of_ticket, may_see
from server.domain.rules import Rules
from server.domain.ticket import Ticket
from server.store import indicator_rows, intake_rows, items, oplog, people_history, photo_rows, tickets
from server.store.calendar import read_calendar
from sync.clock import Moment
from sync.log import Author, Change, Retry, Verdict, Work, Writing
from sync.op import Op

# (kind of item, the operation that settles it, whose item it was)
_SETTLING: tuple[tuple[str, str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("unverified_time", "ticket.confirm", lambda args: str(args.get("op"))),
    ("photo_missing", "ticket.photo_received", lambda args: missing_op_id(str(args.get("photo")))),
)
_ITEMS = uuid.UUID("b7f1a1d8-3e52-5e0c-9a0a-6974656d7300")


@dataclass(frozen=True)
class Beside:
    """What travels with an operation that comes in but is no part of it: sealed contact data of `ticket_id`."""

    ticket_id: str
    sealed: Mapping[str, bytes]
    phone_hash: str | None = None
    seen: intake_rows.Seen | None = None


@dataclass(frozen=True)
class TicketHandler:
    """One for all; `inside()` is the variant for operations born on the server."""

    rules: Rules
    server_side: bool = False
    beside: Mapping[str, Beside] = field(default_factory=dict)
    imported_by: Actor | None = None

    def for_import(self, by: Actor) -> Self:
        """For operations of an outbox file that this person brought in for their author."""
        return replace(self, server_side=False, beside={}, imported_by=by)

    def inside(self) -> Self:
        """Knows the server's own operations too; never to be used for what a client pushed."""
        return replace(self, server_side=True, beside={}, imported_by=None)

    def carrying(self, beside: Mapping[str, Beside]) -> Self:
        """`inside()`, with sealed data by operation id, stored along with what is applied."""
        return replace(self.inside(), beside=beside)

    def knows(self, name: str, v: int) -> bool:
        """Whether this operation may come through this door, in this version."""
        return v == 1 and name in (OPS if self.server_side else PERSON_OPS)

    def upcast(self, op: Op) -> Op:
        """There is one version of each operation so far."""
        return op

    def open(self, tx: Writing, subjects: Sequence[str], author: Author) -> Work:
        """Lock and load all that the batch needs."""
        connection = cast("oplog.Writing", tx).connection
        return TicketWork(self, tx, subjects, author, Duty(connection, cast("oplog.Writing", tx).now_ms))


class TicketWork:
    """The tickets of one batch in memory; nothing is written before `save`."""

    def __init__(
        self, handler: TicketHandler, tx: Writing, subjects: Sequence[str], author: Author, duty: Duty
    ) -> None:
        self._handler = handler
        self._duty = duty
        self._tx = tx
        self._connection = cast("oplog.Writing", tx).connection
        known = duty.register
        self._units = known.units
        self._people = known.people
        self._calendar = read_calendar(self._connection)
        self._photos = photo_rows.complete_unnamed(self._connection, author.person)
        self._loaded = tickets.load(self._connection, subjects, lock=True)
        self._load_more({other for each in self._loaded.values() for other in _relatives(each)})
        self._now = dict(self._loaded)
        self._absent = set(subjects) - self._loaded.keys()
        self._held: dict[tuple[str, str], bool] = {}
        self._done: list[_Done] = []
        self.last: list[tuple[Ticket | None, Ticket]] = []

    def _load_more(self, ids: set[str]) -> None:
        self._loaded.update(tickets.load(self._connection, ids - self._loaded.keys(), lock=True))

    @property
    def absent(self) -> set[str]:
        """Subjects that are no tickets."""
        return self._absent

    def ticket(self, id_: Any) -> Ticket | None:
        """The ticket as it is now, locked."""
        if not isinstance(id_, str):
            return None
        if id_ not in self._now and id_ not in self._absent:
            self._load_more({id_})
            if id_ in self._loaded:
                self._now[id_] = self._loaded[id_]
            else:
                self._absent.add(id_)
        return self._now.get(id_)

    def _ever_held(self, actor: Actor, ticket: Ticket | None) -> bool:
        """Asked of the database only for somebody who does not have the ticket now."""
        if ticket is None or may_see(actor, ticket):
            return ticket is not None
        key = (actor.id, ticket.id)
        if key not in self._held:
            self._held[key] = bool(self._tx.ever_held(actor.id, [ticket.id]))
        return self._held[key]

    def _related(self, ticket: Ticket | None, op: Op) -> dict[str, Ticket]:
        ids = set(_relatives(ticket)) if ticket is not None else set()
        if isinstance(op.args, dict) and isinstance(op.args.get("into"), str):
            ids.add(op.args["into"])
        found = ((id_, self.ticket(id_)) for id_ in sorted(ids))
        return {id_: other for id_, other in found if other is not None}

    def apply(self, op: Op, moment: Moment, received_at_ms: int, author: Author) -> Verdict:
        """Decide one operation; changes nothing but this Work's memory, and not even that if it raises.

        `last` holds, until the next one, what it changed: each ticket before and after.
        """
        actor: Actor = author.actor
        ticket = self.ticket(op.subject)
        context = Context(
            rules=self._handler.rules,
            calendar=self._calendar,
            now_ms=received_at_ms,
            units=self._units,
            people=self._people,
            ever_held=self._ever_held(actor, ticket),
            related=self._related(ticket, op),
            photos=self._photos,
            on_duty=self._duty.worker,
            formerly=lambda at_ms: people_history.as_of(self._connection, actor, at_ms),
        )
        command = Command(
            op_id=op.id,
            name=op.name,
            subject=op.subject or "",
            base=op.base,
            args=dict(op.args),
            actor=actor,
            device=author.device,
            moment=moment,
            received_at_ms=received_at_ms,
            imported_by=self._handler.imported_by,
        )
        decision = decide(ticket, command, context)
        self.last = [(self._now.get(each.id), each) for each in decision.tickets]
        self._now.update({each.id: each for each in decision.tickets})
        self._absent.difference_update(each.id for each in decision.tickets)
        self._done.append(_Done(op, decision, author, received_at_ms))
        details = decision.details
        if context.ever_held and _is_confidential(self.ticket(op.subject), decision):
            # Whoever lost the ticket with that holds no row that could tell his phone what to erase (SYNC).
            details = {**details, "erase": True}
        return Verdict(decision.outcome, decision.code, details, decision.rev)

    def save(self) -> list[Change]:
        """Write everything; the changed tickets as documents for the feed."""
        changed = [each for id_, each in sorted(self._now.items()) if self._loaded.get(id_) is not each]
        if not self._done:
            return []
        now_ms = max(done.received_at_ms for done in self._done)
        tickets.save(self._connection, self._loaded, changed, now_ms)
        indicator_rows.save(self._connection, self._loaded, changed, self._handler.rules)
        self._name_photos([row for done in self._done for row in done.photos()])
        # A notice to a person reaches him with his receipt; the others are a supervisor's to look at.
        notices = [
            (notice, done) for done in self._done for notice in done.decision.notices if notice.person is None
        ]
        if notices:
            items.add(self._connection, [_item(notice, done, self._now) for notice, done in notices])
        self._settle_items(now_ms)
        self._save_beside()
        return [self._change(each) for each in changed]

    def _name_photos(self, rows: list[dict[str, Any]]) -> None:
        photo_rows.name_photos(self._connection, rows)
        op_ids = sorted({row["op_id"] for row in rows})
        if op_ids and photo_rows.came_meanwhile(self._connection, op_ids, self._photos):
            raise Retry("bytes came while their operation was decided")

    def _settle_items(self, now_ms: int) -> None:
        """What a supervisor need not look at any more: confirmed times, photos that came after all."""
        for kind, name, about in _SETTLING:
            settled = [
                about(done.op.args)
                for done in self._done
                if done.op.name == name and done.decision.outcome == "applied"
            ]
            if settled:
                items.settle(self._connection, kind, settled, self._done[0].author.person, now_ms)

    def _save_beside(self) -> None:
        """Sealed data of operations that were applied; the others leave nothing behind."""
        if not self._handler.beside:
            return
        seen: list[intake_rows.Seen] = []
        sealed: list[tuple[str, str, bytes, str | None]] = []
        for done in self._done:
            beside = self._handler.beside.get(done.op.id)
            if beside is None or done.decision.outcome != "applied":
                continue
            sealed.extend(
                (beside.ticket_id, part, box, beside.phone_hash) for part, box in beside.sealed.items()
            )
            if beside.seen is not None:
                seen.append(beside.seen)
        intake_rows.add_sealed(self._connection, sealed)
        intake_rows.add_seen(self._connection, seen)

    def _change(self, ticket: Ticket) -> Change:
        gone, into = _gone(ticket)
        return Change(
            type="ticket",
            id=ticket.id,
            rev=ticket.rev,
            buckets=frozenset(buckets_of_ticket(ticket)),
            doc=orjson.dumps(render(ticket, self._units, self._people, rules=self._handler.rules)).decode(),
            gone=gone,
            into=into,
        )


@dataclass(frozen=True)
class _Done:
    op: Op
    decision: Decision
    author: Author
    received_at_ms: int

    def photos(self) -> list[dict[str, Any]]:
        """Rows for the photos that an applied or kept operation names."""
        if self.decision.outcome not in {"applied", "kept"} or not self.op.args.get("photos"):
            return []
        ticket_id = self.decision.tickets[0].id if self.decision.tickets else str(self.op.subject)
        return [
            photo_rows.named(photo, ticket_id, self.op.id, self.author.person, self.received_at_ms)
            for photo in self.op.args["photos"]
        ]


def _is_confidential(subject: Ticket | None, decision: Decision) -> bool:
    return any(each is not None and each.confidential for each in (subject, *decision.tickets))


def _relatives(ticket: Ticket) -> list[str]:
    """The survivor of a merged ticket, the merged children of a survivor."""
    others = [str(child["id"]) for child in ticket.merged]
    if ticket.merged_into is not None:
        others.append(ticket.merged_into)
    return others


def _gone(ticket: Ticket) -> tuple[str, str | None]:
    """What is told to those who lose the ticket with this change (SYNC: wire, pull)."""
    if ticket.state == "merged":
        return "merged", ticket.merged_into
    return ("closed" if ticket.left_phones else "moved"), None


def _item(notice: Notice, done: _Done, known: Mapping[str, Ticket]) -> items.Item:
    ticket = known.get(notice.ticket)
    return items.Item(
        id=str(uuid.uuid5(_ITEMS, f"{notice.kind}/{notice.op}/{notice.ticket}")),
        kind=notice.kind,
        ticket_id=notice.ticket,
        op_id=notice.op,
        unit=ticket.lead_unit if ticket is not None else None,
        details={"person": done.author.person, **notice.details},
        created_at_ms=done.received_at_ms,
    )
