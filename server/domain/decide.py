"""The one door of the domain: a ticket, a command, what is known → a decision. Never raises for bad input."""

from server.domain.decision import Command, Context, Decision
from server.domain.lifecycle import OPS
from server.domain.ticket import Ticket


def decide(ticket: Ticket | None, command: Command, ctx: Context) -> Decision:  # noqa: ARG001 - being filled in
    """Judge one operation in the order of SYNC.md: unknown, arguments, rights, already/changed, stale, state, guards."""
    if command.name not in OPS:
        return Decision("refused", "unknown_op")
    return Decision("refused", "wrong_state")
