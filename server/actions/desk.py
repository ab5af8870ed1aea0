"""What an action at the town's own desk needs: the database, the log, what operations mean, the contact key."""

from dataclasses import dataclass

from sqlalchemy.engine import Engine

from server.actions.operations import Operations
from server.store.contacts import Vault
from server.store.oplog import Oplog


@dataclass(frozen=True)
class Desk:
    """Made once per process. `handler` is the server's own variant (`Operations.inside()`)."""

    engine: Engine
    log: Oplog
    handler: Operations
    vault: Vault
