"""The watch over the alarm worker: if it falls silent, somebody is told by another way than its own.

Run by the sweeper, which is another process and holds a lease: once in the town, once per outage. `/health` and
the duty room's screen say the same for as long as it lasts.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy.engine import Engine

from server.alerts import texts
from server.alerts.channels.kind import Message
from server.alerts.channels.registry import available
from server.alerts.channels.send import send
from server.store import channels, facts
from server.store.contacts import Vault
from server.store.engine import reading, writing

SILENT_MS = 60_000
WATCHED = "alarms"
OUTAGE = "outage:alarms"  # ms of the beat after which it fell silent

logger = structlog.get_logger(__name__)


@dataclass
class Watch:
    """`began_ms`: when this process began to look; what was before, nobody can be blamed for now."""

    engine: Engine
    vault: Vault
    began_ms: int

    def look(self, now: int) -> int:
        """Tell when it fell silent and when it is back → how many channels were told."""
        with reading(self.engine) as connection:
            beat = facts.read(connection, facts.HEARTBEAT + WATCHED)
            outage = facts.read(connection, OUTAGE)
        last = max(int(beat or 0), self.began_ms)
        silent = now - last > SILENT_MS
        if silent == bool(outage):
            return 0
        # Noted first: a sweeper that dies here has told nobody, but one that cannot note would tell for ever.
        with writing(self.engine) as connection:
            facts.write(connection, OUTAGE, str(last) if silent else "")
        kind = "worker_silent" if silent else "worker_back"
        logger.error(kind) if silent else logger.warning(kind)
        return self._tell(kind)

    def _tell(self, kind: str) -> int:
        """By every enabled group channel: nobody's own address has to be known for this."""
        with reading(self.engine) as connection:
            found = [each for each in channels.everyone(connection) if each.enabled]
        told = 0
        for each in found:
            known = available().get(each.kind)
            if known is None or known.target is not None:
                continue
            message = Message(texts.text(kind, drill=False), kind, drill=False)
            outcome = send(each.kind, channels.unseal(self.vault, each), message)
            logger.info("watch_told", channel=each.kind, state=outcome.state, error=outcome.error)
            told += outcome.state == "sent"
        return told
