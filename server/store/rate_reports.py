"""The other indicators of DOMAIN §D: the database groups tickets that count alike, the domain's formulae judge.

A formula never looks at more of a ticket than `_READS` says, and at its times only to ask on which side of the
period's edges, of now and of each other they lie. So all tickets that agree in this are one row with its number.
"""

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from server.domain.rates import CaseRow, Period
from server.store.indicator_rows import CASE_FIELDS
from server.store.tables_indicators import ticket_case

NOBODY = "none"  # the key of rows without a village, unit or worker


@dataclass(frozen=True)
class _Reads:
    """`at`: the time that has to lie in the period; `met`: a time that is held against it; the fields besides.

    `holder`: who is answerable, at the time of which due.
    """

    at: str
    fields: tuple[str, ...] = ()
    met: str | None = None
    holder: str = ""


_READS = {
    "acceptance": _Reads("acceptance_due_at", ("category",), met="acceptance_met_at", holder="acceptance_"),
    "on_time": _Reads("result_due_at", met="result_met_at", holder="result_"),
    "on_time_raw": _Reads("original_due_at", met="result_met_at", holder="result_"),
    "completion": _Reads("received_at", ("category",), met="result_met_at"),
    "callback": _Reads("result_met_at", ("confidential", "called")),
    "connected": _Reads("result_met_at", ("confidential", "connected")),
    "satisfaction": _Reads("rated_at", ("satisfaction",)),
    "resolution": _Reads("rated_at", ("resolved",)),
    "returns": _Reads("received_at", ("dispatches", "returns")),
    "improper_returns": _Reads("received_at", ("returns", "improper_returns")),
    "rework": _Reads("result_met_at", ("reworked",)),
    "dispatch_accuracy": _Reads("received_at", ("dispatches", "returns", "improper_returns")),
}
_BLANK = CaseRow(
    category="",
    received_ms=0,
    acceptance_due_ms=None,
    acceptance_met_ms=None,
    result_due_ms=None,
    original_due_ms=None,
    result_met_ms=None,
    excluded=False,
    confidential=False,
    replied=False,
    called=False,
    connected=False,
    reworked=False,
    resolved=None,
    satisfaction=None,
    rated_ms=None,
    dispatches=0,
    returns=0,
    improper_returns=0,
)


def cases(
    connection: sa.Connection, name: str, period: Period, by: str, unit: str | None = None
) -> dict[str, list[CaseRow]]:
    """What an indicator of `domain.rates.RATES` may count in the period, by village, unit, worker or for the town.

    `unit`: only the tickets of this one. Key `NOBODY` where there is none.
    """
    reads = _READS[name]
    at = ticket_case.c[reads.at]
    fields = [ticket_case.c[field] for field in ("excluded", *reads.fields)]
    edges = [at == period.from_ms, at == period.to_ms, at <= period.now_ms]
    told: list[Any] = [sa.func.count().label("n"), sa.func.min(at).label(reads.at), *fields]
    if reads.met is not None:
        met = ticket_case.c[reads.met]
        edges.append(met <= at)
        # Where all are in time, or all too late, the earliest of both columns stand to each other in the same way.
        told.append(sa.func.min(met).label(reads.met))
    keys = [] if by == "town" else [_key(by, reads)]
    # A due of 24:00 is the next midnight: the day's end belongs to the day, which the formula decides.
    conditions = [at >= period.from_ms, at <= period.to_ms]
    if unit is not None:
        conditions.append(_key("unit", reads) == unit)
    query = sa.select(*told, *(key.label("key") for key in keys)).where(*conditions)
    found: dict[str, list[CaseRow]] = {}
    for row in connection.execute(query.group_by(*keys, *fields, *edges)).mappings():
        values = {CASE_FIELDS[column]: value for column, value in row.items() if column in CASE_FIELDS}
        key = "town" if by == "town" else row["key"] or NOBODY
        found.setdefault(key, []).append(replace(_BLANK, **values, n=row["n"]))
    return found


def _key(by: str, reads: _Reads) -> sa.ColumnElement[Any]:
    return ticket_case.c.village if by == "village" else ticket_case.c[f"{reads.holder}{by}"]
