"""The indicators of DOMAIN §D, for those who see statistics; a unit's head sees his own unit's."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE
from sqlalchemy.engine import Connection

from server.actions.indicator_sheet import arrival_sheet
from server.api import indicator_shapes as shapes
from server.api import json
from server.api.context import engine, language, settings
from server.api.errors import Problem
from server.api.guard import actor, signed_in
from server.api.indicator_shapes import ArrivalAnswer, BehindAnswer, BehindQuery, IndicatorAnswer, PeriodQuery
from server.api.shape_fields import FILE
from server.clock import now_ms
from server.domain.instants import rfc3339
from server.domain.rates import RATES, CaseRow, Period, excluded
from server.store import rate_reports, reports
from server.store.engine import reading
from server.store.people import Directory, directory
from server.store.rate_reports import NOBODY
from server.store.reports import Asked

blp = Blueprint("indicators", __name__, description="Rates of the work, with their n")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
STATISTICS = (
    "auditor", "leading_group", "dispatcher", "office_lead", "town_leader", "duty_room", "unit_head",
)  # fmt: skip
# Names on the wire → formulae. What has no data yet has no name here: 404, never an invented number.
NAMES = {
    "acceptance": "acceptance",
    "on_time": "on_time",
    "on_time_raw": "on_time_raw",
    "completed": "completion",
    "callback": "callback",
    "connected": "connected",
    "satisfied": "satisfaction",
    "solved": "resolution",
    "returns": "returns",
    "improper_returns": "improper_returns",
    "reworks": "rework",
    "dispatch_accuracy": "dispatch_accuracy",
}


def _span(query: dict[str, Any]) -> tuple[int, int]:
    if query["from_"] > query["to"]:
        raise Problem(422, "invalid_args", field="from", reason="range")
    return reports.day_span(query["from_"], query["to"])


def _own_unit() -> str | None:
    """The unit to which the reader's view is limited; an id that fits nothing for a head without one."""
    return (actor().unit_id or NOBODY) if actor().role == "unit_head" else None


def _asked(query: dict[str, Any]) -> Asked:
    from_ms, to_ms = _span(query)
    return Asked(from_ms, to_ms, now_ms(), _own_unit())


@blp.route("/indicators/arrival", methods=["GET"])
@signed_in(*STATISTICS)
@blp.arguments(PeriodQuery, location="query", unknown=RAISE)
@blp.response(200, ArrivalAnswer)
def arrival(query: dict[str, Any]) -> Response:
    """到场及时率. The whole is always the town's headline; the rows by unit run from that unit's assignment."""
    asked = _asked(query)
    with reading(engine()) as connection:
        body = _arrival(connection, query["by"], asked)
    return _no_store(json.answer(body))


@blp.route("/indicators/arrival.xlsx", methods=["GET"])
@signed_in(*STATISTICS)
@blp.arguments(PeriodQuery, location="query", unknown=RAISE)
@blp.response(200, FILE, content_type=XLSX)
def arrival_file(query: dict[str, Any]) -> Response:
    """The same as an Excel file."""
    asked = _asked(query)
    with reading(engine()) as connection:
        body = _arrival(connection, query["by"], asked)
    data = arrival_sheet(body, query["from_"], query["to"], query["by"], language())
    response = Response(data, mimetype=XLSX)
    response.headers["Content-Disposition"] = 'attachment; filename="arrival.xlsx"'
    return _no_store(response)


def _arrival(connection: Connection, by: str, asked: Asked) -> dict[str, Any]:
    min_n = settings().rules.min_n_for_rank
    parts = reports.arrivals(connection, by, asked)
    headline = reports.arrivals(connection, "town", asked) if by == "unit" else parts
    before = reports.arrivals(connection, "town", asked.before())
    whole = reports.total(list(headline.values()))
    figures = {key: shapes.arrival_figures(tally.result(), min_n) for key, tally in parts.items()}
    return {
        "name": "arrival",
        "as_of": rfc3339(asked.now_ms),
        "min_n_for_rank": min_n,
        **shapes.arrival_figures(whole.result(), min_n),
        "previous": shapes.arrival_figures(reports.total(list(before.values())).result(), min_n),
        "distribution": shapes.bins(whole),
        "rows": shapes.rows(by, figures, directory(connection), settings().town, language()),
    }


@blp.route("/indicators/arrival/tickets", methods=["GET"])
@signed_in(*STATISTICS)
@blp.arguments(BehindQuery, location="query", unknown=RAISE)
@blp.response(200, BehindAnswer)
def arrival_tickets(query: dict[str, Any]) -> Response:
    """The tickets behind a figure, as far as the reader may see them; `late` has the missing ones too."""
    asked = _asked(query)
    with reading(engine()) as connection:
        known = directory(connection)
        found, seen, hidden = reports.arrivals_behind(
            connection,
            actor(),
            asked,
            by=query["by"],
            key=_key(query["by"], query["key"], known),
            part=query["part"],
            page=query["page"],
            page_size=query["page_size"],
        )
        items = shapes.behind(found, known, language())
    return _no_store(json.answer({"items": items, "total": seen, "page": query["page"], "hidden": hidden}))


def _key(by: str, text: str | None, known: Directory) -> str | None:
    """A row's key as given; villages and units also by their other name."""
    if not text or text == NOBODY:
        return text or None
    text = text.replace("\x00", "")
    unit = known.unit(text) if by in {"unit", "village"} else None
    if unit is None:
        return text
    return unit.id if by == "unit" else unit.village or text


@blp.route("/indicators/<string:name>", methods=["GET"])
@signed_in(*STATISTICS)
@blp.arguments(PeriodQuery, location="query", unknown=RAISE)
@blp.response(200, IndicatorAnswer)
def other(query: dict[str, Any], name: str) -> Response:
    """Another indicator of the same shape; one that has no data yet is not found."""
    formula = NAMES.get(name)
    if formula is None:
        raise Problem(404, "not_found")
    now = now_ms()
    period = Period(*_span(query), now)
    with reading(engine()) as connection:
        groups = rate_reports.cases(connection, formula, period, query["by"], _own_unit())
        known = directory(connection)
    figures = {key: _figures(formula, rows, period) for key, rows in groups.items()}
    counted = {key: each for key, each in figures.items() if each["denominator"] or each["excluded"]}
    body = {
        "name": name,
        "as_of": rfc3339(now),
        "min_n_for_rank": settings().rules.min_n_for_rank,
        **_figures(formula, [row for rows in groups.values() for row in rows], period),
        "rows": shapes.rows(query["by"], counted, known, settings().town, language()),
    }
    return _no_store(json.answer(body))


def _figures(formula: str, rows: list[CaseRow], period: Period) -> dict[str, Any]:
    rate = RATES[formula](rows, period)
    return shapes.rate_figures(
        formula, rate, excluded(formula, rows, period), settings().rules.min_n_for_rank
    )


def _no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
