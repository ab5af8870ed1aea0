"""Sends alarms and lets ladders climb: `python -m server.workers.alarms`. Several may run, on several servers.

The doorbell (huey) wakes it; the outbox and the ladders in the database are the truth, and it looks there by
itself twice a second and whenever the next rung is due. Every step is a compare-and-set, so that two workers
never climb or send twice, and what one that was killed left is taken up by the next.
"""

import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Engine

from server.actions import climbing as ladders
from server.actions.desk import Desk
from server.actions.operations import Operations
from server.alerts.bell import Bell
from server.alerts.couriers import couriers_of, warm_up
from server.alerts.outbox import Outbox
from server.clock import now_ms
from server.config import SettingError, Settings, settings_from_environment
from server.log import configure
from server.store import deliveries, facts
from server.store import engine as store_engine
from server.store.contacts import Vault
from server.store.engine import reading, writing
from server.store.oplog import Oplog

NAME = "alarms"
BEAT_MS = 10_000
LOOK_S = 0.5  # without a ring
WAKE_S_MIN = 0.02
RECOVER_MS = 5_000
CLIMB_MS = 5_000  # ladders and reminders are looked through so often though nothing seems due
FLUSH_S = 1.0  # so long at a time, then ladders and heartbeat have their turn
TROUBLE_S = 1.0
JOURNALS = "outbox"

logger = structlog.get_logger(__name__)


@dataclass
class Alarms:
    """One round does all that is due; rounds are harmless however often and wherever they run."""

    desk: Desk
    outbox: Outbox
    climbing: Any = ladders  # None: only the outbox is looked after
    _beat_ms: int = 0
    _recovered_ms: int = 0
    _climbed_ms: int = 0
    _rung_due: bool = False
    _in_vain: bool = False  # a rung is due and could not be climbed: not tried again at once, on and on

    def round(self, now: int) -> dict[str, int]:
        """Do what is due at `now` → how much of each was done."""
        self._beat(now)
        done: dict[str, int] = {}
        if self._recovered_ms + RECOVER_MS <= now or now < self._recovered_ms:
            done["taken_over"] = self.outbox.recover()
            self._recovered_ms = now
        if self._ladders_due(now):
            for name in ("climb_due", "remind_due"):
                done[name] = self._chore(name, now)
            self._in_vain = self._rung_due and done["climb_due"] == 0
        done["sent"] = self.outbox.flush(FLUSH_S)
        return {name: count for name, count in done.items() if count}

    def next_in_s(self, now: int) -> float:
        """How long there is nothing to do, at most LOOK_S."""
        if self.outbox.busy:
            return WAKE_S_MIN
        with reading(self.desk.engine) as connection:
            moments = [deliveries.next_at(connection)]
            if self.climbing is not None and not self._in_vain:
                moments.append(self.climbing.next_due(connection))
        soonest = min((each for each in moments if each is not None), default=None)
        if soonest is None:
            return LOOK_S
        return min(LOOK_S, max(WAKE_S_MIN, (soonest - now) / 1000))

    def _ladders_due(self, now: int) -> bool:
        if self.climbing is None:
            return False
        with reading(self.desk.engine) as connection:
            due = self.climbing.next_due(connection)
        waits = due is None or due > now
        self._rung_due = not waits
        self._in_vain = self._in_vain and not waits
        if (waits or self._in_vain) and self._climbed_ms <= now < self._climbed_ms + CLIMB_MS:
            return False
        self._climbed_ms = now
        return True

    def _chore(self, name: str, now: int) -> int:
        """One that fails does not keep the others from being done."""
        try:
            return int(getattr(self.climbing, name)(self.desk, now) or 0)
        except Exception as error:
            logger.exception("chore_failed", chore=name, error=type(error).__name__)
            return 0

    def _beat(self, now: int) -> None:
        if not self._beat_ms <= now < self._beat_ms + BEAT_MS:  # also when the clock was set back
            with writing(self.desk.engine) as connection:
                facts.write(connection, facts.HEARTBEAT + NAME, str(now))
            self._beat_ms = now


def alarms_of(settings: Settings) -> Alarms:
    """A worker for these settings, with an engine of its own. Raises SettingError."""
    engine = engine_of(settings)
    log = Oplog(engine, settings.secret("sync"))
    desk = Desk(engine, log, Operations(settings.rules).inside(), Vault(settings.secret("contact")))
    couriers = couriers_of(settings, engine)
    return Alarms(desk, Outbox(engine, settings.data / JOURNALS, couriers, settings.alarm_threads, now_ms))


def engine_of(settings: Settings) -> Engine:
    url = settings.database_url
    engine = sa.create_engine(url, **store_engine.engine_options(url))
    store_engine.install(engine)
    return engine


def main() -> int:
    """Rounds until SIGTERM or SIGINT; 2 when a setting stops the start."""
    settings = settings_from_environment()
    configure(settings.log_level, settings.log_format)
    woken, stop = threading.Event(), threading.Event()
    warm_up()
    try:
        alarms = alarms_of(settings)

        def heard() -> None:
            woken.set()
            alarms.outbox.nudge()

        consumer = _listen(Bell(settings), heard)
    except SettingError as error:
        logger.error("alarms_cannot_start", error=str(error))  # noqa: TRY400 - the words say what to do, no trace
        return 2

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()
        woken.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    run(alarms, woken, stop)
    if consumer is not None:
        consumer.stop()
    return 0


def run(alarms: Alarms, woken: threading.Event, stop: threading.Event) -> None:
    """Rounds until told to stop."""
    while not stop.is_set():
        woken.clear()
        try:
            done = alarms.round(now_ms())
            if done:
                logger.info("alarms", **done)
            wait_s = alarms.next_in_s(now_ms())
        except Exception as error:  # noqa: BLE001 - the database may be away for a while; the next round tries again
            logger.warning("alarms_failed", error=type(error).__name__)
            stop.wait(TROUBLE_S)
            continue
        woken.wait(wait_s)
    try:
        alarms.outbox.close()
    except Exception as error:  # noqa: BLE001 - the journal has what could not be written
        logger.warning("outbox_not_closed", error=type(error).__name__)


def _listen(bell: Bell, heard: Callable[[], None]) -> Any:
    """Without its bell the worker looks twice a second, which is slower but not wrong."""
    try:
        return bell.listen(heard)
    except SettingError:
        raise
    except Exception as error:  # noqa: BLE001 - see above
        logger.warning("bell_broken", error=type(error).__name__)
        return None


if __name__ == "__main__":
    sys.exit(main())
