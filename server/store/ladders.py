"""The town's own ladders, one fact per kind of alarm, over the defaults."""

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server.domain.escalation import DEFAULTS, BadLadder, Ladder, parse_ladder
from server.store import facts
from server.store.tables_people import SettingRow

PREFIX = "ladder:"


def ladder_for(connection: Connection, kind: str) -> Ladder:
    """The ladder that an alarm of this kind climbs."""
    return _parsed(facts.read(connection, PREFIX + kind)) or DEFAULTS[kind]


def read(connection: Connection) -> dict[str, Ladder]:
    """Every kind's ladder."""
    return DEFAULTS | own(connection)


def own(connection: Connection) -> dict[str, Ladder]:
    """Those that the town changed."""
    stored = {kind: _parsed(text) for kind, text in facts.beginning_with(connection, PREFIX).items()}
    return {kind: ladder for kind, ladder in stored.items() if ladder is not None and kind in DEFAULTS}


def write(connection: Connection, kind: str, ladder: Ladder) -> None:
    facts.write(connection, PREFIX + kind, orjson.dumps(ladder.to_list()).decode())


def forget(connection: Connection, kind: str) -> bool:
    """Back to the default; False if it was the default."""
    done = connection.execute(sa.delete(SettingRow).where(SettingRow.key == PREFIX + kind))
    return done.rowcount == 1


def _parsed(text: str | None) -> Ladder | None:
    """None for one that this version cannot read: an emergency then climbs the default rather than nothing."""
    if text is None:
        return None
    try:
        return parse_ladder(orjson.loads(text))
    except (BadLadder, orjson.JSONDecodeError):
        return None
