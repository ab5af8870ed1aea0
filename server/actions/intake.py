"""The city line's word: new tickets, later news of them, and what goes back to the city (API.md “Intake”)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from server.actions.desk import Desk
from server.actions.handler import Beside
from server.actions.intake_form import Form
from server.actions.op_ids import derived_id
from server.domain import mask
from server.domain.roles import CITY
from server.store import intake_rows, items
from server.store.contacts import Vault
from server.store.engine import reading, writing
from server.store.items import Item
from sync.clock import rfc3339
from sync.log import Author, Verdict
from sync.op import Op, make_op, uuid7
from sync.perform import perform

CITY_AUTHOR = Author("city", None, CITY)
DAY_MS = 86_400_000
_RETRIES_MAX = 3


class Refused(Exception):
    """The rules said no; `code` and `details` as in an operation's receipt."""

    def __init__(self, code: str, details: dict[str, Any]) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


@dataclass(frozen=True)
class Taken:
    """What became of one form. `taken`: the number belongs to a ticket of other content, see `differs`."""

    outcome: Literal["created", "same", "taken"]
    ticket_id: str
    differs: tuple[str, ...] = ()


def ingest(desk: Desk, form: Form, author: Author, now_ms: int) -> Taken:
    """One ticket of the city line: made, known already, or 409 with an item for the officer.

    An `urgent: true` under a taken number takes effect at once, whatever else differs. Raises Refused.
    """
    outcome = ingest_many(desk, [form], author, now_ms)[0]
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


def ingest_many(desk: Desk, forms: Sequence[Form], author: Author, now_ms: int) -> list[Taken | Refused]:
    """Several at once in one transaction, in order; the same number twice is the second's `same` or `taken`."""
    prints = [fingerprints(desk.vault, form) for form in forms]
    found: list[Taken | Refused | None] = [None] * len(forms)
    for _ in range(_RETRIES_MAX):  # a number may be taken between our look and our write: then look again
        waiting = [i for i, outcome in enumerate(found) if outcome is None]
        with reading(desk.engine) as connection:
            seen = intake_rows.find_seen(connection, [forms[i].external_no for i in waiting])
        for i in waiting:
            if forms[i].external_no in seen:
                found[i] = _known(desk, forms[i], prints[i], seen[forms[i].external_no], author, now_ms)
        fresh = _first_of_each([i for i in waiting if found[i] is None], forms)
        for i, outcome in zip(
            fresh, _create(desk, [(forms[i], prints[i]) for i in fresh], author, now_ms), strict=True
        ):
            found[i] = outcome
        if all(found):
            break
    return [outcome or Refused("conflict", {}) for outcome in found]


def _first_of_each(indexes: Sequence[int], forms: Sequence[Form]) -> list[int]:
    """Those whose number has not come before among them: a second one is known once the first is made."""
    return list({forms[i].external_no: i for i in reversed(indexes)}.values())[::-1]


def _create(
    desk: Desk, pairs: list[tuple[Form, dict[str, str]]], author: Author, now_ms: int
) -> list[Taken | Refused | None]:
    """None where the number turned out to be taken meanwhile."""
    if not pairs:
        return []
    ops, beside = [], {}
    for form, prints in pairs:
        ticket_id = _ticket_id(desk.vault, form)
        ops.append(_ingest_op(form, ticket_id, call=uuid7(now_ms)))
        beside[ops[-1].id] = _beside(desk.vault, form, ticket_id, prints, now_ms)
    verdicts = perform(desk.log, desk.handler.carrying(beside), ops, author, now_ms)
    return [_outcome(op, verdict) for op, verdict in zip(ops, verdicts, strict=True)]


def _ticket_id(vault: Vault, form: Form) -> str:
    """The same number, the same id: when the city sends again what a restored backup had lost, the work that phones
    still hold finds its ticket. Keyed, so that nobody can make it of a number; a UUIDv7 of the day of receipt.
    """
    mark = bytes.fromhex(vault.fingerprint("ticket id", form.external_no))
    return uuid7(form.received_at_ms // DAY_MS * DAY_MS, mark)


def _outcome(op: Op, verdict: Verdict) -> Taken | Refused | None:
    if verdict.outcome == "applied":
        return Taken("created", str(op.subject))
    if verdict.outcome == "duplicate" or verdict.code == "op_mismatch":
        return None
    return Refused(verdict.code or "invalid_args", dict(verdict.details))


def _ingest_op(form: Form, ticket_id: str, *, call: str) -> Op:
    """`call` tells two calls apart that bring one number at the same moment: the second looks again."""
    args = {
        "call": call,
        "external_no": form.external_no,
        "category": form.category,
        "urgent": form.urgent,
        "confidential": form.confidential,
        "title": mask.content(form.title),
        "content": mask.content(form.content),
        "place": asdict(form.place),
        "contact": {
            "name": mask.name(form.contact.get("name")),
            "phone": mask.phone(form.contact.get("phone")),
        },
        "respondent_unit": form.respondent_unit,
        "received_at": rfc3339(form.received_at_ms),
        "external_due_at": rfc3339(form.external_due_at_ms) if form.external_due_at_ms is not None else None,
    }
    return make_op(derived_id("ingest", form.external_no), "ticket.ingest", ticket_id, args)


def _beside(vault: Vault, form: Form, ticket_id: str, prints: dict[str, str], now_ms: int) -> Beside:
    private = {"title": form.title, "content": form.content, **form.contact}
    return Beside(
        ticket_id,
        sealed={"": vault.seal(ticket_id, "", private)},
        phone_hash=vault.phone_hash(form.contact.get("phone")),
        seen=intake_rows.Seen(form.external_no, ticket_id, prints, now_ms),
    )


def fingerprints(vault: Vault, form: Form) -> dict[str, str]:
    """Each field of the form as a keyed hash, to tell later which differ without keeping them readable."""
    fields = asdict(form)
    del fields["external_no"]
    fields["received_at"] = fields.pop("received_at_ms")
    fields["external_due_at"] = fields.pop("external_due_at_ms")
    return {name: vault.fingerprint(name, value) for name, value in fields.items()}


def _known(
    desk: Desk, form: Form, prints: dict[str, str], seen: intake_rows.Seen, author: Author, now_ms: int
) -> Taken:
    differs = tuple(sorted(name for name, print_ in prints.items() if seen.fields.get(name) != print_))
    if not differs:
        return Taken("same", seen.ticket_id)
    if form.urgent:  # an emergency is never swallowed, the second one under a number neither
        update = {"kind": "urgent", "text": None}
        op = make_op(
            derived_id("taken-urgent", form.external_no, *sorted(prints.values())),
            "ticket.city_update",
            seen.ticket_id,
            update,
        )
        perform(desk.log, desk.handler, [op], author, now_ms)
    item = Item(
        id=derived_id("taken", form.external_no, *sorted(prints.values())),
        kind="external_no_taken",
        ticket_id=seen.ticket_id,
        op_id=None,
        unit=None,
        details={"differs": list(differs), "urgent": form.urgent, "external_no": form.external_no},
        created_at_ms=now_ms,
    )
    with writing(desk.engine) as connection:
        items.add(connection, [item])
    return Taken("taken", seen.ticket_id, differs)
