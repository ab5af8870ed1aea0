"""The line between a phone and the server: a forwarder that can be cut, whatever the browser believes."""

import contextlib
import socket
import threading

PIECE_BYTES = 65_536


class Line:
    """Listens on a port of its own; while it is cut, connections break and new ones are refused an answer."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._cut = False
        self._open: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._cut = True
        for each in list(self._open):
            _close(each)

    def mend(self) -> None:
        self._cut = False

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
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                _close(phone)
                continue
            self._open |= {phone, server}
            for one, other in ((phone, server), (server, phone)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := one.recv(PIECE_BYTES):
                other.sendall(piece)
        for each in (one, other):
            self._open.discard(each)
            _close(each)


def _close(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
