"""What a worker notes beside the database, so that one killed between an answer and its commit sends nothing twice.

A worker's file carries its name and is locked while it lives. Each line is one step: `>` about to send, `=` the
answer. A file that nobody locks is a dead worker's: what it knew is written to the database by the next.

What remains: a request that was on its way when the process was killed (`>` without `=`) may or may not have
arrived, and is sent again after a pause that lets the phone's own receipt come first. Push services replace a
waiting message of the same topic and phones a shown notification of the same tag, so such a second one is not
seen. The file is not forced to the disk: after a power cut the same holds for what was sent since the last commit.
"""

import contextlib
import fcntl
import os
import threading
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from server.store.deliveries import Result

SUFFIX = ".journal"


@dataclass
class Left:
    """What a dead worker left: answers that may not be in the database, and sends that nobody saw end."""

    claim: str
    results: dict[str, Result] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)


class Journal:
    """This worker's own file. `claim` is its name in the outbox."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.claim = uuid.uuid4().hex
        self._path = folder / (self.claim + SUFFIX)
        self._lock = threading.Lock()
        # Locked before it bears its name, so that no other worker finds it unlocked.
        unnamed = folder / f".{self.claim}"
        self._file = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        unnamed.rename(self._path)

    def begin(self, id_: str) -> None:
        self._append(b">" + id_.encode() + b"\n")

    def answer(self, result: Result) -> None:
        self._append(b"=" + orjson.dumps(asdict(result)) + b"\n")

    def _append(self, line: bytes) -> None:
        with self._lock, contextlib.suppress(OSError):  # a full disk does not stop an alarm
            os.write(self._file, line)

    def settle(self) -> None:
        """Nothing is on its way and all answers are in the database: begin anew."""
        with self._lock:
            if os.fstat(self._file).st_size:
                os.ftruncate(self._file, 0)

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._file)


def left_behind(folder: Path) -> list[tuple[Path, int, Left]]:
    """Files of workers that are no more, each locked by us now; `let_go` when done with it."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)  # its worker lives, or another one has it in hand
            continue
        found.append((path, handle, _read(path)))
    return found


def let_go(path: Path, handle: int, *, done: bool) -> None:
    if done:
        path.unlink(missing_ok=True)
    os.close(handle)


def _read(path: Path) -> Left:
    """A line that a full disk or a power cut spoilt is passed over: its row is sent again, at worst."""
    left = Left(path.name.removesuffix(SUFFIX))
    for line in path.read_bytes().split(b"\n")[:-1]:  # the last is empty, or was cut short
        with contextlib.suppress(ValueError, TypeError):
            _step(left, line[:1], line[1:])
    return left


def _step(left: Left, mark: bytes, rest: bytes) -> None:
    if mark == b">":
        left.begun.add(rest.decode())
        left.results.pop(rest.decode(), None)
    elif mark == b"=":
        result = Result(**orjson.loads(rest))
        left.results[result.id] = result
        left.begun.discard(result.id)
