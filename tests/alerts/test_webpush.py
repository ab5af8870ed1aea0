"""One message to one browser: sealed, signed, bounded, and understood whatever the push service answers."""

import socket
import time

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from server.alerts import hosts, vapid, webpush, wire
from server.alerts.outcome import Outcome, next_try_ms, of_status
from server.alerts.vapid import Signer
from server.alerts.webpush import Subscription, WebPush
from server.alerts.wire import Wire
from tests.alerts.post import browser_keys
from tests.alerts.receivers import Receiver, Service, answers, hangs

ALERT = "0198b2c3-0000-7000-8000-000000000001"
KEY = Vapid02(ec.generate_private_key(ec.SECP256R1()))


def pusher(*widened: str, key: Vapid02 = KEY, read_s: float = 5.0) -> WebPush:
    return WebPush(
        Wire(4, read_s=read_s),
        Signer(key, "mailto:duty@example.com"),
        hosts.parse_widened(",".join(widened)),
        ttl_s=3600,
    )


def send(push: WebPush, to: Subscription, *, now_s: int | None = None, life_s: int = 3600) -> Outcome:
    return push.send(to, ALERT, "urgent_ticket", now_s or int(time.time()), life_s)


def to_service(service: Service) -> Subscription:
    return Subscription(f"{service.url}/p/1", **browser_keys())


def browser(receiver: Receiver, key: Vapid02 = KEY) -> tuple[dict, Subscription]:
    told = receiver.subscribe(vapid.public_key(key))
    return told, Subscription(told["endpoint"], told["keys"]["p256dh"], told["keys"]["auth"])


def test_an_independent_receiver_decrypts_exactly_the_alert(receiver):
    told, to = browser(receiver)
    assert send(pusher(receiver.host), to) == Outcome("sent")
    (message,) = receiver.messages(told)
    assert message == f'{{"v":1,"alert":"{ALERT}","kind":"urgent_ticket"}}'
    assert orjson.loads(message) == {"v": 1, "alert": ALERT, "kind": "urgent_ticket"}


def test_a_message_signed_with_another_key_fails_for_good(receiver):
    told, to = browser(receiver)
    other = Vapid02(ec.generate_private_key(ec.SECP256R1()))
    assert send(pusher(receiver.host, key=other), to).state == "failed"
    assert receiver.messages(told) == []


def test_a_signature_whose_time_is_over_fails_for_good(receiver):
    told, to = browser(receiver)
    long_ago = int(time.time()) - vapid.LIFE_S - 60
    assert send(pusher(receiver.host), to, now_s=long_ago).state == "failed"
    assert receiver.messages(told) == []


def test_an_expired_subscription_is_gone(receiver):
    told, to = browser(receiver)
    receiver.expire(told)
    assert send(pusher(receiver.host), to) == Outcome("gone", "http_410")


def test_the_push_service_sees_urgency_topic_and_life_and_nothing_of_the_matter(service: Service):
    assert send(pusher(service.host), to_service(service), life_s=120).state == "sent"
    (call,) = service.calls
    told = {name.lower(): value for name, value in call.headers.items()}
    assert told["urgency"] == "high"
    assert told["ttl"] == "120"
    assert told["topic"] == webpush.topic(ALERT)
    assert len(told["topic"]) <= 32
    assert told["content-encoding"] == "aes128gcm"
    assert told["authorization"].startswith("vapid t=")
    assert ALERT.encode() not in call.body
    assert b"urgent" not in call.body
    assert len(call.body) < 4096


@pytest.mark.parametrize(
    ("status", "state"),
    [(200, "sent"), (201, "sent"), (202, "sent"), (400, "failed"), (401, "failed"), (403, "failed"), (404, "gone"),
     (410, "gone"), (413, "failed"), (429, "retry"), (500, "retry"), (502, "retry"), (503, "retry")],
)  # fmt: skip
def test_what_each_answer_means(service: Service, status, state):
    service.behave = answers(status, b"x" * 100)
    assert send(pusher(service.host), to_service(service)).state == state


def test_how_long_to_wait_is_the_services_word(service: Service):
    service.behave = answers(429, Retry_After="17")
    assert send(pusher(service.host), to_service(service)) == Outcome("retry", "http_429", 17.0)
    assert wire.retry_after_s("Sun, 22 Nov 2026 08:00:00 GMT") == 30.0
    assert wire.retry_after_s("soon") is None


def test_a_redirect_is_never_followed(service: Service):
    service.behave = answers(307, Location=f"{service.url}/inside")
    assert send(pusher(service.host), to_service(service)) == Outcome("failed", "redirect")
    assert [call.path for call in service.calls] == ["/p/1"]


def test_a_service_that_hangs_is_left_after_a_while(service: Service):
    service.behave = hangs(5)
    began = time.monotonic()
    assert send(pusher(service.host, read_s=0.3), to_service(service)) == Outcome("retry", "timeout")
    assert time.monotonic() - began < 2


def test_an_answer_without_end_is_not_read(service: Service):
    def endless(request, _n):
        request.send_response(201)
        request.end_headers()
        while True:
            request.wfile.write(b"x" * 65536)

    service.behave = endless
    assert send(pusher(service.host), to_service(service)).state == "sent"


def test_a_service_that_is_down_is_tried_again(service: Service):
    to = to_service(service)
    down = Subscription(to.endpoint.replace(str(service.port), "1"), to.p256dh, to.auth)
    assert send(pusher("127.0.0.1:1"), down) == Outcome("retry", "unreachable")


def test_a_host_that_is_no_longer_allowed_is_not_called(service: Service):
    assert send(pusher(), to_service(service)) == Outcome("failed", "host_not_allowed")
    assert service.calls == []


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1"])
def test_a_known_name_that_points_inside_is_not_called(monkeypatch, address):
    """DNS rebinding: the name is right, what it resolves to is ours. No connection is even begun."""
    begun = []
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    monkeypatch.setattr(
        wire.socket, "getaddrinfo", lambda *_, **__: [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    )
    monkeypatch.setattr(wire, "create_connection", lambda *where, **_: begun.append(where))
    to = Subscription("https://fcm.googleapis.com/fcm/send/x", **browser_keys())
    assert send(pusher(), to) == Outcome("failed", "host_not_allowed")
    assert begun == []


def test_what_was_looked_at_is_what_is_connected_to(monkeypatch):
    """A second look at the name could give another address."""
    begun, asked = [], []

    def resolve(host, *_, **__):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("142.250.1.1", 443))]

    def connect(where, *_, **__):
        begun.append(where)
        raise OSError

    monkeypatch.setattr(wire.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(wire, "create_connection", connect)
    to = Subscription("https://fcm.googleapis.com/fcm/send/x", **browser_keys())
    assert send(pusher(), to) == Outcome("retry", "unreachable")
    assert (begun, asked) == ([("142.250.1.1", 443)], ["fcm.googleapis.com"])


def test_keys_that_are_no_keys_are_refused():
    good = browser_keys()
    webpush.check_keys(**good)
    webpush.check_keys(good["p256dh"] + "=", good["auth"] + "==")
    off_curve = "BA" + "A" * 85
    for bad in ({"p256dh": off_curve}, {"p256dh": good["p256dh"][:-4]}, {"auth": "AAAA"}, {"auth": "推送"},
                {"p256dh": good["p256dh"].replace(good["p256dh"][9], "+")}):  # fmt: skip
        with pytest.raises(webpush.BadKeys):
            webpush.check_keys(**(good | bad))


def test_the_signature_is_made_once_an_hour_for_each_service():
    signer = Signer(KEY, "mailto:duty@example.com")
    first = signer.authorization("https://a.example", 1_000_000)
    assert signer.authorization("https://a.example", 1_003_599) == first
    assert signer.authorization("https://b.example", 1_000_000) != first
    assert signer.authorization("https://a.example", 1_003_600) != first
    assert signer.authorization("https://a.example", 900_000) != first  # the clock was set back


def test_the_key_is_made_once_privately_and_from_the_master_key(tmp_path):
    path = tmp_path / "vapid.pem"
    made = vapid.public_key(vapid.keep_key(path, lambda: b"1" * 32))
    assert path.stat().st_mode & 0o777 == 0o600
    assert vapid.public_key(vapid.keep_key(path, lambda: b"2" * 32)) == made  # the file wins
    assert vapid.public_key(vapid.keep_key(tmp_path / "other.pem", lambda: b"1" * 32)) == made
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_waiting_grows_and_ends_with_the_alerts_life():
    retry = of_status(503)
    waits = [next_try_ms(retry, n, 0, 10**9, jitter=1.0) for n in range(1, 9)]
    assert waits == [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]
    assert next_try_ms(retry, 1, 0, 10**9, jitter=0.0) == 500
    assert next_try_ms(retry, 5, 0, 9_000, jitter=1.0) is None
    assert next_try_ms(Outcome("retry", "x", 30.0), 1, 0, 10**9, jitter=0.0) == 30_000
    assert next_try_ms(Outcome("retry", "x", 30.0), 1, 0, 20_000, jitter=0.0) is None
    assert next_try_ms(Outcome("retry", "x", 0.0), 1, 0, 10**9, jitter=0.0) == 1_000


def test_an_answer_that_drips_is_left_after_a_while_too(service: Service):
    def drips(request, _n):
        for byte in b"HTTP/1.1 201 Created\r\nX-Wait: " + b"." * 400:
            request.wfile.write(bytes([byte]))
            request.wfile.flush()
            time.sleep(0.02)

    service.behave = drips
    assert send(pusher(service.host, read_s=0.4), to_service(service)) == Outcome("retry", "timeout")
