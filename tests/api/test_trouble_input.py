"""What no screen of ours would send: refused in the one shape, in the reader's language, and the rest goes on."""

import gzip
import io
import json
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from server.domain.lifecycle import OPS
from server.store.tables_sync import operation
from sync.clock import rfc3339
from tests.cast import code_of
from tests.device import Phone
from tests.town import Town, person_id

DEEP = b'{"user":' + b"[" * 100_000
FORGED = ("9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z", "2026-02-30T00:00:00.000Z", "now", 17, None)


def post(phone: Phone, path: str, body: bytes, **headers: str) -> TestResponse:
    told = {"X-CSRF-Token": phone.csrf, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return phone.transport.client.post(
        f"/api/v1{path}", data=body, content_type="application/json", headers=told
    )


@pytest.mark.parametrize("path", ["/sync/push", "/sync/pull"])
@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b'{"ops": [', {}, 400, "bad_json"),
        (DEEP, {}, 400, "bad_json"),
        (b'{"offset_ms": NaN}', {}, 400, "bad_json"),
        (b"[]", {}, 400, "invalid_envelope"),
        (b"{}", {}, 400, "invalid_envelope"),
        (b'"' + b"x" * (1 << 20) + b'"', {}, 413, "too_large"),
        (gzip.compress(b" " * (64 << 20)), {"Content_Encoding": "gzip"}, 413, "too_large"),
        (b"not gzip", {"Content_Encoding": "gzip"}, 400, "bad_encoding"),
        (b"{}", {"Content_Encoding": "br"}, 415, "unsupported_media_type"),
    ],
    ids=["cut", "deep", "nan", "list", "empty", "large", "bomb", "not gzip", "br"],
)
def test_a_broken_body_is_refused_in_both_languages_and_work_goes_on(
    town: Town, path: str, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    town.app.testing = False
    worker = town.phone("worker")
    messages = set()
    for language in ("zh-CN", "en"):
        answer = post(worker, path, body, Accept_Language=language, **headers)
        assert (answer.status_code, code_of(answer)) == (status, code)
        messages.add(answer.json["error"]["message"])
    assert len(messages) == 2
    worker.sync()


@pytest.mark.parametrize("at", FORGED)
def test_a_forged_time_is_never_proven_nor_in_the_future_and_the_fact_is_kept(town: Town, at: Any) -> None:
    id_ = town.dispatched()
    worker = town.phone("worker")
    worker.sync()
    note = worker.act("ticket.arrive", id_, {"no_fix_reason": "室内", "no_photo_reason": "没有"})
    worker.outbox[-1].raw.update({"at": at, "clock": None})
    worker.sync()
    receipt = worker.receipts[note]
    if receipt["outcome"] == "refused":  # no time at all: told, and the next goes on
        assert (at, receipt["code"]) in {
            (None, "invalid_args"),
            (17, "invalid_args"),
            ("now", "invalid_args"),
        }
    else:
        assert receipt["trust"] == "unverified"
        assert receipt["occurred_at"] <= rfc3339(town.clock.now_ms)
    assert worker.do("ticket.note", id_, {"text": "继续"})["outcome"] == "applied"


def test_a_text_with_nul_is_refused_alike_on_both_databases(any_town: Town) -> None:
    town = any_town
    town.app.testing = False
    admin, officer, client = town.phone("admin"), town.phone("officer"), town.app.test_client()
    answers = [
        admin.post("/people", {"username": "nul", "name": "a\x00b", "role": "auditor"}).status,
        client.post("/api/v1/session", json={"username": "a\x00b", "password": "x"}).status_code,
        officer.get("/tickets?q=a%00b").status,
        officer.get("/tickets/a%00b").status,
        town.city("POST", "/intake/tickets", town.call(title="a\x00b")).status,
        town.city("GET", "/intake/tickets/a%00b").status,
    ]
    assert [status for status in answers if status >= 500] == []


def test_an_empty_unit_or_grid_is_an_unknown_one(town: Town) -> None:
    town.app.testing = False
    admin = town.phone("admin")
    for field in ("unit", "grid"):
        answer = admin.post("/people", {"username": "new", "name": "新人", "role": "auditor", field: ""})
        assert (answer.status, answer.code) == (422, f"unknown_{field}")


def outbox_file(phone: Phone) -> dict[str, Any]:
    return {
        "format": "jiban-outbox",
        "version": 1,
        "user": {"id": phone.user["id"]},
        "device": phone.device,
        "ops": [each.raw for each in phone.outbox],
    }


def test_what_a_revoked_person_did_before_is_kept_and_what_he_did_after_is_put_aside(town: Town) -> None:
    id_ = town.dispatched()
    worker, officer, admin = (town.phone(name) for name in ("worker", "officer", "admin"))
    worker.sync()
    town.clock.go(minutes=10)
    before = worker.act("ticket.note", id_, {"text": "撤销之前的记录"})
    decision = worker.act("ticket.accept", id_, {})
    town.clock.go(hours=1)
    assert admin.post(f"/people/{person_id('worker')}/revoke").status == 204
    town.clock.go(hours=1)
    after = worker.act("ticket.note", id_, {"text": "撤销之后的记录"})
    assert worker.push().status == 401
    assert len(worker.outbox) == 3
    answer = officer.transport.client.post(
        "/api/v1/imports/outbox",
        data={"file": (io.BytesIO(json.dumps(outbox_file(worker)).encode()), "outbox.json")},
        headers={"X-CSRF-Token": officer.csrf},
    )
    told = {each["id"]: (each["outcome"], each.get("code")) for each in answer.json["results"]}
    assert told[before][0] == "kept"
    assert told[decision] == ("refused", "not_yours")
    assert told[after] == ("refused", "not_yours")
    noted = {each["id"]: each["text"] for each in officer.get(f"/tickets/{id_}").json["timeline"]}
    assert noted[before] == "撤销之前的记录"
    assert after not in noted
    with town.desk.engine.connect() as connection:
        put_aside = connection.execute(
            sa.select(operation.c.args).where(operation.c.id == after)
        ).scalar_one()
    assert "撤销之后的记录" in str(put_aside)


def test_every_operation_with_arguments_of_no_sense_is_refused_by_itself(town: Town) -> None:
    id_ = town.dispatched()
    worker = town.phone("worker")
    worker.sync()
    senseless: tuple[Any, ...] = (
        [],
        "text",
        3,
        {"text": {"a": [1]}},
        {"photos": 7},
        {"unit": [], "days": 1e308},
    )
    ops: list[str] = []
    for name in sorted(OPS):
        ops += [worker.act(name, id_, {}) for _ in senseless]
        for pending, args in zip(worker.outbox, senseless, strict=True):
            pending.raw["args"] = args
        worker.sync()
    last = worker.act("ticket.note", id_, {"text": "好"})
    worker.sync()
    assert worker.receipts[last]["outcome"] == "applied"
    assert {worker.receipts[op]["outcome"] for op in ops if op != last} <= {"refused", "applied", "kept"}
    assert len(worker.receipts) == len(ops) + 1
