"""Which days people work: the published calendar with the town's own days on top (DOMAIN §C 9).

The sweeper sees a changed calendar and computes the deadlines of the open tickets anew.
"""

import datetime
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, validate

from server.api.context import engine
from server.api.errors import Problem
from server.api.guard import actor, signed_in
from server.clock import now_ms
from server.store import audit, calendar_days
from server.store.calendar import read_calendar
from server.store.engine import reading, writing

blp = Blueprint("calendar", __name__, description="Working days")

OFFICE = ("sys_admin", "office_lead")
_YEARS = validate.Range(2000, 2100)


class YearQuery(Schema):
    year = fields.Integer(required=True, validate=_YEARS)


class DayIn(Schema):
    is_work = fields.Boolean(required=True)
    name = fields.String(required=True, validate=validate.Length(1, 40))


class Day(Schema):
    date = fields.String(required=True)
    is_work = fields.Boolean(required=True)
    name = fields.String(required=True)
    override = fields.Boolean(required=True, metadata={"description": "the town's own word"})


class Year(Schema):
    year = fields.Integer(required=True)
    published = fields.Boolean(
        required=True, metadata={"description": "false: its deadlines are provisional"}
    )
    days = fields.List(fields.Nested(Day), required=True)


@blp.route("/calendar", methods=["GET"])
@signed_in("sys_admin", "office_lead", "dispatcher", "town_leader", "leading_group", "auditor")
@blp.arguments(YearQuery, location="query", unknown=RAISE)
@blp.response(200, Year)
def get_year(query: dict[str, int]) -> dict[str, Any]:
    """The named days of a year: holidays, working weekends, and what the town decided itself."""
    year = query["year"]
    with reading(engine()) as connection:
        known = read_calendar(connection)
        own = calendar_days.overrides(connection, year)
    days = [
        _shown(day, is_work, name, day in own)
        for day, (is_work, name) in known.days.items()
        if day.year == year
    ]
    return {
        "year": year,
        "published": year in known.years,
        "days": sorted(days, key=lambda day: str(day["date"])),
    }


@blp.route("/calendar/<string:date>", methods=["PUT"])
@signed_in(*OFFICE)
@blp.arguments(DayIn)
@blp.response(200, Day)
def put_day(body: dict[str, Any], date: str) -> dict[str, Any]:
    """Overrule one day. The deadlines of open tickets follow within a minute, with their history."""
    day, now = _day(date), now_ms()
    with writing(engine()) as connection:
        calendar_days.set_day(connection, day, is_work=body["is_work"], name=body["name"], now_ms=now)
        audit.append(
            connection, now, actor().id, "calendar.set", date, is_work=body["is_work"], name=body["name"]
        )
    return _shown(day, body["is_work"], body["name"], True)


@blp.route("/calendar/<string:date>", methods=["DELETE"])
@signed_in(*OFFICE)
@blp.response(204)
@blp.alt_response(422, description="`invalid_args`: no day of a year between 2000 and 2100")
def delete_day(date: str) -> Response:
    """Take the town's word back: the published calendar counts again. Harmless when there was none."""
    day, now = _day(date), now_ms()
    with writing(engine()) as connection:
        if calendar_days.clear_day(connection, day):
            audit.append(connection, now, actor().id, "calendar.clear", date)
    return Response(status=204)


def _day(text: str) -> datetime.date:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        day = None
    # fromisoformat also reads 20261001 and week dates; one day has one address here
    if day is None or day.isoformat() != text or not 2000 <= day.year <= 2100:
        raise Problem(422, "invalid_args", field="date", reason="not_a_time")
    return day


def _shown(day: datetime.date, is_work: bool, name: str, override: bool) -> dict[str, Any]:
    return {"date": day.isoformat(), "is_work": is_work, "name": name, "override": override}
