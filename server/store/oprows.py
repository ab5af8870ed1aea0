"""Log entries and receipts as database rows, and back."""

from typing import Any

import orjson
import sqlalchemy as sa

from server.store.asked import Asked
from server.store.bulk import among
from server.store.tables_sync import operation, receipt
from sync.clock import Moment
from sync.log import Device, Entry, Receipt, Verdict

ENTRIES = Asked(
    lambda dialect: sa.select(*(column for column in operation.c if column.name != "seq")).where(
        among(dialect, operation.c.id)
    ),
    named=True,
)
# A device's own operations, and its extra receipts; both in the columns of `receipt`.
RECEIPTS = Asked(
    sa.union_all(
        *(
            sa.select(
                table.c.id.label("op_id") if table is operation else table.c.op_id,
                table.c.n,
                table.c.fingerprint,
                table.c.outcome,
                sa.null().label("first") if table is operation else table.c.first,
                table.c.code,
                table.c.details,
                table.c.rev,
                table.c.occurred_at,
                table.c.from_at,
                table.c.to_at,
                table.c.trust,
                table.c.received_at,
            ).where(
                table.c.device == sa.bindparam("device"),
                table.c.person == sa.bindparam("person"),
                table.c.seq > sa.bindparam("after"),
            )
            for table in (operation, receipt)
        )
    ),
    named=True,
)


def entry_values(entry: Entry, seq: int) -> dict[str, Any]:
    """A row of `operation`."""
    return {
        "id": entry.op_id,
        "person": entry.person,
        "device": entry.device,
        "n": entry.n,
        "name": entry.name,
        "v": entry.v,
        "subject": entry.subject,
        "base": entry.base,
        "device_at": entry.at_raw,
        "args": entry.args_text,
        "clock": entry.clock_text,
        "fingerprint": entry.fingerprint,
        "received_at": entry.received_at_ms,
        "seq": seq,
        "imported_by": entry.imported_by,
        **_outcome(entry.verdict, entry.moment),
    }


def receipt_values(device: Device, told: Receipt, seq: int) -> dict[str, Any]:
    """A row of `receipt`."""
    return {
        "device": device.id,
        "n": told.n,
        "op_id": told.op_id,
        "person": device.person,
        "fingerprint": told.fingerprint,
        "first": told.first,
        "received_at": told.received_at_ms,
        "seq": seq,
        **_outcome(told.verdict, told.moment),
    }


def entry_of(row: Any) -> Entry:
    """The entry of a row of `operation`."""
    return Entry(
        op_id=row.id,
        person=row.person,
        device=row.device,
        n=row.n,
        name=row.name,
        v=row.v,
        subject=row.subject,
        base=row.base,
        at_raw=row.device_at,
        args_text=row.args,
        clock_text=row.clock,
        fingerprint=row.fingerprint,
        verdict=_verdict(row),
        moment=_moment(row),
        received_at_ms=row.received_at,
        imported_by=row.imported_by,
    )


def receipt_of(row: Any) -> Receipt:
    """The receipt of a row of `receipt`, or of RECEIPTS."""
    return Receipt(row.op_id, row.n, _verdict(row), row.first, _moment(row), row.received_at, row.fingerprint)


def _outcome(verdict: Verdict, moment: Moment) -> dict[str, Any]:
    return {
        "outcome": verdict.outcome,
        "code": verdict.code,
        "details": orjson.dumps(verdict.details, default=str).decode() if verdict.details else None,
        "rev": verdict.rev,
        "occurred_at": moment.occurred_at_ms,
        "from_at": moment.from_ms,
        "to_at": moment.to_ms,
        "trust": moment.trust,
    }


def _verdict(row: Any) -> Verdict:
    return Verdict(row.outcome, row.code, orjson.loads(row.details) if row.details else {}, row.rev)


def _moment(row: Any) -> Moment:
    return Moment(row.occurred_at, row.from_at, row.to_at, row.trust)
