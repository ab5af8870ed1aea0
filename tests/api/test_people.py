"""Accounts, devices and delegations; each change in the audit trail, whose chain shows what was taken out."""

import pytest
from flask import Flask
from sqlalchemy import delete, update

from server.domain.roles import buckets_of_person, signs_for
from server.store import audit
from server.store.engine import reading, writing
from server.store.people import directory
from server.store.tables_people import AuditRow
from sync.clock import rfc3339
from tests.cast import GRIDS, MEMBERS, Browser, code_of, person_id, unit_id

NEW = {"username": "li.na", "name": "李娜", "role": "grid_worker", "unit": "南城村", "grid": "南城村第一网格"}
DEVICE = "11111111-1111-4111-8111-111111111111"


def pull(client: Browser, device: str = DEVICE):
    body = {"user": client.user["id"], "device": device, "epoch": None, "schema": 1, "cursor": None}
    return client.post("/api/v1/sync/pull", json=body)


def push(client: Browser, device: str = DEVICE):
    body = {"user": client.user["id"], "device": device, "epoch": None, "schema": 1, "ops": []}
    return client.post("/api/v1/sync/push", json=body)


def entitled(app: Flask, person: str) -> frozenset[str]:
    with app.extensions["jiban"].log.read() as snapshot:
        return snapshot.entitled(person)


def in_directory(app: Flask, person: str):
    with reading(app.extensions["jiban"].engine) as connection:
        return directory(connection).people[person]


@pytest.mark.parametrize("username", sorted(set(MEMBERS) - {"admin"}))
def test_nobody_but_the_administrator_keeps_accounts(visit, username):
    client = visit(username)
    for method, path in (
        ("GET", "/people"),
        ("POST", "/people"),
        ("PATCH", f"/people/{person_id('worker')}"),
        ("POST", f"/people/{person_id('worker')}/revoke"),
        ("POST", f"/people/{person_id('worker')}/password"),
    ):
        answer = client.open(f"/api/v1{path}", method=method, json={})
        assert answer.status_code == 403, path
        assert code_of(answer) == "forbidden"


def test_a_new_person_signs_in_with_the_password_told_once_and_has_to_change_it(visit):
    made = visit("admin").post("/api/v1/people", json=NEW)
    assert made.status_code == 201, made.text
    client = visit().sign_in("li.na", made.json["password"])
    assert client.user["must_change_password"] is True
    assert client.user["villages"] == ["南城村"]
    assert client.user["grid"] == GRIDS[1].id


def test_a_new_person_is_entitled_at_once(any_app: Flask):
    client = any_app.test_client().sign_in("admin")
    made = client.post("/api/v1/people", json=NEW).json["person"]["id"]
    assert entitled(any_app, made) == buckets_of_person(in_directory(any_app, made))
    assert f"grid:{GRIDS[1].id}" in entitled(any_app, made)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"username": "WORKER"}, 409, "username_taken"),
        ({"unit": "没有这个村"}, 422, "unknown_unit"),
        ({"unit": None, "grid": None}, 422, "unknown_unit"),
        ({"grid": "闸口村第一网格"}, 422, "unknown_grid"),
        ({"role": "king"}, 422, "invalid_args"),
        ({"username": "-"}, 422, "invalid_args"),
        ({"name": ""}, 422, "invalid_args"),
        ({"password": "x"}, 422, "invalid_args"),
    ],
)
def test_a_wrong_account_is_not_made(visit, change, status, code):
    answer = visit("admin").post("/api/v1/people", json={**NEW, **change})
    assert answer.status_code == status, answer.text
    assert code_of(answer) == code


def test_a_moved_person_has_the_new_rights_and_not_the_old_ones(any_app: Flask):
    client = any_app.test_client().sign_in("admin")
    moved = {"unit": "南城村", "grid": None}
    answer = client.patch(f"/api/v1/people/{person_id('worker')}", json=moved)
    assert answer.status_code == 200, answer.text
    assert entitled(any_app, person_id("worker")) == {
        f"person:{person_id('worker')}",
        f"unit-open:{unit_id('南城村')}",
    }


def test_a_revoked_person_is_out_at_once_and_back_when_restored(any_app: Flask):
    admin, worker = any_app.test_client().sign_in("admin"), any_app.test_client().sign_in("worker")
    path = f"/api/v1/people/{person_id('worker')}"
    assert admin.post(f"{path}/revoke").status_code == 204
    told = pull(worker)
    assert (told.status_code, code_of(told)) == (401, "person_revoked")  # his phone purges at this word
    assert entitled(any_app, person_id("worker")) == frozenset()
    refused = any_app.test_client().post(
        "/api/v1/session", json={"username": "worker", "password": "jiban-demo"}
    )
    assert code_of(refused) == "wrong_credentials"
    assert admin.post(f"{path}/restore").status_code == 204
    assert code_of(worker.get("/api/v1/session")) == "unauthenticated"
    any_app.test_client().sign_in("worker")
    assert f"person:{person_id('worker')}" in entitled(any_app, person_id("worker"))


def test_a_reset_password_ends_all_sessions_and_has_to_be_changed(visit):
    worker = visit("worker")
    answer = visit("admin").post(f"/api/v1/people/{person_id('worker')}/password")
    assert answer.status_code == 200
    assert worker.get("/api/v1/session").status_code == 401
    again = visit().sign_in("worker", answer.json["password"])
    assert again.user["must_change_password"] is True


def test_the_administrator_cannot_shut_himself_out(visit):
    admin = visit("admin")
    path = f"/api/v1/people/{person_id('admin')}"
    assert code_of(admin.post(f"{path}/revoke")) == "not_own_account"
    assert code_of(admin.patch(path, json={"role": "auditor"})) == "not_own_account"


def test_people_are_found_by_name_role_and_unit(visit):
    admin = visit("admin")

    def found(query: str) -> list[str]:
        return [each["username"] for each in admin.get(f"/api/v1/people?{query}").json["items"]]

    assert found("q=李伟") == ["worker"]
    assert found("role=unit_head&unit=南城村") == ["head3"]
    assert found("page_size=2&page=2") == ["clerk", "clerk9"]
    assert admin.get("/api/v1/people?colour=red").status_code == 422


def test_an_unknown_person_is_404(visit):
    answer = visit("admin").patch("/api/v1/people/00000000-0000-7000-8000-000000000000", json={"name": "x"})
    assert answer.status_code == 404
    assert code_of(answer) == "unknown_person"


def test_a_revoked_device_is_signed_out_and_never_syncs_again(visit):
    lost, admin = visit("worker"), visit("admin")
    assert push(lost).status_code == 200
    devices = admin.get(f"/api/v1/people/{person_id('worker')}/devices").json["items"]
    assert [(each["id"], each["revoked_at"]) for each in devices] == [(DEVICE, None)]
    assert admin.post(f"/api/v1/devices/{DEVICE}/revoke").status_code == 204
    assert lost.get("/api/v1/session").status_code == 401
    thief = visit("worker")
    for call in (push, pull):
        answer = call(thief)
        assert answer.status_code == 403
        assert code_of(answer) == "device_revoked"
    assert pull(thief, "22222222-2222-4222-8222-222222222222").status_code == 200


def test_one_may_stop_ones_own_device_and_nobody_elses(visit):
    owner, other = visit("worker"), visit("worker2")
    push(owner)
    assert code_of(other.post(f"/api/v1/devices/{DEVICE}/revoke")) == "unknown_device"
    assert owner.post(f"/api/v1/devices/{DEVICE}/revoke").status_code == 204


def test_a_dated_delegate_signs_for_his_unit_in_that_time_only(app: Flask, visit):
    head = visit("head")
    start, end = 1_800_000_000_000, 1_800_600_000_000
    body = {"delegate": person_id("clerk"), "from": rfc3339(start), "to": rfc3339(end)}
    made = head.post("/api/v1/delegations", json=body)
    assert made.status_code == 201, made.text
    clerk = in_directory(app, person_id("clerk"))
    assert [signs_for(clerk, unit_id("闸口村"), at) for at in (start - 1, start, end - 1, end)] == [
        False,
        True,
        True,
        False,
    ]
    assert not signs_for(clerk, unit_id("南城村"), start)
    assert [each["delegate"]["name"] for each in visit("clerk").get("/api/v1/delegations").json["items"]] == [
        "何强"
    ]
    assert head.delete(f"/api/v1/delegations/{made.json['id']}").status_code == 204
    assert not signs_for(in_directory(app, person_id("clerk")), unit_id("闸口村"), start)


@pytest.mark.parametrize(
    ("delegate", "start", "end", "code"),
    [
        ("clerk9", 0, 1000, "unknown_person"),
        ("worker", 0, 1000, "unknown_person"),
        ("head", 0, 1000, "unknown_person"),
        ("clerk", 1000, 1000, "invalid_args"),
        ("clerk", 0, 400 * 86_400_000, "invalid_args"),
    ],
)
def test_a_wrong_delegation_is_refused(visit, delegate, start, end, code):
    body = {"delegate": person_id(delegate), "from": rfc3339(start), "to": rfc3339(end)}
    assert code_of(visit("head").post("/api/v1/delegations", json=body)) == code


def test_a_head_ends_only_his_own_delegations(visit):
    body = {"delegate": person_id("clerk"), "from": rfc3339(0), "to": rfc3339(1000)}
    made = visit("head").post("/api/v1/delegations", json=body).json["id"]
    assert code_of(visit("head3").delete(f"/api/v1/delegations/{made}")) == "unknown_delegation"


def test_what_the_administrator_does_is_in_the_audit_trail(visit):
    admin = visit("admin")
    made = admin.post("/api/v1/people", json=NEW).json
    entries = visit("auditor").get("/api/v1/audit?action=person.create&limit=1").json["items"]
    assert entries[0]["actor"] == person_id("admin")
    assert entries[0]["actor_name"] == "系统管理员"
    assert entries[0]["subject"] == made["person"]["id"]
    assert made["password"] not in str(entries)


@pytest.mark.parametrize("username", ["worker", "head", "officer", "lead", "leader", "duty"])
def test_the_audit_trail_is_for_auditor_and_administrator(visit, username):
    assert visit(username).get("/api/v1/audit").status_code == 403


def test_the_audit_trail_pages_backwards(visit):
    auditor = visit("auditor")
    first = auditor.get("/api/v1/audit?limit=3").json["items"]
    then = auditor.get(f"/api/v1/audit?limit=3&before={first[-1]['seq']}").json["items"]
    numbers = [each["seq"] for each in first + then]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == 6


def test_the_chain_is_whole_until_a_row_is_changed_or_taken_out(any_app: Flask):
    engine = any_app.extensions["jiban"].engine
    with reading(engine) as connection:
        assert audit.first_broken(connection) is None
    with writing(engine) as connection:
        connection.execute(update(AuditRow).where(AuditRow.seq == 5).values(actor="somebody else"))
    with reading(engine) as connection:
        assert audit.first_broken(connection) == 5
    with writing(engine) as connection:
        connection.execute(delete(AuditRow).where(AuditRow.seq == 5))
    with reading(engine) as connection:
        assert audit.first_broken(connection) == 6


def test_the_directory_is_read_anew_after_each_change_and_not_before(app: Flask):
    engine = app.extensions["jiban"].engine
    with reading(engine) as connection:
        before = directory(connection)
        assert directory(connection) is before
    client = app.test_client().sign_in("admin")
    client.patch(f"/api/v1/people/{person_id('worker')}", json={"name": "李伟明"})
    assert in_directory(app, person_id("worker")).name == "李伟明"


def test_a_change_that_was_rolled_back_leaves_no_trace_in_the_directory(app: Flask):
    from server.store import people_rows

    engine = app.extensions["jiban"].engine

    def change_and_fail() -> None:
        with writing(engine) as connection:
            people_rows.change_person(connection, person_id("worker"), name="nobody")
            assert directory(connection).people[person_id("worker")].name == "nobody"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    assert in_directory(app, person_id("worker")).name == "李伟"
