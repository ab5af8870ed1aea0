"""The demo town's rota for a month around the present, with one stand-in and one gap, and invented phone numbers."""

from collections.abc import Iterator

from server.demo.ids import demo_id
from server.demo.people import PEOPLE
from server.demo.town import unit_named
from server.domain.instants import DAY_MS, HOUR_MS, MINUTE_MS, day_of, start_of
from server.domain.rota import Turn
from server.store import reach, rota
from server.store.oplog import Writing
from server.store.reach import Reach

DAYS = 30
_HANDOVER_MS = 8 * HOUR_MS + 30 * MINUTE_MS  # 8:30 in the morning
_STAND_IN_DAY, _GAP_DAY = 3, 5
_POSTS: tuple[tuple[str, str | None, str], ...] = (
    ("duty_room", None, "duty"),
    ("leader", None, "leader"),
    ("worker", "闸口村", "worker"),
    ("backup", "闸口村", "worker2"),
    ("worker", "南城村", "worker3"),
    ("backup", "南城村", "p04"),
)


def load_rota(tx: Writing, now_ms: int) -> None:
    """Turns from yesterday on, and a number for everybody."""
    rota.add(tx.connection, list(turns(now_ms)), "system", now_ms)
    for number, person in enumerate(PEOPLE):
        reach.write(tx.connection, person.id, Reach(phone=f"1380000{number:04}"), now_ms)


def turns(now_ms: int) -> Iterator[Turn]:
    """A day's turn for each post and day; the third day a stand-in, the fifth a gap."""
    morning = start_of(day_of(now_ms)) + _HANDOVER_MS
    for day in range(-1, DAYS):
        begins = morning + day * DAY_MS
        for post, unit, username in _POSTS:
            if (day, post, unit) != (_GAP_DAY, "backup", "南城村"):
                yield _turn(post, unit, username, begins, begins + DAY_MS)
    begins = morning + _STAND_IN_DAY * DAY_MS
    yield _turn("backup", "闸口村", "p05", begins, begins + 4 * HOUR_MS, replaces="worker2")


def _turn(
    post: str, unit: str | None, username: str, from_ms: int, to_ms: int, replaces: str | None = None
) -> Turn:
    return Turn(
        id=demo_id("turn", post, unit or "", username, str(from_ms)),
        post=post,
        unit_id=unit_named(unit).id if unit else None,
        person_id=demo_id("person", username),
        from_ms=from_ms,
        to_ms=to_ms,
        kind="stand_in" if replaces else "regular",
        replaces=demo_id("person", replaces) if replaces else None,
        note="参加培训" if replaces else "",
    )
