"""The cast of the tests: a small town with a person for every part, so that a test reads as a sentence.

`worker` and his team-mate `worker2` walk the same grid of 闸口村; `worker3` of 南城村 is the outsider.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.engine import Connection
from werkzeug.test import TestResponse

from server.actions import passwords, people
from server.domain.roles import Unit
from server.store import people_rows, sessions
from server.store.people import Grid
from server.store.people import directory as read_directory

PASSWORD = "jiban-demo"
INTAKE_KEY = "jiban-demo-intake"
NOW_MS = 1_794_800_000_000  # 2026-11-16T03:33:20Z, a working Monday before noon in Shanghai


def cast_id(kind: str, name: str) -> str:
    """The id of a member of the cast: the same in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"jiban-cast/{kind}/{name}"))


UNITS = (
    Unit(cast_id("unit", "闸口村"), "闸口村", "village", "闸口村"),
    Unit(cast_id("unit", "南城村"), "南城村", "village", "南城村"),
    Unit(
        cast_id("unit", "公用事业服务中心"), "公用事业服务中心", "department", None, ("井盖", "路灯", "环卫")
    ),
    Unit(cast_id("unit", "政务服务中心"), "政务服务中心", "department"),
)
GRIDS = (
    Grid(cast_id("grid", "闸口村第一网格"), "闸口村第一网格", UNITS[0].id),
    Grid(cast_id("grid", "南城村第一网格"), "南城村第一网格", UNITS[1].id),
)


@dataclass(frozen=True)
class Member:
    """One person of the cast."""

    username: str
    name: str
    role: str
    unit: str | None = None
    grid: str | None = None

    @property
    def id(self) -> str:
        return cast_id("person", self.username)


MEMBERS = {
    each.username: each
    for each in (
        Member("worker", "李伟", "grid_worker", "闸口村", "闸口村第一网格"),
        Member("worker2", "陈静", "grid_worker", "闸口村", "闸口村第一网格"),
        Member("worker3", "周杰", "grid_worker", "南城村", "南城村第一网格"),
        Member("clerk", "何强", "unit_clerk", "闸口村"),
        Member("head", "卢国强", "unit_head", "闸口村"),
        Member("head3", "叶志明", "unit_head", "南城村"),
        Member("clerk9", "吴敏", "unit_clerk", "公用事业服务中心"),
        Member("officer", "林晓燕", "dispatcher", "政务服务中心"),
        Member("lead", "梁芳", "office_lead", "政务服务中心"),
        Member("duty", "何强", "duty_room"),
        Member("leader", "黄敏", "town_leader"),
        Member("group", "吴卫东", "leading_group"),
        Member("petition", "郑洁", "petition_officer"),
        Member("auditor", "郑洁", "auditor"),
        Member("admin", "系统管理员", "sys_admin"),
    )
}


def load_cast(app: Flask, now_ms: int = NOW_MS) -> None:
    """Put the cast and the intake key into an empty database."""
    parts = app.extensions["jiban"]
    password_hash = passwords.hashed(PASSWORD)
    with parts.log.write(now_ms) as tx:
        _add_places(tx.connection, now_ms)
        register = read_directory(tx.connection)
        for each in MEMBERS.values():
            unit = register.unit(each.unit)
            grid = next((g for g in GRIDS if g.name == each.grid), None)
            form = people.Form(
                each.username, each.name, each.role, unit.id if unit else None, grid.id if grid else None
            )
            people.add(tx, "system", form, password_hash, now_ms, person_id=each.id, must_change=False)
        sessions.add_intake_key(tx.connection, INTAKE_KEY, "12345", now_ms)


def _add_places(connection: Connection, now_ms: int) -> None:
    for unit in UNITS:
        people_rows.add_unit(connection, unit, now_ms)
    for grid in GRIDS:
        people_rows.add_grid(connection, grid)


def unit_id(name: str) -> str:
    return cast_id("unit", name)


def person_id(username: str) -> str:
    return cast_id("person", username)


class Browser(FlaskClient):
    """A browser on the app: keeps its cookies, sends the CSRF token it was given."""

    csrf: str | None = None
    user: dict[str, Any] | None = None

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if self.csrf is not None and args and isinstance(args[0], str):
            headers = dict(kwargs.pop("headers", None) or {})
            headers.setdefault("X-CSRF-Token", self.csrf)
            kwargs["headers"] = headers
        return super().open(*args, **kwargs)

    def sign_in(self, username: str, password: str = PASSWORD) -> "Browser":
        """Sign in or fail the test."""
        answer = self.post("/api/v1/session", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        self.csrf, self.user = answer.json["csrf"], answer.json["user"]
        return self


def code_of(answer: TestResponse) -> str | None:
    """The code of an error, after looking at its shape: one and the same everywhere."""
    body = answer.json
    assert body is not None, answer.text
    assert set(body) == {"error"}, body
    assert set(body["error"]) == {"code", "message", "details"}, body
    assert body["error"]["message"], body
    code = body["error"]["code"]
    assert isinstance(code, str)
    return code
