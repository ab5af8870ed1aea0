"""An incident whose ticket has turned confidential since: it goes on without the ticket's words (DOMAIN §E).

What people wrote on the incident itself stays: notes, tasks, reasons, the summary.
"""

from server.domain.call import CONFIDENTIAL_TITLE
from server.domain.incident import Incident, Json

_OPENED = "incident.open"
_NOWHERE: Json = dict.fromkeys(("village", "village_unit", "address", "lat", "lng", "crs", "accuracy_m"))


def conceal(incident: Incident) -> Incident:
    """Without the words, the place and the number that came from its ticket; the same object if it lost them before."""
    if incident.concealed:
        return incident
    return incident.evolve(
        rev=incident.rev + 1,
        concealed=True,
        text=CONFIDENTIAL_TITLE,
        place=dict(_NOWHERE),
        timeline=[_without_words(each) if each["name"] == _OPENED else each for each in incident.timeline],
    )


def conceal_merged(survivor: Incident, child: Incident) -> Incident:
    """The incident that a concealed one was merged into, without its words; the same object if they are not there."""
    merged = [
        {**each, "text": CONFIDENTIAL_TITLE} if each["id"] == child.id else each for each in survivor.merged
    ]
    if merged == survivor.merged:
        return survivor
    return survivor.evolve(rev=survivor.rev + 1, merged=merged)


def _without_words(entry: Json) -> Json:
    details = {name: value for name, value in entry["details"].items() if name != "ticket"}
    return {**entry, "text": CONFIDENTIAL_TITLE, "details": details}
