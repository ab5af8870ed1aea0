"""How the indicators look on the wire (API.md “The office”): a whole, its rows, and the tickets behind a figure."""

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from server.api.shape_fields import TRUSTS
from server.domain.indicators import Arrival, Tally
from server.domain.instants import rfc3339
from server.domain.rates import Rate, light
from server.domain.roles import Unit
from server.store.people import Directory
from server.store.rate_reports import NOBODY
from server.store.reports import PARTS, Behind

BY = ("town", "unit", "village", "worker")
PAGE_SIZE_MAX = 500
_OWN_PARTS = tuple(part for part in PARTS if part not in {"all", "told_late"})
_NOBODY = {
    "village": ("未注明村（社区）", "No village"),
    "unit": ("未分派", "Not dispatched"),
    "worker": ("未指定办理人", "No handler"),
}
_SECRET_TITLE = {"zh-CN": "保密单", "en": "Confidential"}


class PeriodQuery(Schema):
    """Shanghai's calendar days, both included."""

    from_ = fields.Date(required=True, data_key="from", format="%Y-%m-%d")
    to = fields.Date(required=True, format="%Y-%m-%d")
    by = fields.String(load_default="town", validate=validate.OneOf(BY))


class BehindQuery(PeriodQuery):
    key = fields.String(
        load_default=None, validate=validate.Length(max=100), metadata={"description": "of a row"}
    )
    part = fields.String(load_default="all", validate=validate.OneOf(PARTS))
    page = fields.Integer(load_default=1, validate=validate.Range(1, 1_000_000))
    page_size = fields.Integer(load_default=50, validate=validate.Range(1, PAGE_SIZE_MAX))


class Figures(Schema):
    numerator = fields.Integer(required=True)
    denominator = fields.Integer(required=True)
    rate = fields.Float(required=True, allow_none=True, metadata={"description": "0–1, null at 0"})
    unverified = fields.Integer(required=True, metadata={"description": "in neither number until confirmed"})
    excluded = fields.Integer(required=True)
    told_late = fields.Integer(
        required=True,
        metadata={"description": "counted: on time by a probable clock, heard of after the due"},
    )
    p50_s = fields.Integer(required=True, allow_none=True)
    p90_s = fields.Integer(required=True, allow_none=True)
    too_few = fields.Boolean(
        required=True, metadata={"description": "n below `min_n_for_rank`: not to be ranked"}
    )
    light = fields.String(required=True, allow_none=True, validate=validate.OneOf(("green", "yellow", "red")))


class IndicatorRow(Figures):
    key = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(allow_none=True, metadata={"description": "of a unit; villages are ranked apart"})


class Bin(Schema):
    """Arrivals that took [from_s, to_s) seconds; the last bin has no end."""

    from_s = fields.Integer(required=True)
    to_s = fields.Integer(required=True, allow_none=True)
    n = fields.Integer(required=True)


class IndicatorAnswer(Figures):
    name = fields.String(required=True)
    as_of = fields.String(required=True)
    min_n_for_rank = fields.Integer(required=True)
    rows = fields.List(fields.Nested(IndicatorRow), required=True)


class ArrivalAnswer(IndicatorAnswer):
    previous = fields.Nested(Figures, required=True, metadata={"description": "the same length just before"})
    distribution = fields.List(fields.Nested(Bin), required=True)


class BehindShape(Schema):
    id = fields.String(required=True)
    external_no = fields.String(required=True)
    title = fields.String(required=True)
    cycle = fields.Integer(required=True)
    village = fields.String(required=True, allow_none=True)
    unit = fields.String(required=True, allow_none=True)
    worker = fields.String(required=True, allow_none=True)
    start_at = fields.String(required=True)
    due_at = fields.String(required=True)
    met_at = fields.String(required=True, allow_none=True)
    received_at = fields.String(required=True, allow_none=True)
    seconds = fields.Integer(required=True, allow_none=True)
    trust = fields.String(required=True, allow_none=True, validate=validate.OneOf(TRUSTS))
    told_late = fields.Boolean(required=True)
    part = fields.String(required=True, validate=validate.OneOf(_OWN_PARTS))
    excluded = fields.String(required=True, allow_none=True, metadata={"description": "the reason"})


class BehindAnswer(Schema):
    items = fields.List(fields.Nested(BehindShape), required=True)
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)
    hidden = fields.Integer(
        required=True, metadata={"description": "counted too, but not for this reader to look at"}
    )


def arrival_figures(found: Arrival, min_n: int) -> dict[str, Any]:
    """One count of arrivals."""
    return {
        "numerator": found.numerator,
        "denominator": found.denominator,
        "rate": found.rate,
        "unverified": found.unverified,
        "excluded": found.excluded,
        "told_late": found.told_late,
        "p50_s": found.p50_s,
        "p90_s": found.p90_s,
        "too_few": found.denominator < min_n,
        "light": light("arrival", found.rate) if found.denominator >= min_n else None,
    }


def rate_figures(name: str, rate: Rate, excluded: int, min_n: int) -> dict[str, Any]:
    """One count of another indicator, in the same shape."""
    return {
        "numerator": rate.numerator,
        "denominator": rate.denominator,
        "rate": rate.value,
        "unverified": 0,
        "excluded": excluded,
        "told_late": 0,
        "p50_s": None,
        "p90_s": None,
        "too_few": rate.denominator < min_n,
        "light": light(name, rate.value) if rate.denominator >= min_n else None,
    }


def bins(tally: Tally) -> list[dict[str, Any]]:
    """The distribution of arrival times."""
    return [{"from_s": start, "to_s": end, "n": n} for start, end, n in tally.bins()]


def rows(
    by: str, figures: Mapping[str, dict[str, Any]], known: Directory, town: str, language: str
) -> list[dict[str, Any]]:
    """The rows with their names: villages before other units, nobody's last, never in order of their rates."""
    found = []
    for key, figure in figures.items():
        unit = known.units.get(key) if by == "unit" else None
        name = _name(by, key, known, town, language)
        found.append({"key": key, "name": name, "kind": unit.kind if unit else None, **figure})
    return sorted(
        found, key=lambda row: (row["key"] == NOBODY, _rank(known.units.get(row["key"])), row["name"])
    )


def _rank(unit: Unit | None) -> int:
    return 0 if unit is None or unit.village else 1


def _name(by: str, key: str, known: Directory, town: str, language: str) -> str:
    if key == NOBODY and by in _NOBODY:
        return _NOBODY[by][language == "en"]
    if by == "town":
        return town
    found = known.units.get(key) if by == "unit" else known.people.get(key) if by == "worker" else None
    return found.name if found is not None else key


def behind(found: Iterable[Behind], known: Directory, language: str) -> list[dict[str, Any]]:
    """The tickets behind a figure; a confidential one without title and place (DOMAIN §E)."""
    return [_behind(one, known, language) for one in found]


def _behind(one: Behind, known: Directory, language: str) -> dict[str, Any]:
    unit, worker = known.units.get(one.unit or ""), known.people.get(one.worker or "")
    return {
        "id": one.id,
        "external_no": one.external_no,
        "title": _SECRET_TITLE[language] if one.confidential else one.title,
        "cycle": one.cycle,
        "village": None if one.confidential else one.village,
        "unit": unit.name if unit is not None else None,
        "worker": worker.name if worker is not None else None,
        "start_at": rfc3339(one.start_ms),
        "due_at": rfc3339(one.due_ms),
        "met_at": None if one.met_ms is None else rfc3339(one.met_ms),
        "received_at": None if one.known_ms is None else rfc3339(one.known_ms),
        "seconds": one.seconds,
        "trust": one.trust,
        "told_late": one.told_late,
        "part": one.part,
        "excluded": one.excluded,
    }
