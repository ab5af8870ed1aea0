"""What operations on incidents mean: load in bulk, let the domain decide, save in bulk (a `sync.log.Work`).

What a decision asks of alarms is left in `calls`, `ends`, `acks` and `removals` for whoever composes this with the
alarms' work; the alarms tell back whom they reached and who pressed 收到, before `save`.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

import orjson

from server.domain.call import Call
from server.domain.decision import Command, Moment
from server.domain.incident import Incident, buckets_of_incident, may_see_incident
from server.domain.incident_alarms import acknowledged, reached
from server.domain.incident_confidential import conceal, conceal_merged
from server.domain.incident_decide import decide_incident
from server.domain.incident_doc import render_incident
from server.domain.incident_step import Ack, IncidentContext, IncidentDecision, Removal
from server.domain.posts import Register, at_post
from server.domain.roles import Actor
from server.domain.rules import Rules
from server.store import incidents, oplog, photo_rows, rota, tickets
from server.store.people import directory
from sync.log import Author, Change, Retry, Verdict, Writing
from sync.op import Op

PREFIX = "incident."
_WHY_ENDED = {"incident.merge": "merged", "incident.downgrade": "downgraded"}
_NEW = frozenset({"incident.report", "incident.open"})


class Surroundings(Protocol):
    """What the work asks of the handler that opens it; `imported_by`: who brought in an outbox file."""

    @property
    def rules(self) -> Rules: ...
    @property
    def imported_by(self) -> Actor | None: ...


class IncidentWork:
    """The incidents of one batch in memory; nothing is written before `save`."""

    def __init__(self, handler: Surroundings, tx: Writing, subjects: Sequence[str], author: Author) -> None:
        self._handler = handler
        self._tx = tx
        self._connection = cast("oplog.Writing", tx).connection
        known = directory(self._connection)
        self._units = known.units
        self._people = known.people
        self._author = author
        self._photos: dict[str, str] | None = None
        self._loaded = incidents.load(self._connection, subjects, lock=True)
        self._now = dict(self._loaded)
        self._absent = set(subjects) - self._loaded.keys()
        self._held: dict[tuple[str, str], bool] = {}
        self._named: list[dict[str, Any]] = []
        self.calls: list[Call] = []
        self.ends: list[tuple[str, str]] = []
        self.acks: list[Ack] = []
        self.removals: list[Removal] = []

    def apply(self, op: Op, moment: Moment, received_at_ms: int, author: Author) -> Verdict:
        """Decide one operation; changes nothing but this Work's memory, and not even that if it raises."""
        actor: Actor = author.actor
        subject = self._incident(op.subject)
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
        decision = decide_incident(subject, command, self._context(subject, op, actor, received_at_ms))
        self._remember(decision.incidents)
        self._name(op, decision, author, received_at_ms)
        self.calls += decision.calls
        self.ends += [(key, _WHY_ENDED.get(op.name, "closed")) for key in decision.ends]
        self.acks += decision.acks
        self.removals += decision.removals
        return Verdict(decision.outcome, decision.code, decision.details, decision.rev)

    def alarmed(self, incident_id: str, people: Sequence[str], informed: Container[str] = ()) -> None:
        """An alarm of the incident has called these persons, or told the `informed` of them: they may see it."""
        found = self._incident(incident_id)
        if found is None:
            return
        changed = reached(found, people, informed)
        self._remember([] if changed is found else [changed])
        into = self._incident(changed.merged_into)
        if into is not None:  # a task's alarm goes on climbing after its incident was merged
            self.alarmed(into.id, people, informed)

    def acked(
        self,
        incident_id: str,
        task_id: str | None,
        actor: Actor,
        op_id: str,
        moment: Moment,
        received_at_ms: int,
    ) -> None:
        """收到 from an alarm of the incident; of a merged one it counts where its tasks are now."""
        found = self._incident(incident_id)
        host = self._incident(found.merged_into) if found is not None and found.merged_into else found
        if host is None:
            return
        changed = acknowledged(host, actor, op_id, moment, received_at_ms, task_id)
        self._remember([] if changed is host else [changed])

    def conceal(self, ticket_id: str) -> list[Incident]:
        """The ticket turned confidential → the incidents opened from it, without its words from now on."""
        opened = [self._incident(id_) for id_ in incidents.from_ticket(self._connection, ticket_id)]
        done = [conceal(each) for each in opened if each is not None]
        self._remember(done)
        for child in done:
            into = self._incident(child.merged_into)
            if into is not None:
                self._remember([conceal_merged(into, child)])
        return done

    def save(self) -> list[Change]:
        """Write everything; the changed incidents as documents for the feed."""
        changed = [each for id_, each in sorted(self._now.items()) if self._loaded.get(id_) is not each]
        incidents.save(self._connection, self._loaded, changed)
        self._name_photos()
        return [self._change(each) for each in changed]

    def _incident(self, id_: Any) -> Incident | None:
        if not isinstance(id_, str):
            return None
        if id_ not in self._now and id_ not in self._absent:
            found = incidents.load(self._connection, [id_], lock=True)
            self._loaded.update(found)
            self._now.update(found)
            if not found:
                self._absent.add(id_)
        return self._now.get(id_)

    def _remember(self, changed: Iterable[Incident]) -> None:
        for each in changed:
            self._now[each.id] = each
            self._absent.discard(each.id)

    def _context(self, subject: Incident | None, op: Op, actor: Actor, now_ms: int) -> IncidentContext:
        fresh = op.name in _NEW
        turns = rota.around(self._connection, now_ms)
        register = Register(self._people, turns, now_ms)
        return IncidentContext(
            rules=self._handler.rules,
            now_ms=now_ms,
            units=self._units,
            people=self._people,
            who=lambda post, unit: [each.id for each in at_post(post, unit, register)[0]],
            templates=incidents.templates(self._connection) if op.name == "incident.open_channel" else (),
            ever_held=self._ever_held(actor, subject),
            related=self._related(subject, op),
            ticket=self._ticket(op) if op.name == "incident.open" else None,
            taken=fresh and bool(incidents.taken_ids(self._connection, [op.subject or ""])),
            running_drill=incidents.running_drill(self._connection) if fresh else None,
            photos=self._here(),
        )

    def _ever_held(self, actor: Actor, incident: Incident | None) -> bool:
        """Asked of the database only for somebody who does not have it now."""
        if incident is None or may_see_incident(actor, incident):
            return incident is not None
        key = (actor.id, incident.id)
        if key not in self._held:
            self._held[key] = bool(self._tx.ever_held(actor.id, [incident.id], "incident"))
        return self._held[key]

    def _related(self, subject: Incident | None, op: Op) -> dict[str, Incident]:
        wanted = {op.args.get("into"), subject.merged_into if subject is not None else None}
        found = ((each, self._incident(each)) for each in sorted(x for x in wanted if isinstance(x, str)))
        return {id_: other for id_, other in found if other is not None}

    def _ticket(self, op: Op) -> Any:
        """Locked: it could turn confidential at this moment, and the incident would keep its words."""
        wanted = op.args.get("ticket")
        if not isinstance(wanted, str):
            return None
        return tickets.load(self._connection, [wanted.lower()], lock=True).get(wanted.lower())

    def _here(self) -> Mapping[str, str]:
        """The author's photos whose bytes came before the operation that names them."""
        if self._photos is None:
            self._photos = photo_rows.complete_unnamed(self._connection, self._author.person)
        return self._photos

    def _name(self, op: Op, decision: IncidentDecision, author: Author, now_ms: int) -> None:
        if decision.outcome in {"applied", "kept"} and op.args.get("photos"):
            host = decision.incidents[0].id
            self._named += [
                photo_rows.named(each, host, op.id, author.person, now_ms) for each in op.args["photos"]
            ]

    def _name_photos(self) -> None:
        photo_rows.name_photos(self._connection, self._named)
        op_ids = sorted({row["op_id"] for row in self._named})
        if op_ids and photo_rows.came_meanwhile(self._connection, op_ids, self._here()):
            raise Retry("bytes came while their operation was decided")

    def _change(self, of: Incident) -> Change:
        merged = of.state == "merged"
        return Change(
            type="incident",
            id=of.id,
            rev=of.rev,
            buckets=frozenset(buckets_of_incident(of)),
            doc=orjson.dumps(render_incident(of, self._units, self._people)).decode(),
            gone="merged" if merged else ("closed" if of.left_phones else "moved"),
            into=of.merged_into,
        )
