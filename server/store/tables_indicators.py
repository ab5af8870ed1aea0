"""Tables that the indicators of DOMAIN §D are counted from: copies of the tickets' truth, narrow enough to scan.

`arrival` holds `domain.indicators.arrival_rows`, `ticket_case` holds `domain.rates.case_row`; both are written with
the ticket, in the same transaction. All `*_at` columns are milliseconds UTC.
"""

import sqlalchemy as sa

from server.store.base import metadata

_ID = sa.String(36)
_NAME_ID = sa.String(64)

arrival = sa.Table(
    "arrival",
    metadata,
    sa.Column("ticket_id", _ID, primary_key=True),
    sa.Column("n", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("cycle", sa.Integer, nullable=False),
    sa.Column(
        "scope", sa.String(4), nullable=False
    ),  # town: headline, villages, workers; unit: a unit's own clock
    sa.Column("start_at", sa.BigInteger, nullable=False),
    sa.Column("due_at", sa.BigInteger, nullable=False),
    sa.Column("met_at", sa.BigInteger),
    sa.Column("known_at", sa.BigInteger),  # when the server heard of it; the lag is shown, never judged
    sa.Column("trust", sa.String(12)),
    sa.Column("excluded", sa.String(16)),  # why it does not count
    sa.Column("part", sa.String(12), nullable=False),  # what it counts as once its due has passed
    sa.Column("seconds", sa.Integer),  # from start to arrival, of those that count
    sa.Column(
        "told_late", sa.SmallInteger, nullable=False
    ),  # 1: on time by a probable clock, heard of after the due
    sa.Column("village", sa.String(80)),
    sa.Column("unit", _NAME_ID),
    sa.Column("worker", _ID),  # the assignee at the due time
    # Covers the report: over 150,000 rows a look into the table for each would cost most of its time.
    sa.Index(
        "ix_arrival_report", "scope", "due_at", "part", "seconds", "told_late", "village", "unit", "worker"
    ),
)

ticket_case = sa.Table(
    "ticket_case",
    metadata,
    sa.Column("ticket_id", _ID, primary_key=True),
    sa.Column("category", sa.String(16), nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("acceptance_due_at", sa.BigInteger),
    sa.Column("acceptance_met_at", sa.BigInteger),
    sa.Column("result_due_at", sa.BigInteger),
    sa.Column("original_due_at", sa.BigInteger),
    sa.Column("result_met_at", sa.BigInteger),
    sa.Column("rated_at", sa.BigInteger),
    sa.Column("excluded", sa.Boolean, nullable=False),
    sa.Column("confidential", sa.Boolean, nullable=False),
    sa.Column("replied", sa.Boolean, nullable=False),
    sa.Column("called", sa.Boolean, nullable=False),
    sa.Column("connected", sa.Boolean, nullable=False),
    sa.Column("reworked", sa.Boolean, nullable=False),
    sa.Column("resolved", sa.Boolean),
    sa.Column("satisfaction", sa.String(16)),
    sa.Column("dispatches", sa.Integer, nullable=False),
    sa.Column("returns", sa.Integer, nullable=False),
    sa.Column("improper_returns", sa.Integer, nullable=False),
    sa.Column("village", sa.String(80)),
    sa.Column("unit", _NAME_ID),  # who has it, or had it last
    sa.Column("worker", _ID),
    sa.Column("acceptance_unit", _NAME_ID),  # who had it at that due time
    sa.Column("acceptance_worker", _ID),
    sa.Column("result_unit", _NAME_ID),
    sa.Column("result_worker", _ID),
    sa.Index("ix_ticket_case_received", "received_at"),
)
