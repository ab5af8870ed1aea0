"""Who may call a route: the session (401), then the CSRF token, then the role (403), and only then the body.

Each decorator stands directly under `@blp.route` and above `@blp.arguments`, so that it runs first.
"""

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import structlog
from flask import g, request
from flask_login import LoginManager, UserMixin, current_user

from server.api.context import engine, settings
from server.api.cookies import session_token
from server.api.errors import Problem
from server.clock import now_ms
from server.domain.roles import Actor
from server.store import sessions
from server.store.engine import glancing, reading, writing
from server.store.people import directory_at
from server.store.sessions import Session
from sync.log import Retry, Unavailable, Unfit

logger = structlog.get_logger(__name__)
P = ParamSpec("P")
R = TypeVar("R")
View = Callable[P, R]

FIELD_ROLES = frozenset({"grid_worker", "unit_clerk", "unit_head"})
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class User(UserMixin):  # type: ignore[misc]  # flask-login is untyped
    """The signed-in person of a request, as Flask-Login knows him."""

    def __init__(self, actor: Actor, session: Session) -> None:
        self.actor = actor
        self.session = session
        self.id = actor.id


def lifetime_ms(role: str) -> int:
    """How long a sign-in of this role lasts (SYNC “Wire”: 30 days for the field, 12 h for the office)."""
    if role in FIELD_ROLES:
        return settings().session_field_days * DAY_MS
    return settings().session_office_h * HOUR_MS


def load_user(_request: Any) -> User | None:
    """The person whose live session the cookie names; a field session slides on, at most once an hour."""
    token = session_token()
    if not token:
        return None
    now = now_ms()
    with glancing(engine()) as connection:
        found = sessions.find(connection, sessions.digest(token), now)
    actor = directory_at(engine(), found.register).people.get(found.person_id) if found else None
    if found is None or actor is None:
        return None
    if actor.role in FIELD_ROLES and found.seen_at_ms + HOUR_MS < now:
        _slide(found.id, now, now + lifetime_ms(actor.role))
    return User(actor, found)


def _slide(session_id: str, now: int, expires_at_ms: int) -> None:
    """Only if it can be written down: reading goes on with a full disk, and the session slides another time."""
    try:
        with writing(engine()) as connection:
            sessions.prolong(connection, session_id, now, expires_at_ms)
    except (Retry, Unavailable, Unfit, OSError) as error:
        logger.warning("session_not_prolonged", cause=str(error)[:200])
        return
    g.session_prolonged_to_ms = expires_at_ms


def login_manager() -> LoginManager:
    """Flask-Login on our own session rows: its signed cookie is never set."""
    manager = LoginManager()
    manager.session_protection = None
    manager.request_loader(load_user)
    return manager


def actor() -> Actor:
    """Who is signed in; only inside a guarded view."""
    return cast("Actor", current_user.actor)


def session() -> Session:
    return cast("Session", current_user.session)


def intake_source() -> str | None:
    """The name of the intake key the call came with, None for a person's call."""
    return cast("str | None", g.get("intake_source"))


def signed_in(*roles: str, with_first_password: bool = False) -> Callable[[View[P, R]], View[P, R]]:
    """Only a signed-in person, of one of `roles` if any are given. Writing needs the CSRF token.

    Until the first password is changed only views marked `with_first_password` are open.
    """

    def decorate(view: View[P, R]) -> View[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            _require_session(roles, with_first_password)
            return view(*args, **kwargs)

        return _documented(guarded, {"session": []}, forbidden=True, roles=roles)

    return decorate


def with_key(view: View[P, R]) -> View[P, R]:
    """Only with a live intake key: `Authorization: Bearer <key>`."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        _require_key()
        return view(*args, **kwargs)

    return _documented(guarded, {"intake": []}, forbidden=False)


def signed_in_or_key(view: View[P, R]) -> View[P, R]:
    """A signed-in person of any role, or the intake key."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if request.headers.get("Authorization"):
            _require_key()
        else:
            _require_session((), with_first_password=False)
        return view(*args, **kwargs)

    return _documented(guarded, {"session": []}, {"intake": []}, forbidden=True)


def open_to_all(view: View[P, R]) -> View[P, R]:
    """Marks a route that needs nobody signed in; a route with no mark at all fails the tests."""
    return _documented(view, forbidden=False)


def body_limit(n_bytes: int) -> Callable[[View[P, R]], View[P, R]]:
    """Let this view take bodies of up to `n_bytes`; 1 MiB otherwise."""

    def decorate(view: View[P, R]) -> View[P, R]:
        @wraps(view)
        def limited(*args: P.args, **kwargs: P.kwargs) -> R:
            request.max_content_length = n_bytes
            return view(*args, **kwargs)

        return limited

    return decorate


def _require_session(roles: tuple[str, ...], with_first_password: bool) -> None:
    if not current_user.is_authenticated:
        raise Problem(401, "person_revoked" if _was_revoked() else "unauthenticated")
    if request.method not in SAFE_METHODS and not _csrf_holds():
        raise Problem(403, "csrf")
    if session().must_change_password and not with_first_password:
        raise Problem(403, "password_change_required")
    if roles and actor().role not in roles:
        raise Problem(403, "forbidden")


def _was_revoked() -> bool:
    """Told to whoever still has the cookie of a revoked person: his phone then lets the town's rows go (SYNC)."""
    token = session_token()
    if not token:
        return False
    with reading(engine()) as connection:
        return sessions.is_of_revoked(connection, sessions.digest(token))


def _csrf_holds() -> bool:
    sent = request.headers.get("X-CSRF-Token", "").encode()
    return hmac.compare_digest(sent, session().csrf.encode())


def _require_key() -> None:
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    name = None
    if kind.lower() == "bearer" and key.strip():
        with reading(engine()) as connection:
            name = sessions.intake_key_name(connection, key.strip())
    if name is None:
        raise Problem(401, "bad_key", headers={"WWW-Authenticate": "Bearer"})
    g.intake_source = name


def _documented(
    view: View[P, R], *security: dict[str, list[str]], forbidden: bool, roles: tuple[str, ...] = ()
) -> View[P, R]:
    """Tell the OpenAPI description what the guard may answer, and whom alone it lets in."""
    doc: dict[str, Any] = dict(getattr(view, "_apidoc", {}))
    manual = dict(doc.get("manual_doc", {}))
    manual["security"] = list(security)
    if roles:
        manual["x-roles"] = sorted(roles)
    responses = dict(manual.get("responses", {}))
    if security:
        responses["401"] = {"$ref": "#/components/responses/Unauthenticated"}
    if forbidden:
        responses["403"] = {"$ref": "#/components/responses/Forbidden"}
    manual["responses"] = responses
    doc["manual_doc"] = manual
    view._apidoc = doc  # type: ignore[attr-defined]
    view._guarded = True  # type: ignore[attr-defined]
    return view
