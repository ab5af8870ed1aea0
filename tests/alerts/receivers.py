"""The other sides: an independent push receiver that decrypts, and a service that misbehaves as it is told."""

import json
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.serving import ROOT, free_port

NODE = ROOT / ".venv" / "bin" / "node"
PROGRAM = ROOT / "pwa" / "node_modules" / "web-push-testing" / "src" / "bin" / "server.js"


@dataclass
class Receiver:
    """npm web-push-testing: makes subscriptions, checks VAPID and decrypts what comes."""

    port: int

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text[:1] == b"{" else {}

    def subscribe(self, public_key: str) -> dict[str, Any]:
        """A subscription as a browser gives it, and `clientHash`, by which the receiver knows it."""
        told: dict[str, Any] = self.ask(
            "/subscribe", {"applicationServerKey": public_key, "userVisibleOnly": "true"}
        )["data"]
        for name in ("p256dh", "auth"):  # it encodes its base64 text once more
            told["keys"][name] = told["keys"][name].replace("+", "-").replace("/", "_").rstrip("=")
        return told

    def messages(self, subscription: dict[str, Any]) -> list[str]:
        told = self.ask("/get-notifications", {"clientHash": subscription["clientHash"]})
        return list(told["data"]["messages"])

    def expire(self, subscription: dict[str, Any]) -> None:
        self.ask(f"/expire-subscription/{subscription['clientHash']}", {})


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    receiver = Receiver(free_port())
    process = subprocess.Popen(
        [NODE, PROGRAM, str(receiver.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", receiver.port)) == 0:
                    break
            time.sleep(0.05)
        yield receiver
    finally:
        process.kill()
        process.wait()


@dataclass
class Call:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Behaviour = Callable[[BaseHTTPRequestHandler, int], None]  # (the request, how many came before)


@dataclass
class Service:
    """Answers as `behave` says; remembers every call."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    behave: Behaviour | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


def answers(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """Always the same answer."""

    def behave(request: BaseHTTPRequestHandler, _n: int) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One after the other, the last for ever."""

    def behave(request: BaseHTTPRequestHandler, n: int) -> None:
        behaviours[min(n, len(behaviours) - 1)](request, n)

    return behave


def hangs(seconds: float) -> Behaviour:
    """No answer for so long."""

    def behave(request: BaseHTTPRequestHandler, _n: int) -> None:
        time.sleep(seconds)
        request.close_connection = True

    return behave


@contextmanager
def running_service(port: int = 0) -> Iterator[Service]:
    """On this port, or on a free one."""
    service = Service(behave=answers(201))
    lock = threading.Lock()
    over = threading.Event()  # a connection that is kept open must not be answered by a service that has gone

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            if over.is_set():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            with lock:
                n = len(service.calls)
                service.calls.append(Call(self.path, dict(self.headers.items()), body))
            assert service.behave is not None
            service.behave(self, n)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: Any) -> None:
            pass

    server = Server(("127.0.0.1", port), Handler)
    service.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield service
    finally:
        over.set()
        server.shutdown()
        server.server_close()
