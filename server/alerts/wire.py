"""One HTTP POST to the outside: bounded in time and answer, no redirects, and never into our own network.

A name is resolved here and connected to by the very address that was looked at: whoever owns the name could
answer differently the second time (DNS rebinding).
"""

import email.utils
import http.client
import io
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.util.connection import create_connection

from server.alerts import hosts

CONNECT_S = 3.0
READ_S = 5.0  # for the whole answer, however slowly it drips
ANSWER_BYTES_MAX = 4096
POOLS_MAX = 64


class Inside(Exception):
    """The name points into a network that is not outside."""


class Unreached(Exception):
    """No answer: `code` is timeout or unreachable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    retry_after_s: float | None


class _InTime(io.RawIOBase):
    """What comes over a socket within one span of time: a socket's own limit begins anew with every byte."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw, self._sock = raw, sock
        self._until = time.monotonic() + (sock.gettimeout() or READ_S)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answered(http.client.HTTPResponse):
    """An answer that has to come to its end in time."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_InTime(self.fp.detach(), sock))


class _Plain(HTTPConnection):
    response_class = _Answered


class _Sealed(HTTPSConnection):
    response_class = _Answered


class _OutsideOnly(_Sealed):
    """Connects to public addresses only; the certificate is still checked against the name."""

    def _new_conn(self) -> socket.socket:
        last: OSError | None = None
        for address in _public_addresses(self._dns_host, self.port):
            try:
                return create_connection(
                    (address, self.port),
                    self.timeout,
                    source_address=self.source_address,
                    socket_options=self.socket_options,
                )
            except TimeoutError as error:
                raise ConnectTimeoutError(self, "timed out") from error
            except OSError as error:
                last = error
        raise NewConnectionError(self, "refused") from last


def _public_addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unreached("unreachable") from error
    addresses = [str(each[4][0]) for each in found]
    if not addresses or not all(hosts.is_public(each) for each in addresses):
        raise Inside
    return addresses


class _OutsidePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _OutsideOnly


class _SealedPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Sealed


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class Wire:
    """Keeps connections open, a pool for each service. No proxy, no cookie, no password file plays a part."""

    def __init__(self, threads: int, connect_s: float = CONNECT_S, read_s: float = READ_S) -> None:
        self._timeout = urllib3.Timeout(connect=connect_s, read=read_s)
        self._threads = threads
        self._lock = threading.Lock()
        self._pools: OrderedDict[tuple[str, str, int, bool], Any] = OrderedDict()

    def post(self, to: hosts.Endpoint, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Raises Inside or Unreached."""
        try:
            response = self._pool(to).urlopen(
                "POST",
                to.path,
                body=body,
                headers=dict(headers),
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=self._timeout,
            )
        except (Inside, Unreached):
            raise
        except NewConnectionError as error:
            raise Unreached("unreachable") from error
        except (urllib3.exceptions.TimeoutError, TimeoutError) as error:
            raise Unreached("timeout") from error
        except (HTTPError, OSError, UnicodeError) as error:
            raise Unreached("unreachable") from error
        try:
            return Answer(response.status, retry_after_s(response.headers.get("Retry-After")))
        finally:
            _finish(response)

    def _pool(self, to: hosts.Endpoint) -> Any:
        key = (to.scheme, to.host, to.port, to.widened)
        with self._lock:
            pool = self._pools.get(key)
            if pool is None:
                kind: Any = _OutsidePool
                if to.widened:
                    kind = _SealedPool if to.scheme == "https" else _PlainPool
                pool = self._pools[key] = kind(to.host, to.port, maxsize=self._threads, block=False)
            self._pools.move_to_end(key)
            if len(self._pools) > POOLS_MAX:
                self._pools.popitem(last=False)[1].close()
            return pool


def _finish(response: Any) -> None:
    """Read a short answer to its end, so that the connection can be used again; leave a long one."""
    try:
        length = int(response.headers.get("Content-Length", ANSWER_BYTES_MAX + 1))
        if length <= ANSWER_BYTES_MAX:
            response.read(ANSWER_BYTES_MAX)
            response.release_conn()
            return
    except (HTTPError, OSError, ValueError):
        pass
    response.close()


def retry_after_s(text: str | None) -> float | None:
    """`Retry-After` in seconds; a date is taken as half a minute, for our clock need not be theirs."""
    if not text:
        return None
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    return 30.0 if email.utils.parsedate(text) else None
