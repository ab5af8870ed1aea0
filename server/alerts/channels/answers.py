"""Posting JSON to a group robot and understanding what it says back.

apprise looks at the status alone, but these services answer 200 to a wrong key and say so in the body. For an
alarm that is the difference between told and not told.
"""

import json
from collections.abc import Mapping
from typing import Any

import requests
from apprise import NotifyBase

from server.alerts.channels.kind import CONNECT_S, READ_S
from server.alerts.outcome import SENT, Outcome, of_status
from server.alerts.wire import retry_after_s

ANSWER_BYTES_MAX = 4096


def post(
    url: str, payload: Mapping[str, Any], *, busy: frozenset[int], headers: Mapping[str, str]
) -> Outcome:
    """`busy`: codes in the body that mean “not now”; any other code but 0 means no."""
    try:
        with requests.post(
            url,
            data=json.dumps(payload, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8", **headers},
            timeout=(CONNECT_S, READ_S),
            allow_redirects=False,
            stream=True,
        ) as answer:
            if answer.status_code not in {200, 201, 202, 204}:
                found = of_status(answer.status_code, retry_after_s(answer.headers.get("Retry-After")))
                # What is gone at a push service is, here, an address that somebody configured wrongly.
                return Outcome("failed", found.error) if found.state == "gone" else found
            return _meant(answer.raw.read(ANSWER_BYTES_MAX, decode_content=True), busy)
    except requests.Timeout:
        return Outcome("retry", "timeout")
    except (requests.RequestException, OSError):
        return Outcome("retry", "unreachable")


def _meant(body: bytes, busy: frozenset[int]) -> Outcome:
    try:
        told = json.loads(body)
    except ValueError:
        return SENT
    if not isinstance(told, dict):
        return SENT
    code = next((told[name] for name in ("errcode", "code", "StatusCode") if name in told), 0)
    if code in {0, "0"}:
        return SENT
    return Outcome("retry" if code in busy else "failed", f"refused_{str(code)[:12]}")


def heard(notifier: NotifyBase) -> Outcome | None:
    """What `send` of one of our notifiers kept."""
    return getattr(notifier, "outcome", None)
