"""Who is on duty, asked within one transaction: the register and the rota, read when somebody first asks."""

from sqlalchemy.engine import Connection

from server.actions.lazy import lazy
from server.domain import posts
from server.domain.call import Call
from server.domain.escalation import Who
from server.domain.posts import Register
from server.domain.rota import Turn
from server.store import rota
from server.store.people import Directory, directory


class Duty:
    """The town as it is now. `now_ms`: when the transaction began."""

    def __init__(self, connection: Connection, now_ms: int) -> None:
        self._connection = connection
        self._now_ms = now_ms

    @lazy
    def register(self) -> Directory:
        return directory(self._connection)

    @lazy
    def turns(self) -> list[Turn]:
        """The turns around now."""
        return rota.around(self._connection, self._now_ms)

    @property
    def now(self) -> Register:
        """Register and rota at this moment."""
        return Register(self.register.people, self.turns, self._now_ms)

    def who(self, call: Call) -> Who:
        """Whom each post means for this call, now; a rung of an hour ago, too, calls those who are here now."""
        return lambda post: posts.who(post, call, self.register.people, self.turns, self._now_ms)

    def worker(self, unit: str) -> str | None:
        """The worker whom the rota names for a unit, if it does."""
        named, by_rota = posts.at_post("worker", unit, self.now)
        fit = [each.id for each in named if each.unit_id == unit]
        return fit[0] if by_rota and fit else None
