"""The one shape of every error: `{"error": {"code", "message", "details"}}`."""

import errno
import math
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from flask import Flask, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from server.api.context import language
from server.api.words import words
from sync.log import Retry, Unavailable, Unfit

logger = structlog.get_logger(__name__)

CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    422: "invalid_args",
    429: "rate_limited",
}
RETRY_AFTER_S = 3
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # EFBIG: a limit on the size of files
DISK_FULL = "53100"  # PostgreSQL's SQLSTATE


class Problem(Exception):
    """An answer that is an error. `details` is for programs, the words are found by `code`."""

    def __init__(
        self,
        status: int,
        code: str,
        *,
        retry_after_s: float | None = None,
        headers: Mapping[str, str] | None = None,
        **details: Any,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.details = details
        self.headers = dict(headers or {})
        if retry_after_s is not None:
            self.headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))


def answer(problem: Problem) -> Response:
    body = {
        "error": {
            "code": problem.code,
            "message": words(problem.code, problem.details, language()),
            "details": problem.details,
        }
    }
    # Marshmallow names the places in a list by their numbers.
    packed = orjson.dumps(body, default=str, option=orjson.OPT_NON_STR_KEYS)
    response = Response(packed, problem.status, mimetype="application/json")
    response.headers.update(problem.headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def install(app: Flask) -> None:
    """Catch everything: nothing leaves the server as HTML or with a stack trace."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(HTTPException, lambda error: answer(from_http(error)))
    app.register_error_handler(Exception, lambda error: answer(from_exception(error)))


def from_http(error: HTTPException) -> Problem:
    """Werkzeug's and webargs' own errors; `Allow`, `Retry-After` and their like are kept."""
    status = error.code or 500
    data: Mapping[str, Any] = getattr(error, "data", None) or {}
    details: dict[str, Any] = {}
    code = CODES.get(status, "server_error" if status >= 500 else "bad_request")
    if "messages" in data:
        details["fields"] = data["messages"]
        code = "bad_json" if status == 400 else code
    kept = {
        name: value
        for name, value in [*error.get_headers(), *dict(data.get("headers") or {}).items()]
        if name in {"Allow", "Retry-After", "Content-Range", "WWW-Authenticate"}
    }
    return Problem(status, code, headers=kept, **details)


def from_exception(error: Exception) -> Problem:
    """Trouble below us is 503 and says when to come back; a fault of ours is 500 and is logged whole."""
    code = trouble(error)
    if code:
        logger.warning("storage_trouble", code=code, cause=f"{type(error).__name__}: {_cause(error)}"[:200])
        return Problem(503, code, retry_after_s=RETRY_AFTER_S)
    if isinstance(error, Unfit):  # a value no rule of ours had caught, e.g. NUL in a text on PostgreSQL
        logger.error("unfit_value", error=type(_cause(error)).__name__, exc_info=error)
        return Problem(422, "invalid_args")
    logger.error("unexpected_error", error=type(error).__name__, exc_info=error)
    return Problem(500, "server_error")


def _cause(error: BaseException) -> BaseException:
    while isinstance(error, DBAPIError | Unavailable | Retry) and (inner := _inner(error)) is not None:
        error = inner
    return error


def _inner(error: BaseException) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error.__cause__


def trouble(error: BaseException) -> str | None:
    """`disk_full` or `database_unavailable` if the error means that, else None."""
    cause = _cause(error)
    if isinstance(cause, OSError) and cause.errno in NO_ROOM:
        return "disk_full"
    if isinstance(error, DBAPIError | Unavailable) and (
        "is full" in str(cause) or _state(cause) == DISK_FULL
    ):
        return "disk_full"
    if isinstance(error, Unavailable | Retry | PoolTimeout):
        return "database_unavailable"
    if isinstance(error, DBAPIError) and (error.connection_invalidated or _below_us(cause)):
        return "database_unavailable"
    return None


def _state(cause: BaseException) -> Any:
    return getattr(cause, "sqlstate", None)


def _below_us(cause: BaseException) -> bool:
    """The drivers' own classes for a database that cannot be reached or read, both drivers alike."""
    kinds = {each.__name__ for each in type(cause).__mro__}
    return bool(kinds & {"OperationalError", "InterfaceError"}) or "malformed" in str(cause)
