"""Signing in and out, and one's own password."""

import secrets
from urllib.parse import urlsplit

from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from server.actions import signing_in
from server.actions.signing_in import Limits, Refused
from server.api import cookies, json
from server.api.context import engine, settings
from server.api.errors import Problem, answer
from server.api.guard import actor, lifetime_ms, open_to_all, session, signed_in
from server.api.people_shapes import SessionAnswer, signed_in_user
from server.clock import now_ms
from server.domain.roles import Actor
from server.store import sessions
from server.store.engine import reading
from server.store.people import directory

blp = Blueprint("session", __name__, description="Who is signed in")

PASSWORD_MAX = 200
STATUS = {"wrong_credentials": 401, "too_many_attempts": 429}


class Credentials(Schema):
    username = fields.String(required=True, validate=validate.Length(1, 64))
    password = fields.String(required=True, validate=validate.Length(1, PASSWORD_MAX))


class NewPassword(Schema):
    current = fields.String(required=True, validate=validate.Length(1, PASSWORD_MAX))
    new = fields.String(required=True, validate=validate.Length(1, PASSWORD_MAX))


@blp.route("/session", methods=["POST"])
@open_to_all
@blp.arguments(Credentials)
@blp.response(200, SessionAnswer)
@blp.doc(
    responses={
        "401": {"$ref": "#/components/responses/Unauthenticated"},
        "403": {"$ref": "#/components/responses/Forbidden"},
        "429": {"$ref": "#/components/responses/TooMany"},
    }
)
def sign_in(credentials: dict[str, str]) -> Response:
    """Sign in. Only failures are counted, per name and browser, and they pause that browser only."""
    _from_this_site()
    now = now_ms()
    known = cookies.browser_mark()
    mark = known or cookies.new_token()
    browsers = [mark] if known else [mark, f"address {request.remote_addr}"]
    limits = Limits(settings().login_failures_max, settings().login_pause_min * signing_in.MINUTE_MS)
    try:
        person, must_change = signing_in.check(
            engine(), credentials["username"], credentials["password"], browsers, limits=limits, now_ms=now
        )
    except Refused as refused:
        response = answer(_problem(refused))
        cookies.give_browser_mark(response, mark)
        return response
    response = _start(person, must_change, browsers, now)
    cookies.give_browser_mark(response, mark)
    return response


def _start(person: Actor, must_change: bool, browsers: list[str], now: int) -> Response:
    token, csrf, lifetime = cookies.new_token(), secrets.token_urlsafe(24), lifetime_ms(person.role)
    former = cookies.session_token()
    signing_in.start(
        engine(),
        person,
        sessions.digest(token),
        csrf=csrf,
        agent=request.user_agent.string,
        browsers=browsers,
        former=sessions.digest(former) if former else None,
        now_ms=now,
        expires_at_ms=now + lifetime,
    )
    response = _answer(person, csrf, must_change)
    cookies.set_session(response, token, lifetime // 1000)
    return response


@blp.route("/session", methods=["GET"])
@signed_in(with_first_password=True)
@blp.response(200, SessionAnswer)
def get_session() -> Response:
    """Who is signed in with this cookie, and the CSRF token of the session."""
    return _answer(actor(), session().csrf, session().must_change_password)


@blp.route("/session", methods=["DELETE"])
@signed_in(with_first_password=True)
@blp.response(204)
def sign_out() -> Response:
    """Sign out: the session's row goes, and with it whatever its cookie could open."""
    signing_in.end(engine(), actor().id, session().id, now_ms())
    response = Response(status=204)
    cookies.clear_session(response)
    return response


@blp.route("/session/password", methods=["POST"])
@signed_in(with_first_password=True)
@blp.arguments(NewPassword)
@blp.response(200, SessionAnswer)
def change_password(body: dict[str, str]) -> Response:
    """Change one's own password; every other session of the person ends."""
    try:
        signing_in.change_password(
            engine(), actor(), session().id, current=body["current"], new=body["new"], now_ms=now_ms()
        )
    except Refused as refused:
        raise _problem(refused) from None
    return _answer(actor(), session().csrf, must_change=False)


def _answer(person: Actor, csrf: str, must_change: bool) -> Response:
    with reading(engine()) as connection:
        user = signed_in_user(person, directory(connection), must_change)
    response = json.answer(SessionAnswer().dump({"user": user, "csrf": csrf}))
    response.headers["Cache-Control"] = "no-store"
    return response


def _problem(refused: Refused) -> Problem:
    details = dict(refused.details)
    retry_after_s = details.pop("retry_after_s", None)
    return Problem(STATUS.get(refused.code, 422), refused.code, retry_after_s=retry_after_s, **details)


def _from_this_site() -> None:
    """Nobody may be signed in by another site's page: it could make his work somebody else's."""
    fetched_by = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if fetched_by:
        fine = fetched_by in {"same-origin", "none"}
    else:
        fine = not origin or urlsplit(origin).netloc == request.host
    if not fine:
        raise Problem(403, "cross_origin")
