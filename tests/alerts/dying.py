"""A worker that is killed at a given step of a send, in a process of its own (tests/processes.py).

It kills itself with SIGKILL, so nothing of ours gets to tidy up.
"""

import os
import signal
from pathlib import Path

from server.alerts import outbox as outbox_module
from server.alerts.couriers import couriers_of
from server.alerts.journal import Journal
from server.alerts.outbox import Outbox
from server.clock import now_ms
from server.config import Settings
from server.workers.alarms import engine_of

STEPS = ("claimed", "before_post", "after_post", "after_journal", "after_commit")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arrange(step: str, box: Outbox) -> None:
    """Let the process die at this step."""
    if step == "claimed":
        box._send = lambda _row: die()
    elif step == "before_post":
        box._courier = lambda _row, _now: die()
    elif step == "after_post":
        real = box._courier
        box._courier = lambda row, now: (real(row, now), die())
    elif step == "after_journal":
        outbox_module.note = lambda *_: die()
    elif step == "after_commit":
        Journal.settle = lambda _self: die()


def main(step: str, data: str, host: str, database: str) -> None:
    """Send what is due to this push service, and die at the step."""
    settings = Settings(data=Path(data), push_hosts=host, database=database, alarm_threads=1)
    engine = engine_of(settings)
    box = Outbox(engine, settings.data / "outbox", couriers_of(settings, engine), 1, now_ms)
    box.recover()
    arrange(step, box)
    box.flush()
    box.close()
