"""The ticket as a phone holds it (API: `type: "ticket"`)."""

from collections.abc import Mapping

from server.domain.roles import Actor, Unit
from server.domain.ticket import Json, Ticket


def render(
    ticket: Ticket,
    units: Mapping[str, Unit],  # noqa: ARG001 - being filled in
    people: Mapping[str, Actor],  # noqa: ARG001
    *,
    now_ms: int | None = None,  # noqa: ARG001
    whole: bool = False,  # noqa: ARG001
) -> Json:
    """The wire document. A confidential ticket gives its stub unless `whole`, which also gives the full timeline.

    `deadlines[].state` is as of `now_ms` (without it: never missed); `as_of` patches it in an answer.
    """
    return {"id": ticket.id, "rev": ticket.rev, "state": ticket.state}
