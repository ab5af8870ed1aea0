"""What sync keeps: the log of operations, the feed of changes, who was entitled to what, and the head.

`seq` is the head's counter (commit order), `*_at` are milliseconds UTC. Open spans end at OPEN.
Core tables, for they are written in bulk and never through the ORM's session.
"""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text

from server.store.base import metadata

OPEN = 2**62  # the end of a span that still runs
ID = String(36)

sync_head = Table(
    "sync_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # one row, id 1
    Column("seq", BigInteger, nullable=False),
    Column("epoch", String(32), nullable=False),
    Column("pruned_seq", BigInteger, nullable=False),
)

device = Table(
    "device",
    metadata,
    Column("id", ID, primary_key=True),
    Column("person", ID, nullable=False, index=True),
    Column("last_n", BigInteger, nullable=False),
    Column("last_at", BigInteger),  # the device's own clock at its last tap, with the two that follow
    Column("last_origin", String(64)),
    Column("last_mono_ms", Float),
    Column("made_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),  # its last push
)

operation = Table(
    "operation",
    metadata,
    Column("id", ID, primary_key=True),
    Column("person", ID, nullable=False),
    Column("device", ID),
    Column("n", BigInteger),
    Column("name", String(64), nullable=False),
    Column("v", Integer, nullable=False),
    Column("subject", ID),
    Column("base", BigInteger),
    Column("device_at", String(40)),  # the wall clock at the tap, as it was sent
    Column("args", Text, nullable=False),  # JSON
    Column("clock", Text),  # JSON: the clock's claims, kept as evidence
    Column("fingerprint", String(64), nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("code", String(40)),
    Column("details", Text),  # JSON
    Column("rev", BigInteger),
    Column("occurred_at", BigInteger, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger, nullable=False),
    Column("trust", String(10), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("imported_by", ID),
    Index("ix_operation_device_seq", "device", "seq"),
    Index("ix_operation_subject", "subject"),
)

# What a number of a device was used for besides its own operation: a duplicate, or one too broken to log.
receipt = Table(
    "receipt",
    metadata,
    Column("device", ID, primary_key=True),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("op_id", String(64), primary_key=True),
    Column("person", ID, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("first", String(10)),
    Column("code", String(40)),
    Column("details", Text),
    Column("rev", BigInteger),
    Column("occurred_at", BigInteger, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger, nullable=False),
    Column("trust", String(10), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Index("ix_receipt_device_seq", "device", "seq"),
)

# The latest state of every row that some phone may hold, or held.
published = Table(
    "published",
    metadata,
    Column("type", String(16), primary_key=True),
    Column("id", ID, primary_key=True),
    Column("rev", BigInteger, nullable=False),
    Column("buckets", Text, nullable=False),  # sorted, one space between
    Column("doc", Text, nullable=False),  # JSON, as it goes to the phones
)

feed = Table(
    "feed",
    metadata,
    Column("bucket", String(64), primary_key=True),
    Column("type", String(16), primary_key=True),
    Column("id", ID, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),  # the seq at which it came into the bucket
    Column("gone", String(10)),  # null: it is in the bucket; else why it left
    Column("into_id", ID),
    Column("at", BigInteger, nullable=False),  # when this was written, for pruning
    Index("ix_feed_bucket_seq", "bucket", "seq"),
)

bucket_digest = Table(
    "bucket_digest",
    metadata,
    Column("bucket", String(64), primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("checksum", String(16), nullable=False),
    Column("seq", BigInteger, nullable=False, index=True),  # its last change, for pokes
)

# Never pruned: together they tell whether somebody ever had a ticket.
entitlement = Table(
    "entitlement",
    metadata,
    Column("person", ID, primary_key=True),
    Column("bucket", String(64), primary_key=True),
    Column("from_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("to_seq", BigInteger, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger),
)

held = Table(
    "held",
    metadata,
    Column("type", String(16), primary_key=True),
    Column("id", ID, primary_key=True),
    Column("bucket", String(64), primary_key=True),
    Column("from_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("to_seq", BigInteger, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger),
)
