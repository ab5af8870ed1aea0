"""What runs on the clock, once in the town however many servers there are: `python -m server.workers.sweeper`."""

import hashlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

import sqlalchemy as sa
import structlog

from server.actions import climbing, closing, photos
from server.actions.desk import Desk
from server.actions.operations import Operations
from server.actions.photos import Bounds, PhotoDesk
from server.alerts.couriers import channel_vault
from server.clock import now_ms
from server.config import SettingError, Settings, settings_from_environment
from server.log import configure
from server.store import engine as store_engine
from server.store import facts, lease, sessions
from server.store.blobs import FolderBlobs, S3Blobs
from server.store.calendar import read_calendar
from server.store.contacts import Vault
from server.store.engine import reading, writing
from server.store.oplog import Oplog
from server.workers.watch import Watch

NAME = "sweeper"
ROUND_S = 15.0
LEASE_MS = 60_000
BEAT_MS = 60_000
DAY_MS = 86_400_000
TOMBSTONES_KEPT_DAYS = 90  # a phone away for longer than this starts anew, from the rows themselves
ATTEMPTS_KEPT_MS = 2 * DAY_MS

logger = structlog.get_logger(__name__)


@dataclass
class Sweeper:
    """One round does all that is due; rounds are harmless however often they run."""

    desk: Desk
    photo_desk: PhotoDesk
    holder: str = field(default_factory=lambda: f"{socket.gethostname()}/{os.getpid()}")
    watch: Watch | None = None
    _beat_ms: int = 0

    def round(self, now: int) -> dict[str, int]:
        """Do what is due at `now`, unless another process holds the lease; how much of each chore was done."""
        with writing(self.desk.engine) as connection:
            if not lease.take(connection, NAME, self.holder, now, LEASE_MS):
                return {}
        done: dict[str, int] = {}
        for name, chore in self._chores().items():
            try:
                done[name] = chore(now)
            except Exception as error:
                logger.exception("chore_failed", chore=name, error=type(error).__name__)
        self._beat(now)
        return {name: count for name, count in done.items() if count}

    def stop(self) -> None:
        """Give the lease back, so that the next process need not wait for its end."""
        with writing(self.desk.engine) as connection:
            lease.give_back(connection, NAME, self.holder)

    def _chores(self) -> dict[str, Callable[[int], int]]:
        return {
            "closed": lambda now: closing.close_unrated(self.desk, now),
            "left_phones": lambda now: closing.leave_phones(self.desk, now),
            "incidents_left_phones": lambda now: closing.incidents_leave_phones(self.desk, now),
            "alarms_left_phones": lambda now: climbing.leave_phones(self.desk, now),
            "photos_missing": lambda now: closing.notice_missing_photos(self.desk, now),
            "uploads_expired": lambda now: photos.purge(self.photo_desk, now),
            "recomputed": self._follow_calendar,
            "pruned": self._prune,
            "told_of_outage": lambda now: self.watch.look(now) if self.watch else 0,
        }

    def _follow_calendar(self, now: int) -> int:
        """Deadlines follow when a year's days were loaded or changed since the last round (DOMAIN C9)."""
        with reading(self.desk.engine) as connection:
            calendar = read_calendar(connection)
            state = lease.remembered(connection, NAME)
        content = repr((sorted(calendar.days.items()), sorted(calendar.years)))
        name = hashlib.sha256(content.encode()).hexdigest()[:16]
        if state.get("calendar") == name:
            return 0
        if (
            "calendar" not in state
        ):  # the first round of a new town: its tickets were computed on this calendar
            self._remember(calendar=name)
            return 0
        if state.get("calendar_coming", "").split("@")[0] != name:
            state["calendar_coming"] = (
                f"{name}@{now}"  # noted first: a round that dies goes on under the same name
            )
            self._remember(calendar_coming=state["calendar_coming"])
        done = closing.recompute_deadlines(self.desk, state["calendar_coming"], now)
        self._remember(calendar=name, calendar_coming="")
        return done

    def _prune(self, now: int) -> int:
        """Once a day: departures that no phone will ask for, sessions that ended, failed sign-ins of long ago."""
        with reading(self.desk.engine) as connection:
            last = int(lease.remembered(connection, NAME).get("pruned_ms", "0"))
        if now < last + DAY_MS:
            return 0
        with writing(self.desk.engine) as connection:
            sessions.sweep(connection, now, now - ATTEMPTS_KEPT_MS)
        pruned = self.desk.log.prune(now, TOMBSTONES_KEPT_DAYS)
        self._remember(pruned_ms=str(now))
        return pruned

    def _remember(self, **notes: str) -> None:
        with writing(self.desk.engine) as connection:
            lease.remember(connection, NAME, lease.remembered(connection, NAME) | notes)

    def _beat(self, now: int) -> None:
        if now - self._beat_ms >= BEAT_MS:
            with writing(self.desk.engine) as connection:
                facts.write(connection, facts.HEARTBEAT + NAME, str(now))
            self._beat_ms = now


def sweeper_of(settings: Settings) -> Sweeper:
    """A sweeper for these settings, with an engine of its own. Raises SettingError without a key."""
    url = settings.database_url
    engine = sa.create_engine(url, **store_engine.engine_options(url))
    store_engine.install(engine)
    log = Oplog(engine, settings.secret("sync"))
    desk = Desk(engine, log, Operations(settings.rules).inside(), Vault(settings.secret("contact")))
    bounds = Bounds(
        settings.photo_bytes_max,
        settings.photo_pixels_max,
        settings.photo_unnamed_max,
        settings.photo_unnamed_h,
    )
    blobs = (
        S3Blobs(settings.s3_bucket, settings.s3_endpoint, settings.s3_region)
        if settings.s3_bucket
        else FolderBlobs(settings.data / "photos")
    )
    watch = Watch(engine, channel_vault(settings), now_ms())
    return Sweeper(desk, PhotoDesk(desk, settings.data / "uploads", blobs, bounds), watch=watch)


def main() -> int:
    """Rounds until SIGTERM or SIGINT; 2 when a setting stops the start."""
    settings = settings_from_environment()
    configure(settings.log_level, settings.log_format)
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    try:
        sweeper = sweeper_of(settings)
    except SettingError as error:
        logger.error("sweeper_cannot_start", error=str(error))  # noqa: TRY400 - the words say what to do, no trace
        return 2
    while not stop.is_set():
        try:
            done = sweeper.round(now_ms())
            if done:
                logger.info("swept", **done)
        except Exception as error:  # noqa: BLE001 - the database may be away for a while; the next round tries again
            logger.warning("sweep_failed", error=type(error).__name__)
        stop.wait(ROUND_S)
    try:
        sweeper.stop()
    except Exception as error:  # noqa: BLE001 - the lease ends by itself
        logger.warning("lease_not_given_back", error=type(error).__name__)
    return 0


if __name__ == "__main__":
    sys.exit(main())
