"""The line between a phone and the server: a forwarder with the faults of a real one, whatever the browser believes."""

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

PIECE_BYTES = 65_536


@dataclass(eq=False)
class _Call:
    """One connection through the line."""

    phone: socket.socket
    server: socket.socket
    answer_is_due: Callable[[], None] | None = field(default=None)

    def close(self) -> None:
        _close(self.phone)
        _close(self.server)


class Line:
    """Listens on a port of its own; while it is cut, connections break and new ones are refused an answer."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._open: set[_Call] = set()
        self.mend()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def is_cut(self) -> bool:
        return self._cut

    def cut(self) -> None:
        self._cut = True
        for each in list(self._open):
            each.close()

    def mend(self) -> None:
        """A line without any fault."""
        self._cut = False
        self._refused: bytes | None = None
        self._bytes_left: int | None = None
        self._watched: tuple[bytes, Callable[[], None], bool] | None = None

    def refuse(self, words: bytes) -> None:
        """Requests with these words in their head never arrive."""
        self._refused = words

    def cut_after(self, bytes_up: int) -> None:
        """Die when so much more has gone up, in the middle of whatever it is."""
        self._bytes_left = bytes_up

    def when(self, words: bytes, act: Callable[[], None], *, answered: bool = False) -> None:
        """Do this once a request with these words has gone up; or when its answer comes, which is lost then."""
        self._watched = (words, act, answered)

    def close(self) -> None:
        self.cut()
        _close(self._listening)

    def _accept(self) -> None:
        while True:
            try:
                phone, _ = self._listening.accept()
            except OSError:
                return
            if self._cut:
                _close(phone)
                continue
            try:
                call = _Call(phone, socket.create_connection(("127.0.0.1", self._server_port)))
            except OSError:
                _close(phone)
                continue
            self._open.add(call)
            for pump in (self._up, self._down):
                threading.Thread(target=self._run, args=(pump, call), daemon=True).start()

    def _run(self, pump: Callable[[_Call], None], call: _Call) -> None:
        with contextlib.suppress(OSError):
            pump(call)
        self._open.discard(call)
        call.close()

    def _up(self, call: _Call) -> None:
        while piece := call.phone.recv(PIECE_BYTES):
            if self._refused is not None and self._refused in piece:
                return
            if self._bytes_left is not None:
                call.server.sendall(piece[: self._bytes_left])
                self._bytes_left -= len(piece)
                if self._bytes_left <= 0:
                    self.cut()
                    return
            else:
                self._note(call, piece)
                call.server.sendall(piece)
                self._tell(call)

    def _note(self, call: _Call, piece: bytes) -> None:
        if self._watched is not None and self._watched[0] in piece:
            call.answer_is_due = self._watched[1]

    def _tell(self, call: _Call) -> None:
        """What was waited for has gone up."""
        if self._watched is not None and call.answer_is_due is not None and not self._watched[2]:
            self._watched, act, call.answer_is_due = None, call.answer_is_due, None
            act()

    def _down(self, call: _Call) -> None:
        while piece := call.server.recv(PIECE_BYTES):
            if call.answer_is_due is not None and self._watched is not None and self._watched[2]:
                self._watched, act = None, call.answer_is_due
                act()
                return
            call.phone.sendall(piece)


def _close(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
