"""Tables of tickets and of what hangs on them: contact data, photos, the supervisors' items.

All `*_at` columns are milliseconds UTC. A ticket's truth is `ticket.body` (the domain's JSON); every other
column of `ticket`, and `ticket_party`, are copies of it for queries, written in the same transaction.
"""

import sqlalchemy as sa

from server.store.base import metadata

_ID = sa.String(36)
_NAME_ID = sa.String(64)

ticket = sa.Table(
    "ticket",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("external_no", sa.String(64), nullable=False, unique=True),
    sa.Column("rev", sa.Integer, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("cycle", sa.Integer, nullable=False),
    sa.Column("category", sa.String(16), nullable=False),
    sa.Column("urgent", sa.Boolean, nullable=False),
    sa.Column("confidential", sa.Boolean, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("search", sa.Text, nullable=False),  # lower-case, masked; empty while confidential (DOMAIN E)
    sa.Column("village", sa.String(80)),
    sa.Column("lead_unit", _NAME_ID),
    sa.Column("assignee", _ID),
    sa.Column("into_id", _ID),  # the survivor of a merge
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("assigned_at", sa.BigInteger),
    sa.Column("replied_at", sa.BigInteger),
    sa.Column("closed_at", sa.BigInteger),
    sa.Column("next_due_at", sa.BigInteger),  # the earliest deadline that is still open
    sa.Column("result_due_at", sa.BigInteger),
    sa.Column("provisional", sa.Boolean, nullable=False),  # a deadline rests on a year not yet published
    sa.Column("on_phones", sa.Boolean, nullable=False),  # in some bucket; false 24 h after closing
    sa.Column("changed_at", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("ix_ticket_state_due", "state", "next_due_at"),
    sa.Index("ix_ticket_received", "received_at"),
    sa.Index("ix_ticket_unit", "lead_unit", "state"),
    sa.Index("ix_ticket_village", "village", "state"),
    sa.Index("ix_ticket_closing", "on_phones", "closed_at"),
)

# Whose ticket it is now, in the words of buckets (`person:…`, `unit:…`, `unit-open:…`, `grid:…`), but kept after
# the ticket has left the phones: the rights to look at it (list, detail) do not end with that.
ticket_party = sa.Table(
    "ticket_party",
    metadata,
    sa.Column("ticket_id", _ID, primary_key=True),
    sa.Column("party", sa.String(80), primary_key=True),
    sa.Index("ix_ticket_party_party", "party", "ticket_id"),
)

# Contact data and the unmasked content, sealed (AES-GCM). `part` is "" for the ticket as it came in, else the
# operation that brought a supplement.
contact = sa.Table(
    "contact",
    metadata,
    sa.Column("ticket_id", _ID, primary_key=True),
    sa.Column("part", _ID, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("phone_hash", sa.String(64)),  # HMAC: the same caller can be found without the number
    sa.Index("ix_contact_phone_hash", "phone_hash"),
)

# What the city sent at first, field by field, as HMACs: enough to say which fields differ, nothing to read.
intake_seen = sa.Table(
    "intake_seen",
    metadata,
    sa.Column("external_no", sa.String(64), primary_key=True),
    sa.Column("ticket_id", _ID, nullable=False),
    sa.Column("fields", sa.Text, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
)

photo = sa.Table(
    "photo",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("ticket_id", _ID, nullable=False),
    sa.Column("op_id", _ID),  # the operation that names it; null while only its bytes have come
    sa.Column("author", _ID, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # awaited · uploading · received
    sa.Column("length", sa.BigInteger),
    sa.Column("offset", sa.BigInteger, nullable=False, default=0),
    sa.Column("media_type", sa.String(32)),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("meta", sa.Text),  # taken_at, lat, lng … as the operation told them, JSON
    sa.Column("blob", sa.String(200)),
    sa.Column("thumb", sa.String(200)),
    sa.Column("named_at", sa.BigInteger),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("received_at", sa.BigInteger),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("noticed_at", sa.BigInteger),  # the 24-hour notice went out
    sa.Index("ix_photo_ticket", "ticket_id"),
    sa.Index("ix_photo_state", "state", "named_at"),
    sa.Index("ix_photo_author_sha256", "author", "sha256"),
    sa.Index("ix_photo_author_op", "author", "op_id"),
)

# What a supervisor must look at: kept facts, unsure times, a number taken twice, photos that never came.
item = sa.Table(
    "item",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("ticket_id", _ID),
    sa.Column("op_id", _ID),
    sa.Column("unit", _NAME_ID),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("done_at", sa.BigInteger),
    sa.Column("done_by", _ID),
    sa.Column("note", sa.Text),
    sa.Index("ix_item_open", "done_at", "kind", "created_at"),
    sa.Index("ix_item_ticket", "ticket_id"),
)

# One row per job that must run once in the town, whoever of several processes runs it; also its heartbeat.
worker_lease = sa.Table(
    "worker_lease",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("until_at", sa.BigInteger, nullable=False),
    sa.Column("beat_at", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False, default="{}"),
)
