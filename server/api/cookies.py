"""The two cookies: the session's, and the browser's own mark for the lock-out of failed sign-ins."""

import hashlib
import hmac
import secrets

from flask import Response, request

from server.api.context import secret

SESSION = "jiban_session"
BROWSER = "jiban_browser"
BROWSER_AGE_S = 400 * 86_400  # the longest that browsers keep a cookie


def session_token() -> str | None:
    return request.cookies.get(SESSION)


def new_token() -> str:
    return secrets.token_urlsafe(32)


def set_session(response: Response, token: str, age_s: int) -> None:
    _set(response, SESSION, token, age_s)


def clear_session(response: Response) -> None:
    response.delete_cookie(SESSION, path="/", secure=request.is_secure, httponly=True, samesite="Lax")


def browser_mark() -> str | None:
    """The browser's mark if it is one that we gave; anybody can invent a cookie, but not our signature."""
    mark, _, signature = request.cookies.get(BROWSER, "").partition(".")
    return mark if mark and hmac.compare_digest(signature, _signature(mark)) else None


def give_browser_mark(response: Response, mark: str) -> None:
    _set(response, BROWSER, f"{mark}.{_signature(mark)}", BROWSER_AGE_S)


def _signature(mark: str) -> str:
    return hmac.new(secret("browser mark"), mark.encode(), hashlib.sha256).hexdigest()[:32]


def _set(response: Response, name: str, value: str, age_s: int) -> None:
    response.set_cookie(
        name, value, max_age=age_s, path="/", secure=request.is_secure, httponly=True, samesite="Lax"
    )
