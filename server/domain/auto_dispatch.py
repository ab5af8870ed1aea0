"""Where the server sends an emergency by itself: lead by duty, the village of the place always takes part (§B)."""

from collections.abc import Callable, Mapping

from server.domain.roles import Actor, Unit
from server.domain.suggest import only_worker, village_of
from server.domain.ticket import Json, Ticket

OnDuty = Callable[[str], str | None]
"""The worker whom the rota names for a unit now."""


def dispatch_args(
    ticket: Ticket, units: Mapping[str, Unit], people: Mapping[str, Actor], on_duty: OnDuty
) -> Json | None:
    """The arguments of `ticket.dispatch`, or None without a suggestion.

    The worker on duty of the village goes to the scene, whoever leads.
    """
    suggested = ticket.suggestion
    if suggested is None:
        return None
    village = village_of(ticket, units)
    taking_part = [suggested["unit"], *suggested["joint_units"]]
    worker = suggested["assignee"]
    if village is not None:
        if village.id not in taking_part:
            taking_part.append(village.id)
        worker = on_duty(village.id) or only_worker(village, people) or worker
    args: Json = {"unit": taking_part[0], "joint_units": taking_part[1:]}
    return args if worker is None else args | {"assignee": worker}
