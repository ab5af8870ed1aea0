"""What an action at the town's own desk needs: the database, the log, what operations mean, the contact key."""

from dataclasses import dataclass

from sqlalchemy.engine import Engine

from server.actions.handler import TicketHandler
from server.store.contacts import Vault
from server.store.oplog import Oplog


@dataclass(frozen=True)
class Desk:
    """Made once per process. `handler` is the server's own variant (`TicketHandler.inside()`)."""

    engine: Engine
    log: Oplog
    handler: TicketHandler
    vault: Vault
