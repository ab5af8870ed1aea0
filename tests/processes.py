"""Real processes to be killed, forked from one that has imported everything: there at once, not after seconds.

A child shares nothing with the tests but its arguments: it has its own memory, connections and files, and
SIGKILL ends it as it would end any other.
"""

import multiprocessing
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

PRELOADED = ("pytest", "tests.alerts.dying", "tests.store.pushing")
STOP_S = 120

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(list(PRELOADED))


def started(body: Callable[..., None], *arguments: Any) -> BaseProcess:
    """A process that runs this function of a preloaded module."""
    process = context.Process(target=body, args=arguments, daemon=True)
    process.start()
    return process


def ended(process: BaseProcess) -> int:
    """Its exit code once it has ended: minus the signal that killed it."""
    process.join(STOP_S)
    assert process.exitcode is not None, "it goes on and on"
    return process.exitcode
