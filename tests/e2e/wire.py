"""How somebody without a browser reaches the real server: `tests.device.Phone` over HTTP."""

import time
from collections.abc import Mapping
from typing import Any

import requests

from tests.device import Answer, Transport

TIMEOUT_S = 30


class Wire(Transport):
    """HTTP with the cookies of one browser."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self.true_ms = lambda: time.time_ns() // 1_000_000

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        answer = self._session.request(
            method, f"{self._url}/api/v1{path}", json=body, headers=dict(headers or {}), timeout=TIMEOUT_S
        )
        told = answer.json() if answer.content else None
        return Answer(answer.status_code, told, dict(answer.headers))
