"""The city line: what the hotline sends to the town."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from server.demo.people import INTAKE_KEY, PASSWORD
from tests.device import Phone
from tests.e2e.steps import answer_alarms
from tests.e2e.wire import Wire
from tests.serving import Server


@dataclass
class City:
    """The city line with its key."""

    server: Server
    hushed: bool = False  # a head answers its alarms at once: for tests that are about something else

    def post(self, **more: Any) -> dict[str, Any]:
        """A call that the city passes on; the intake's answer with what was sent."""
        number = uuid.uuid4().hex[:6]
        body: dict[str, Any] = {
            "external_no": f"E2E-{number}",
            "category": "complaint",
            "urgent": True,
            "confidential": False,
            "title": f"主干道井盖缺失 {number}",
            "content": "振兴路12号对开，主干道井盖缺失，夜间无照明。",
            "place": {
                "village": "闸口村",
                "address": "振兴路12号",
                "lat": 23.0128,
                "lng": 113.6846,
                "crs": "WGS84",
            },
            "contact": {"name": "陈先生", "phone": "13800130000"},
            "received_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        } | more
        answer = requests.post(
            f"{self.server.url}/api/v1/intake/tickets",
            json=body,
            headers={"Authorization": f"Bearer {INTAKE_KEY}"},
            timeout=20,
        )
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        if self.hushed:
            hush(self.server, made["id"])
        return body | made


def hush(server: Server, ticket: str) -> None:
    """The head of its village says 收到 to whatever rings for this ticket, so that it covers nobody's screen."""
    for username in ("head", "head3"):
        answer_alarms(Phone(Wire(server.url), username, PASSWORD), ticket)
