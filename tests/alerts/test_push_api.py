"""Subscribing, unsubscribing, reporting and trying out a device, over HTTP."""

import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from server.alerts import vapid
from server.app import create_app
from server.store.engine import reading, writing
from server.store.subscriptions import PER_PERSON_MAX, Subscribed, let_oldest_go, register
from server.store.tables_alerts import push_device, push_subscription
from tests.alerts.post import browser_keys, engine_of, outbox, settings_of
from tests.alerts.receivers import Receiver
from tests.cast import Browser, code_of, person_id

FCM = "https://fcm.googleapis.com/fcm/send/abc"


def body(device: str, endpoint: str = FCM, **keys: str) -> dict:
    return {
        "device": device,
        "subscription": {"endpoint": endpoint, "expirationTime": None, "keys": browser_keys() | keys},
    }


def subscribed(app: Flask) -> dict[str, str]:
    with reading(engine_of(app)) as connection:
        rows = connection.execute(sa.select(push_subscription.c.device, push_subscription.c.person_id))
        return {row.device: row.person_id for row in rows}


@pytest.fixture
def device() -> str:
    return str(uuid.uuid4())


def test_the_key_is_this_installations_and_stays(visit, app: Flask):
    key = visit("worker").get("/api/v1/push/key").json["public_key"]
    assert len(key) == 87
    assert visit("head").get("/api/v1/push/key").json["public_key"] == key
    path = settings_of(app).data / "keys" / vapid.FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert visit().get("/api/v1/push/key").status_code == 401


def test_a_device_is_subscribed_and_unsubscribed(visit, app: Flask, device):
    worker = visit("worker")
    answer = worker.post("/api/v1/push/subscriptions", json=body(device))
    assert (answer.status_code, answer.json) == (201, {"device": device, "host": "fcm.googleapis.com"})
    assert worker.post("/api/v1/push/subscriptions", json=body(device)).status_code == 201
    assert subscribed(app) == {device: person_id("worker")}
    assert visit("head").delete(f"/api/v1/push/subscriptions/{device}").status_code == 204
    assert subscribed(app) != {}
    for _ in range(2):
        assert worker.delete(f"/api/v1/push/subscriptions/{device}").status_code == 204
    assert subscribed(app) == {}


@pytest.mark.parametrize(
    "endpoint",
    ["http://fcm.googleapis.com/x", "https://127.0.0.1/x", "https://push.town.example/x", "https://a@fcm.googleapis.com/",
     "javascript:alert(1)", "https://fcm.googleapis.com:8443/x"],
)  # fmt: skip
def test_an_endpoint_that_is_no_push_service_is_refused_and_not_quoted(visit, app: Flask, device, endpoint):
    answer = visit("worker").post("/api/v1/push/subscriptions", json=body(device, endpoint))
    assert (answer.status_code, code_of(answer)) == (422, "push_host_not_allowed")
    assert endpoint not in answer.text
    assert subscribed(app) == {}


@pytest.mark.parametrize("keys", [{"p256dh": "AAAA"}, {"auth": "x"}, {"auth": ""}])
def test_keys_that_are_none_are_refused(visit, app: Flask, device, keys):
    answer = visit("worker").post("/api/v1/push/subscriptions", json=body(device, **keys))
    assert (answer.status_code, code_of(answer)) == (422, "invalid_args")
    assert subscribed(app) == {}


def test_the_last_who_registers_an_endpoint_owns_it(visit, app: Flask):
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    assert visit("worker").post("/api/v1/push/subscriptions", json=body(one)).status_code == 201
    assert visit("head").post("/api/v1/push/subscriptions", json=body(other)).status_code == 201
    assert subscribed(app) == {other: person_id("head")}


def test_anothers_device_is_taken_and_a_revoked_one_is_refused(visit, device):
    worker, head = visit("worker"), visit("head")
    assert worker.post("/api/v1/push/subscriptions", json=body(device)).status_code == 201
    report = {"permission": "granted", "subscribed": True}
    for answer in (
        head.post("/api/v1/push/subscriptions", json=body(device)),
        head.put(f"/api/v1/push/devices/{device}", json=report),
        head.post("/api/v1/push/test", json={"device": device}),
    ):
        assert (answer.status_code, code_of(answer)) == (409, "device_taken")
    assert worker.post(f"/api/v1/devices/{device}/revoke").status_code == 204
    again = visit("worker").post("/api/v1/push/subscriptions", json=body(device))
    assert (again.status_code, code_of(again)) == (403, "device_revoked")


def test_a_device_says_how_it_stands_and_learns_what_the_server_knows(visit, app: Flask, device):
    worker = visit("worker")
    path = f"/api/v1/push/devices/{device}"
    said = {"permission": "denied", "subscribed": False, "reason": "timeout", "platform": "Android 13"}
    assert worker.put(path, json=said).json == {"subscribed": False, "gone": False}
    with reading(engine_of(app)) as connection:
        row = connection.execute(sa.select(push_device)).one()
    assert (row.permission, row.subscribed, row.reason, row.platform) == (
        "denied",
        False,
        "timeout",
        "Android 13",
    )
    worker.post("/api/v1/push/subscriptions", json=body(device))
    said = {"permission": "granted", "subscribed": True, "installed": True}
    assert worker.put(path, json=said).json == {"subscribed": True, "gone": False}
    assert worker.put(path, json=said | {"permission": "perhaps"}).status_code == 422


def test_a_test_message_goes_the_whole_way(app: Flask, receiver: Receiver, device):
    allowing = create_app(settings_of(app, push_hosts=receiver.host))
    allowing.test_client_class = Browser
    worker, head = (allowing.test_client().sign_in(name) for name in ("worker", "head"))
    refused = worker.post("/api/v1/push/test", json={"device": device})
    assert (refused.status_code, code_of(refused)) == (409, "not_subscribed")
    told = receiver.subscribe(worker.get("/api/v1/push/key").json["public_key"])
    answer = worker.post("/api/v1/push/subscriptions", json=body(device, told["endpoint"], **told["keys"]))
    assert answer.json["host"] == "localhost"

    started = worker.post("/api/v1/push/test", json={"device": device})
    assert started.status_code == 202
    path = f"/api/v1/push/test/{started.json['delivery']}"
    assert worker.get(path).json == {"state": "queued", "error": None}
    assert head.get(path).status_code == 404
    outbox(allowing, push_hosts=receiver.host).flush()
    assert worker.get(path).json == {"state": "sent", "error": None}
    assert receiver.messages(told) == [f'{{"v":1,"alert":"{started.json["delivery"]}","kind":"test"}}']


def test_a_gone_subscription_is_told_to_its_device_until_it_subscribes_anew(
    app: Flask, receiver: Receiver, device
):
    allowing = create_app(settings_of(app, push_hosts=receiver.host))
    allowing.test_client_class = Browser
    worker = allowing.test_client().sign_in("worker")
    key = worker.get("/api/v1/push/key").json["public_key"]
    told = receiver.subscribe(key)
    worker.post("/api/v1/push/subscriptions", json=body(device, told["endpoint"], **told["keys"]))
    receiver.expire(told)
    worker.post("/api/v1/push/test", json={"device": device})
    outbox(allowing, push_hosts=receiver.host).flush()
    said = {"permission": "granted", "subscribed": True}
    for _ in range(2):
        answer = worker.put(f"/api/v1/push/devices/{device}", json=said)
        assert answer.json == {"subscribed": False, "gone": True}
    fresh = receiver.subscribe(key)
    worker.post("/api/v1/push/subscriptions", json=body(device, fresh["endpoint"], **fresh["keys"]))
    answer = worker.put(f"/api/v1/push/devices/{device}", json=said)
    assert answer.json == {"subscribed": True, "gone": False}


def test_unknown_fields_and_missing_ones_are_told(visit, device):
    worker = visit("worker")
    assert worker.post("/api/v1/push/subscriptions", json={"device": device}).status_code == 422
    assert worker.post("/api/v1/push/subscriptions", json=body("no-uuid")).status_code == 422
    assert worker.post("/api/v1/push/test", json={"device": device, "more": 1}).status_code == 422


def test_one_subscription_too_many_lets_the_oldest_go(app: Flask):
    keys = browser_keys()
    devices = [str(uuid.uuid4()) for _ in range(PER_PERSON_MAX + 1)]
    with writing(engine_of(app)) as connection:
        for n, device in enumerate(devices):
            endpoint = f"https://fcm.googleapis.com/many/{n}"
            new = Subscribed(device, person_id("worker"), endpoint, keys["p256dh"], keys["auth"])
            register(connection, new, n)
            register(connection, new, n)  # once more is not one more
            let_oldest_go(connection, new)
    assert set(subscribed(app)) == set(devices[1:])
