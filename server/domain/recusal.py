"""Recusal: who comes to work for the accused unit lets go of the tickets about it (信访条例 §30, DOMAIN §E)."""

from server.domain.decision import Notice
from server.domain.roles import Actor, handlers_of, is_accused
from server.domain.step import Step
from server.domain.ticket import Ticket


def must_let_go(person: Actor, ticket: Ticket) -> bool:
    """Whether the person is on the ticket by name although it is about the unit that he works for now."""
    return is_accused(person, ticket) and (person.id in handlers_of(ticket) or person.id == ticket.assignee)


def recuse(ticket: Ticket, step: Step) -> Ticket:
    """The ticket without that person; who leads it and the office are told to name another. Nothing if all is well."""
    person = step.ctx.people.get(step.args["person"])
    if person is None or not must_let_go(person, ticket):
        step.silent = True
        return ticket
    step.entry["details"] = {"person": {"id": person.id, "name": person.name}}
    step.notices.append(Notice("recused", ticket.id, step.command.op_id, None, {"person": person.id}))
    return ticket.evolve(
        assignee=None if ticket.assignee == person.id else ticket.assignee,
        assistants=[each for each in ticket.assistants if each != person.id],
        handlers=[each for each in ticket.handlers if each != person.id],
    )
