"""Configured channels: who may touch them, secrets that are never shown again, and the button that tries them."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import text

from tests.town import Town

TOKEN = "a-very-secret-token-1234"


class Receiver:
    """A local robot that notes what it is sent and answers what it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], Any]] = []
        self.status, self.body = 200, b'{"errcode": 0}'
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                receiver.got.append((dict(self.headers), json.loads(self.rfile.read(length))))
                self.send_response(receiver.status)
                self.send_header("Content-Length", str(len(receiver.body)))
                self.end_headers()
                self.wfile.write(receiver.body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def webhook(url: str, **more: Any) -> dict[str, Any]:
    return {"kind": "webhook", "name": "值班室大屏", "fields": {"url": url, "token": TOKEN}} | more


def stored(town: Town) -> str:
    with town.desk.engine.connect() as connection:
        return str(connection.execute(text("SELECT * FROM channel")).all())


def audit_of(town: Town) -> list[tuple[str, str]]:
    items = town.phone("auditor").get("/audit").json["items"]
    return [(each["action"], json.dumps(each)) for each in items if each["action"].startswith("channel.")]


def test_a_channel_is_made_shown_without_its_secrets_changed_and_taken_away(town: Town) -> None:
    admin = town.phone("admin")
    made = admin.post("/channels", webhook("https://hook.example/long-secret-path"))
    assert made.status == 201, made.json
    shown = made.json
    assert (shown["kind"], shown["scope"], shown["enabled"], shown["kinds"]) == ("webhook", "group", True, [])
    assert shown["fields"] == {"url": "••••path", "token": "••••1234"}
    listed = admin.get("/channels").json
    assert listed["items"] == [shown]
    assert {"wecom", "dingtalk", "feishu", "sms", "email", "voice"} <= {
        each["kind"] for each in listed["available"]
    }
    changed = admin.request(
        "PUT",
        f"/channels/{shown['id']}",
        {"name": "大屏", "enabled": False, "kinds": ["muster"], "fields": {"url": "••••path"}},
    )
    assert (changed.status, changed.json["name"], changed.json["kinds"]) == (200, "大屏", ["muster"])
    assert changed.json["fields"] == shown["fields"], "a secret left out or sent as its mask stays"
    assert admin.request("DELETE", f"/channels/{shown['id']}").status == 204
    assert admin.get("/channels").json["items"] == []
    assert admin.request("DELETE", f"/channels/{shown['id']}").status == 404


def test_secrets_stand_neither_in_the_table_nor_in_the_audit(town: Town) -> None:
    admin = town.phone("admin")
    made = admin.post("/channels", webhook("https://hook.example/long-secret-path")).json
    admin.request(
        "PUT", f"/channels/{made['id']}", {"name": "x", "fields": {"token": TOKEN + "-new", "url": "••••"}}
    )
    admin.request("DELETE", f"/channels/{made['id']}")
    trail = audit_of(town)
    assert [action for action, _ in trail] == ["channel.remove", "channel.change", "channel.create"]
    assert '"fields": ["token"]' in trail[1][1]
    assert TOKEN not in str(trail)
    assert "secret" not in str(trail)
    admin.post("/channels", webhook("https://hook.example/long-secret-path"))
    assert TOKEN not in stored(town)
    assert "secret-path" not in stored(town)


def test_the_office_lead_configures_the_duty_room_looks_and_nobody_else(town: Town) -> None:
    assert town.phone("lead").post("/channels", webhook("https://hook.example/a-long-path")).status == 201
    duty = town.phone("duty")
    assert len(duty.get("/channels").json["items"]) == 1
    assert duty.post("/channels", webhook("https://hook.example/x")).code == "forbidden"
    for name in ("worker", "head", "officer", "leader", "auditor"):
        assert town.phone(name).get("/channels").code == "forbidden"


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({"kind": "pigeon"}, "kind", "not_one_of"),
        ({"scope": "person"}, "scope", "not_one_of"),
        ({"fields": {}}, "url", "required"),
        ({"fields": {"url": "gopher://x/y"}}, "url", "invalid"),
        ({"fields": {"url": "https://x.example/", "color": "red"}}, "color", "unknown"),
        ({"fields": {"url": "https://x.example/\u0000"}}, "url", "invalid"),
    ],
)
def test_what_does_not_fit_is_told_by_field(
    town: Town, body: dict[str, Any], field: str, reason: str
) -> None:
    answer = town.phone("admin").post("/channels", webhook("https://hook.example/path") | body)
    assert (answer.status, answer.code) == (422, "invalid_args"), answer.json
    details = answer.json["error"]["details"]
    assert (details["field"], details["reason"]) == (field, reason)


def test_the_test_button_sends_a_real_message_and_tells_what_became_of_it(
    town: Town, receiver: Receiver
) -> None:
    admin = town.phone("admin")
    made = admin.post("/channels", webhook(receiver.url)).json
    answer = admin.post(f"/channels/{made['id']}/test")
    assert (answer.status, answer.json["state"], answer.json["error"]) == (200, "sent", None)
    (headers, body) = receiver.got[0]
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert "渠道测试" in body["text"]
    receiver.body = b'{"errcode": 93000, "errmsg": "invalid webhook url"}'
    refused = admin.post(f"/channels/{made['id']}/test").json
    assert (refused["state"], refused["error"]) == ("failed", "refused_93000")
    receiver.status = 500
    failed = admin.post(f"/channels/{made['id']}/test").json
    assert (failed["state"], failed["error"]) == ("failed", "http_500")
    shown = admin.get("/channels").json["items"][0]
    assert (shown["last_state"], shown["last_error"]) == ("failed", "http_500")
    assert shown["last_at"] is not None
    assert [action for action, _ in audit_of(town)].count("channel.test") == 3


def test_an_address_that_nobody_answers_is_told_as_such(town: Town, receiver: Receiver) -> None:
    receiver.server.shutdown()
    receiver.server.server_close()
    admin = town.phone("admin")
    made = admin.post("/channels", webhook(receiver.url)).json
    answer = admin.post(f"/channels/{made['id']}/test")
    assert (answer.status, answer.json["state"], answer.json["error"]) == (200, "failed", "unreachable")


def test_a_channel_to_persons_is_tried_on_the_caller_if_his_number_is_known(
    town: Town, receiver: Receiver
) -> None:
    admin = town.phone("admin")
    fields = {"url": receiver.url, "account": "dao", "secret": "s" * 20, "sign": "道滘镇"}
    made = admin.post("/channels", {"kind": "sms", "name": "短信", "fields": fields})
    assert made.status == 201, made.json
    answer = admin.post(f"/channels/{made.json['id']}/test").json
    assert (answer["state"], answer["error"], receiver.got) == ("failed", "no_target", [])


def test_a_new_address_wants_the_secrets_anew(town: Town) -> None:
    admin = town.phone("admin")
    made = admin.post("/channels", webhook("https://hook.example/long-secret-path")).json
    path = f"/channels/{made['id']}"
    for fields in (
        {"url": "https://elsewhere.example/"},
        {"url": "https://elsewhere.example/", "token": "••••1234"},
    ):
        refused = admin.request("PUT", path, {"name": "大屏", "fields": fields})
        assert (refused.status, refused.code) == (422, "secrets_anew"), refused.json
        assert refused.json["error"]["details"]["field"] == "token"
    assert admin.get("/channels").json["items"][0]["fields"] == made["fields"], "nothing has changed"
    for token in (TOKEN + "-new", ""):  # given anew, or taken away
        fields = {"url": f"https://elsewhere.example/{len(token)}", "token": token}
        assert admin.request("PUT", path, {"name": "大屏", "fields": fields}).status == 200


def test_an_optional_address_counts_too_and_other_fields_want_nothing(town: Town) -> None:
    admin = town.phone("admin")
    fields = {"host": "mail.example", "from": "a@mail.example", "user": "a", "password": "p" * 20}
    made = admin.post("/channels", {"kind": "email", "name": "邮件", "fields": fields})
    assert made.status == 201, made.json
    path = f"/channels/{made.json['id']}"
    shown = made.json["fields"]
    assert admin.request("PUT", path, {"name": "邮件", "fields": shown | {"user": "b"}}).status == 200
    moved = admin.request("PUT", path, {"name": "邮件", "fields": shown | {"port": "2525"}})
    assert (moved.status, moved.json["error"]["details"]["fields"]) == (422, ["password"])
