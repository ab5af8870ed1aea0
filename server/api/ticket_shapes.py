"""What of a ticket is answered outside sync: to the intake, as a row of the list, whole (`document_shapes`)."""

from typing import Any

from server.api.context import settings
from server.domain.doc import as_of, render
from server.domain.roles import Actor
from server.domain.ticket import Ticket
from server.store.people import Directory

_PARTINGS = frozenset({"ticket.merge", "ticket.unmerge"})


def document(ticket: Ticket, known: Directory, now_ms: int, *, whole: bool = False) -> dict[str, Any]:
    """The wire document as of now; `whole` gives the content of a confidential one and the full timeline."""
    return as_of(
        render(ticket, known.units, known.people, now_ms=now_ms, whole=whole, rules=settings().rules), now_ms
    )


def without_survivor(doc: dict[str, Any]) -> dict[str, Any]:
    """A merged ticket's document for a reader who may not see the ticket it went into: not its number, nor why."""
    told = {**doc, "merged_into": None}
    if "timeline" in doc:
        told["timeline"] = [
            _unsaid(entry) if entry["name"] in _PARTINGS else entry for entry in doc["timeline"]
        ]
    return told


def _unsaid(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in entry.items() if name != "details"} | {"text": None}


def intake_answer(ticket: Ticket, known: Directory, now_ms: int) -> dict[str, Any]:
    """What the city is told of its ticket: never more than it sent, and what the town decided."""
    doc = document(ticket, known, now_ms)
    return {
        "id": ticket.id,
        "external_no": ticket.external_no,
        "state": ticket.state,
        "cycle": ticket.cycle,
        "lead_unit": doc.get("lead_unit"),
        "deadlines": doc.get("deadlines", []),
        "flags": list(ticket.flags),
    }


def list_row(ticket: Ticket, known: Directory, actor: Actor, now_ms: int) -> dict[str, Any]:
    """A row of the list: the document without its timeline, content only where it is no secret."""
    doc = document(ticket, known, now_ms)
    for long in ("timeline", "callbacks"):
        doc.pop(long, None)
    doc["mine"] = actor.id == ticket.assignee
    return doc
