"""The other channels against a local receiver: what they say, what they leave out, and what they make of a no."""

import hashlib
import hmac
import json
import socketserver
import threading
import uuid

import pytest
from flask import Flask

from server.alerts import texts
from server.alerts.channels import registry
from server.alerts.channels.kind import BadFields, Message
from server.alerts.channels.registry import available, check_fields
from server.alerts.channels.send import send
from server.alerts.couriers import channel_vault
from server.alerts.outcome import Outcome
from server.clock import now_ms
from server.store import channels, reach
from server.store.channels import Channel
from server.store.engine import reading, writing
from tests.alerts.post import engine_of, outbox, put, row, settings_of
from tests.alerts.receivers import Service, answers, hangs
from tests.cast import person_id

TEXT = "有新的紧急工单，请打开即办查看"
SAID = Message(TEXT, "urgent_ticket", drill=False, target="13800001234")
OK = answers(200, b'{"errcode":0,"code":0}', Content_Type="application/json")


def fields_of(kind: str, service: Service) -> dict[str, str]:
    return {
        "wecom": {"key": "abc-def", "server": service.url},
        "dingtalk": {"token": "a1b2c3", "secret": "SECabc", "server": service.url},
        "feishu": {"token": "0123-abcd", "server": service.url},
        "sms": {"url": f"{service.url}/sms", "account": "town", "secret": "s3cret", "sign": "即办"},
        "voice": {"url": f"{service.url}/call", "token": "t0ken"},
        "webhook": {"url": f"{service.url}/hook", "token": "t0ken"},
    }[kind]


HTTP_KINDS = ("wecom", "dingtalk", "feishu", "sms", "voice", "webhook")


def test_every_kind_is_found_by_its_file():
    assert set(available()) == {*HTTP_KINDS, "email"}
    assert {name for name, kind in available().items() if kind.target} == {"sms", "voice", "email"}


def test_the_bodies_are_those_of_each_service(service: Service):
    service.behave = OK
    for kind in HTTP_KINDS:
        assert send(kind, fields_of(kind, service), SAID) == Outcome("sent")
    wecom, dingtalk, feishu, sms, voice, webhook = service.calls
    assert (wecom.path, wecom.json) == (
        "/cgi-bin/webhook/send?key=abc-def",
        {"msgtype": "text", "text": {"content": TEXT}},
    )
    assert dingtalk.path.startswith("/robot/send?access_token=a1b2c3&timestamp=")
    assert "&sign=" in dingtalk.path
    assert dingtalk.json["text"] == {"content": TEXT}
    assert (feishu.path, feishu.json) == (
        "/open-apis/bot/v2/hook/0123-abcd",
        {"msg_type": "text", "content": {"text": TEXT}},
    )
    assert sms.json == {
        "account": "town",
        "phone": "13800001234",
        "sign": "即办",
        "template": "",
        "text": TEXT,
    }
    signed = json.dumps(sms.json, ensure_ascii=False, sort_keys=True).encode()
    assert sms.headers["X-Signature"] == hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    assert voice.json == {"phone": "13800001234", "kind": "urgent_ticket", "drill": False, "text": TEXT}
    assert webhook.json == {"kind": "urgent_ticket", "drill": False, "text": TEXT}
    assert webhook.headers["Authorization"] == "Bearer t0ken"


@pytest.mark.parametrize("kind", HTTP_KINDS)
def test_a_no_behind_200_is_a_no(service: Service, kind):
    service.behave = answers(200, b'{"errcode":93000,"code":19001,"errmsg":"invalid webhook"}')
    outcome = send(kind, fields_of(kind, service), SAID)
    assert outcome.state == "failed"
    assert outcome.error in {"refused_93000", "refused_19001"}


@pytest.mark.parametrize(("kind", "code"), [("wecom", 45009), ("dingtalk", 130101), ("feishu", 11232)])
def test_too_many_messages_is_not_now(service: Service, kind, code):
    service.behave = answers(200, f'{{"errcode":{code}}}'.encode())
    assert send(kind, fields_of(kind, service), SAID).state == "retry"


@pytest.mark.parametrize("kind", HTTP_KINDS)
def test_redirects_are_not_followed_and_trouble_is_tried_again(service: Service, kind):
    service.behave = answers(302, Location=f"{service.url}/inside")
    assert send(kind, fields_of(kind, service), SAID) == Outcome("failed", "redirect")
    assert len(service.calls) == 1
    service.behave = answers(503, Retry_After="9")
    assert send(kind, fields_of(kind, service), SAID) == Outcome("retry", "http_503", 9.0)


def test_a_receiver_that_hangs_is_left(service: Service, monkeypatch):
    monkeypatch.setattr("server.alerts.channels.answers.READ_S", 0.2)
    service.behave = hangs(3)
    assert send("webhook", fields_of("webhook", service), SAID) == Outcome("retry", "timeout")


@pytest.mark.parametrize(
    ("kind", "fields", "wrong"),
    [
        ("wecom", {}, {"key": "required"}),
        ("wecom", {"key": "a b/c"}, {"key": "invalid"}),
        ("wecom", {"key": "a", "more": "x"}, {"more": "unknown"}),
        ("webhook", {"url": "file:///etc/passwd"}, {"url": "invalid"}),
        ("webhook", {"url": "http://user:pw@host/"}, {"url": "invalid"}),
        ("sms", {"url": "http://x", "account": "a", "sign": "s"}, {"secret": "required"}),
        ("email", {"host": "mail", "from": "duty@town.cn", "port": "mail"}, {"port": "invalid"}),
        ("email", {"host": "mail", "from": "duty@town.cn", "security": "none?"}, {"security": "invalid"}),
        ("email", {"host": "mail", "from": "duty\r\nBcc: x@y"}, {"from": "invalid"}),
    ],
)
def test_what_a_channel_is_made_of_is_looked_at(kind, fields, wrong):
    with pytest.raises(BadFields) as bad:
        check_fields(available()[kind], fields)
    assert bad.value.fields == wrong


def test_a_plugin_of_the_towns_own_that_breaks_is_an_outcome(monkeypatch):
    def breaks(*_):
        raise RuntimeError("boom")

    kind = available()["webhook"]
    broken = type(kind)("own", "group", (), build=breaks)
    monkeypatch.setattr("server.alerts.channels.send.available", lambda: {"own": broken})
    assert send("own", {"x": "y"}, SAID).state in {"retry", "failed"}
    assert registry.available()["webhook"] is kind


def test_the_words_hold_nothing_of_the_matter_and_a_drill_says_so_first():
    assert texts.text("urgent_ticket", drill=False) == TEXT
    assert texts.text("muster", drill=True).startswith("【演练】")
    assert texts.text("something new", drill=False) == texts.OTHER
    assert all(len(words) + len(texts.DRILL) <= 70 for words in texts.WORDS.values())


def configured(app: Flask, kind: str, fields: dict[str, str], scope: str, **more) -> str:
    id_ = str(uuid.uuid4())
    sealed = channels.seal(channel_vault(settings_of(app)), id_, fields)
    with writing(engine_of(app)) as connection:
        channels.save(
            connection,
            Channel(
                id_, kind, "值班群", more.get("enabled", True), scope, more.get("kinds", ()), sealed, now_ms()
            ),
        )
    return id_


def last_of(app: Flask, id_: str) -> Channel:
    with reading(engine_of(app)) as connection:
        found = channels.find(connection, id_)
    assert found is not None
    return found


def test_an_alarm_goes_out_by_a_group_robot_and_the_channel_remembers(any_app: Flask, service: Service):
    service.behave = OK
    id_ = configured(any_app, "wecom", fields_of("wecom", service), "group")
    (sent,) = put(engine_of(any_app), "group", channel="wecom", channel_id=id_, drill=True)
    box = outbox(any_app)
    box.flush()
    assert row(engine_of(any_app), sent).state == "sent"
    assert service.calls[0].json["text"]["content"] == "【演练】" + TEXT
    assert last_of(any_app, id_).last_state == "sent"
    service.behave = answers(200, b'{"errcode":93000}')
    (refused,) = put(engine_of(any_app), "group", channel="wecom", channel_id=id_)
    box.flush()
    found = row(engine_of(any_app), refused)
    assert (found.state, found.error) == ("failed", "refused_93000")
    assert (last_of(any_app, id_).last_state, last_of(any_app, id_).last_error) == ("failed", "refused_93000")


def test_a_person_is_reached_by_his_number_and_without_one_it_fails_with_a_reason(
    app: Flask, service: Service
):
    service.behave = OK
    id_ = configured(app, "sms", fields_of("sms", service), "person")
    with writing(engine_of(app)) as connection:
        reach.write(connection, person_id("worker"), reach.Reach(phone="13900005678"), now_ms())
    known = put(engine_of(app), person_id("worker"), channel="sms", channel_id=id_)
    unknown = put(engine_of(app), person_id("head"), channel="sms", channel_id=id_, person="head")
    outbox(app).flush()
    assert [call.json["phone"] for call in service.calls] == ["13900005678"]
    assert row(engine_of(app), known[0]).state == "sent"
    assert row(engine_of(app), unknown[0]).error == "not_reachable_there"


def test_a_channel_switched_off_or_taken_away_sends_nothing(app: Flask, service: Service):
    off = configured(app, "webhook", fields_of("webhook", service), "group", enabled=False)
    ids = [
        *put(engine_of(app), "group", channel="webhook", channel_id=off),
        *put(engine_of(app), "group", channel="webhook", channel_id=str(uuid.uuid4())),
    ]
    outbox(app).flush()
    assert service.calls == []
    assert [row(engine_of(app), id_).error for id_ in ids] == ["channel_disabled", "channel_removed"]


def test_fields_are_sealed_and_open_for_their_own_channel_only(app: Flask, service: Service):
    id_ = configured(app, "wecom", {"key": "abc-def"}, "group")
    found, vault = last_of(app, id_), channel_vault(settings_of(app))
    assert b"abc-def" not in found.sealed
    assert channels.unseal(vault, found) == {"key": "abc-def"}
    moved = Channel(str(uuid.uuid4()), *[getattr(found, name) for name in Channel.__slots__[1:]])
    assert channels.unseal(vault, moved) == {}
    assert send("wecom", {}, SAID) == Outcome("failed", "cannot_open")


class Mailbox(socketserver.StreamRequestHandler):
    """Enough of SMTP to take one letter."""

    letters: list[str] = []  # noqa: RUF012 - what came is looked at through the class

    def handle(self) -> None:
        say = lambda text: self.wfile.write(text.encode() + b"\r\n")  # noqa: E731
        say("220 mail")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].upper().split(":")[0]
            if verb == "DATA":
                say("354 go on")
                letter = []
                while (text := self.rfile.readline().decode()) != ".\r\n":
                    letter.append(text)
                self.letters.append("".join(letter))
            if verb == "QUIT":
                say("221 bye")
                return
            say("250 ok")


def test_a_letter_reaches_the_towns_own_mail_server():
    Mailbox.letters.clear()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        fields = {
            "host": "127.0.0.1", "port": str(server.server_address[1]), "from": "duty@town.cn", "security": "none",
        }  # fmt: skip
        said = Message(TEXT, "urgent_ticket", drill=False, target="worker@town.cn")
        assert send("email", fields, said) == Outcome("sent")
        server.shutdown()
    (letter,) = Mailbox.letters
    assert "worker@town.cn" in letter
    assert "duty@town.cn" in letter
