"""Structured logs to standard error: what happened and to which ids, never people's names or words."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(level: str, log_format: str) -> None:
    """Set up structlog once per process; `log_format` json, console, or empty to let the terminal decide."""
    console = log_format == "console" or (not log_format and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer()
    if not console:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    threshold = LEVELS.get(level, logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _exceptions_without_values,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),  # as it is when something is logged
        cache_logger_on_first_use=False,
    )


def _exceptions_without_values(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Where it went wrong, frame by frame, but not the exception's message: it may quote a row or a body."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["where"] = _frames(error)
    return event


def _frames(error: BaseException) -> list[str]:
    frames, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames[-15:]
