"""Signing in, the session's life, and the order in which a request is looked at."""

import importlib.util
import re

import pytest
from flask import Flask
from sqlalchemy import select, update

from server.actions import passwords
from server.clock import now_ms
from server.store import sessions
from server.store.engine import reading, writing
from server.store.tables_people import LoginAttemptRow, PersonRow, SessionRow
from tests.cast import PASSWORD, Browser, code_of, person_id, unit_id

DAY_MS = 86_400_000


def fail(client: Browser, username: str = "worker") -> str | None:
    return code_of(client.post("/api/v1/session", json={"username": username, "password": "wrong"}))


def cookie_of(answer, name: str) -> str:
    found = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith(f"{name}=")]
    assert len(found) == 1, found
    return found[0]


def test_signing_in_tells_who_it_is_and_gives_a_csrf_token(visit):
    answer = visit().post("/api/v1/session", json={"username": "worker", "password": PASSWORD})
    assert answer.status_code == 200
    user = answer.json["user"]
    assert user["id"] == person_id("worker")
    assert user["username"] == "worker"
    assert user["name"] == "李伟"
    assert "李伟" in answer.text  # UTF-8, unescaped
    assert user["role"] == "grid_worker"
    assert user["unit"] == {"id": unit_id("闸口村"), "name": "闸口村"}
    assert user["villages"] == ["闸口村"]
    assert user["grid"]
    assert len(answer.json["csrf"]) >= 24


def test_who_has_no_unit_gets_null_for_it(visit):
    user = visit("admin").user
    assert user["unit"] is None
    assert user["villages"] == []
    assert user["grid"] is None


def test_the_user_name_is_taken_in_any_case_and_with_blanks_around(visit):
    answer = visit().post("/api/v1/session", json={"username": " Worker ", "password": PASSWORD})
    assert answer.status_code == 200


def test_a_session_is_the_same_when_asked_for_again(visit):
    client = visit("worker")
    again = client.get("/api/v1/session")
    assert again.status_code == 200
    assert again.json == {"user": client.user, "csrf": client.csrf}


def test_without_a_session_there_is_401(visit):
    answer = visit().get("/api/v1/session")
    assert answer.status_code == 401
    assert code_of(answer) == "unauthenticated"


def test_the_cookie_cannot_be_read_by_scripts_nor_sent_by_other_sites(visit):
    answer = visit().post("/api/v1/session", json={"username": "worker", "password": PASSWORD})
    cookie = cookie_of(answer, "jiban_session")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_over_https_the_cookie_is_secure(visit):
    answer = visit().post(
        "/api/v1/session",
        json={"username": "worker", "password": PASSWORD},
        base_url="https://jiban.example",
    )
    assert "Secure" in cookie_of(answer, "jiban_session")


def test_a_forwarded_header_is_not_believed_without_a_trusted_proxy(visit):
    answer = visit().post(
        "/api/v1/session",
        json={"username": "worker", "password": PASSWORD},
        headers={"X-Forwarded-Proto": "https"},
    )
    assert "Secure" not in cookie_of(answer, "jiban_session")


def test_only_a_hash_of_the_cookie_is_stored(app: Flask, visit):
    client = visit("worker")
    token = client.get_cookie("jiban_session").value
    with reading(app.extensions["jiban"].engine) as connection:
        stored = connection.execute(select(SessionRow.id)).scalars().all()
    assert stored == [sessions.digest(token)]
    assert token not in stored


def test_a_password_is_hashed_as_dearly_as_owasp_asks_at_least():
    """The tests hash cheaply (tests/quick.py); this one asks the module as a server loads it."""
    found = importlib.util.find_spec(passwords.__name__)
    fresh = importlib.util.module_from_spec(found)
    found.loader.exec_module(fresh)
    stored = fresh.hashed(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert fresh.holds(stored, PASSWORD)
    assert not fresh.holds(stored, "wrong")


def test_a_field_session_lasts_thirty_days_and_an_office_session_twelve_hours(visit):
    ages = {}
    for name in ("worker", "officer"):
        answer = visit().post("/api/v1/session", json={"username": name, "password": PASSWORD})
        ages[name] = int(re.search(r"Max-Age=(\d+)", cookie_of(answer, "jiban_session")).group(1))
    assert ages == {"worker": 30 * 86_400, "officer": 12 * 3_600}


def move_session(app: Flask, by_ms: int) -> None:
    with writing(app.extensions["jiban"].engine) as connection:
        connection.execute(
            update(SessionRow).values(
                seen_at=SessionRow.seen_at + by_ms, expires_at=SessionRow.expires_at + by_ms
            )
        )


def test_a_field_session_slides_on_with_use(app: Flask, visit):
    client = visit("worker")
    move_session(app, -29 * DAY_MS)
    answer = client.get("/api/v1/session")
    assert answer.status_code == 200
    assert "Max-Age" in cookie_of(answer, "jiban_session")
    with reading(app.extensions["jiban"].engine) as connection:
        expires_at = connection.execute(select(SessionRow.expires_at)).scalar_one()
    assert expires_at > now_ms() + 29 * DAY_MS


def test_a_session_that_ran_out_is_401_and_its_work_is_not_touched(app: Flask, visit):
    client = visit("worker")
    move_session(app, -31 * DAY_MS)
    assert client.get("/api/v1/session").status_code == 401


def test_an_office_session_does_not_slide(app: Flask, visit):
    client = visit("officer")
    move_session(app, -11 * 3_600_000)
    assert client.get("/api/v1/session").status_code == 200
    move_session(app, -2 * 3_600_000)
    assert client.get("/api/v1/session").status_code == 401


def test_signing_out_ends_the_session_for_whoever_kept_its_cookie(app: Flask, visit):
    client = visit("worker")
    token = client.get_cookie("jiban_session").value
    assert client.delete("/api/v1/session").status_code == 204
    thief = visit()
    thief.set_cookie("jiban_session", token)
    assert thief.get("/api/v1/session").status_code == 401


def test_writing_without_the_csrf_token_is_403_before_the_body_is_looked_at(visit):
    client = visit("worker")
    answer = client.post("/api/v1/session/password", data=b"not json", headers={"X-CSRF-Token": "wrong"})
    assert answer.status_code == 403
    assert code_of(answer) == "csrf"


def test_no_session_comes_before_csrf_and_body(visit):
    answer = visit().post("/api/v1/session/password", data=b"not json")
    assert answer.status_code == 401


def test_the_csrf_token_of_another_session_does_not_fit(visit):
    client, other = visit("worker"), visit("worker")
    answer = client.delete("/api/v1/session", headers={"X-CSRF-Token": other.csrf})
    assert code_of(answer) == "csrf"


def test_another_site_cannot_sign_anybody_in(visit):
    body = {"username": "worker", "password": PASSWORD}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = visit().post("/api/v1/session", json=body, headers=headers)
        assert answer.status_code == 403
        assert code_of(answer) == "cross_origin"


def test_signing_in_takes_json_only(visit):
    answer = visit().post("/api/v1/session", data={"username": "worker", "password": PASSWORD})
    assert answer.status_code == 415
    assert code_of(answer) == "unsupported_media_type"


def test_an_unknown_name_and_a_wrong_password_are_told_alike(visit):
    unknown = visit().post("/api/v1/session", json={"username": "nobody", "password": "wrong"})
    wrong = visit().post("/api/v1/session", json={"username": "worker", "password": "wrong"})
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.json == wrong.json


def test_failures_pause_sign_in_and_say_for_how_long(visit):
    client = visit()
    assert [fail(client) for _ in range(4)] == ["wrong_credentials"] * 4
    answer = client.post("/api/v1/session", json={"username": "worker", "password": "wrong"})
    assert answer.status_code == 429
    assert code_of(answer) == "too_many_attempts"
    assert int(answer.headers["Retry-After"]) > 600
    right = client.post("/api/v1/session", json={"username": "worker", "password": PASSWORD})
    assert right.status_code == 429


def test_nobody_can_lock_another_out(visit):
    attacker, owner = visit(), visit()
    for _ in range(6):
        fail(attacker)
    answer = owner.post("/api/v1/session", json={"username": "worker", "password": PASSWORD})
    assert answer.status_code == 200


def test_a_browser_that_throws_its_cookie_away_is_counted_by_its_address(visit):
    codes = [fail(visit()) for _ in range(6)]
    assert codes[-1] == "too_many_attempts"


def test_an_invented_browser_mark_is_not_taken_for_one_of_ours(visit):
    codes = []
    for number in range(6):
        client = visit()
        client.set_cookie("jiban_browser", f"made-up-{number}.{'0' * 32}")
        codes.append(fail(client))
    assert codes[-1] == "too_many_attempts"


def test_a_pause_concerns_one_name_only(visit):
    client = visit()
    for _ in range(6):
        fail(client, "worker")
    answer = client.post("/api/v1/session", json={"username": "worker2", "password": PASSWORD})
    assert answer.status_code == 200


def test_the_pause_ends(app: Flask, visit):
    client = visit()
    for _ in range(6):
        fail(client)
    with writing(app.extensions["jiban"].engine) as connection:
        connection.execute(update(LoginAttemptRow).values(locked_until_at=now_ms() - 1))
    client.sign_in("worker")


def test_a_changed_password_ends_the_other_sessions_only(visit):
    here, elsewhere = visit("worker"), visit("worker")
    answer = here.post("/api/v1/session/password", json={"current": PASSWORD, "new": "a new long one"})
    assert answer.status_code == 200, answer.text
    assert here.get("/api/v1/session").status_code == 200
    assert elsewhere.get("/api/v1/session").status_code == 401
    visit().sign_in("worker", "a new long one")


@pytest.mark.parametrize(
    ("current", "new", "code"),
    [
        ("wrong", "a new long one", "wrong_password"),
        (PASSWORD, "short", "weak_password"),
        (PASSWORD, PASSWORD, "weak_password"),
    ],
)
def test_a_password_is_not_changed_to_a_weak_one_nor_without_the_present_one(visit, current, new, code):
    answer = visit("worker").post("/api/v1/session/password", json={"current": current, "new": new})
    assert answer.status_code == 422
    assert code_of(answer) == code


def test_until_the_first_password_is_changed_nothing_else_is_open(app: Flask, visit):
    with writing(app.extensions["jiban"].engine) as connection:
        connection.execute(update(PersonRow).values(must_change_password=True))
    client = visit("worker")
    assert client.user["must_change_password"] is True
    answer = client.get("/api/v1/devices")
    assert answer.status_code == 403
    assert code_of(answer) == "password_change_required"
    client.post("/api/v1/session/password", json={"current": PASSWORD, "new": "a new long one"})
    assert client.get("/api/v1/devices").status_code == 200


def test_a_new_sign_in_ends_the_session_that_the_browser_had(app: Flask, visit):
    client = visit("worker")
    client.csrf = None
    client.sign_in("worker2")
    with reading(app.extensions["jiban"].engine) as connection:
        people = connection.execute(select(SessionRow.person_id)).scalars().all()
    assert people == [person_id("worker2")]


def test_sign_in_works_on_both_databases(any_app: Flask):
    client = any_app.test_client()
    fail(client)
    client.sign_in("worker")
    assert client.get("/api/v1/session").status_code == 200
    assert client.delete("/api/v1/session").status_code == 204
