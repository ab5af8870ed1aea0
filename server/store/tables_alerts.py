"""Alarms and whom they reached: alarms, alerts, deliveries (the outbox), subscriptions, rota, channels, incidents.

`*_at` are milliseconds UTC; `body` and other JSON are text. Core tables, written in bulk inside the commit of the
operation that causes them. The delivery rows are the outbox: what is not `sent` there was not sent.
"""

import sqlalchemy as sa

from server.store.base import metadata

_ID = sa.String(36)

# One per event (API “Alerts”). `next_at`: when the next rung is due; null once answered, ended or at the top.
alarm = sa.Table(
    "alarm",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("rev", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("drill", sa.String(36)),  # id of the drill it belongs to; null: it is real
    sa.Column("subject_type", sa.String(10), nullable=False),
    sa.Column("subject_id", _ID, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # open | acked | ended | unanswered
    sa.Column("raised_at", sa.BigInteger, nullable=False),
    sa.Column("acked_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("next_at", sa.BigInteger),
    sa.Column("left_at", sa.BigInteger),  # taken off the phones
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("ix_alarm_next", "next_at"),
    sa.Index("ix_alarm_subject", "subject_type", "subject_id"),
    sa.Index("ix_alarm_raised", "raised_at"),
    sa.Index("ix_alarm_drill", "drill"),
)

# One per person alarmed; what an acknowledgement names. A copy of what stands in the alarm's body, to be asked for.
alert = sa.Table(
    "alert",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("alarm_id", _ID, nullable=False),
    sa.Column("person_id", _ID, nullable=False),
    sa.Column("rung", sa.Integer, nullable=False),
    sa.Column("informed", sa.Boolean, nullable=False),  # told, not asked: his 收到 stops nothing
    sa.Column("raised_at", sa.BigInteger, nullable=False),
    sa.Column("seen_at", sa.BigInteger),
    sa.Column("acked_at", sa.BigInteger),  # when it was made, by honest time
    sa.Column("ack_received_at", sa.BigInteger),
    sa.UniqueConstraint("alarm_id", "person_id", name="uq_alert_alarm_person"),
    sa.Index("ix_alert_person", "person_id", "raised_at"),
)

# The outbox. One row per thing to send: an alert, at a rung, by a channel, to a device or address. Claimed by
# compare-and-set on (state, claim), so that two workers never send one row.
delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", _ID, primary_key=True),  # derived from alert, rung, channel, target
    sa.Column("alert_id", _ID),  # null: a notice of the system itself (worker silent) or a test
    sa.Column("alarm_id", _ID),
    sa.Column("person_id", _ID),
    sa.Column("rung", sa.Integer, nullable=False),
    sa.Column("channel", sa.String(20), nullable=False),  # app | push | a channel's kind
    sa.Column("channel_id", _ID),  # of the configured channel; null for app and push
    sa.Column("target", sa.String(64), nullable=False),  # the device of a push; else person or group
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("drill", sa.Boolean, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),  # queued|sending|sent|delivered|seen|acked|failed|gone
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("error", sa.String(64)),  # a code, never an address
    sa.Column("queued_at", sa.BigInteger, nullable=False),
    sa.Column("next_at", sa.BigInteger, nullable=False),
    sa.Column("claim", sa.String(64)),
    sa.Column("claimed_at", sa.BigInteger),
    sa.Column("sent_at", sa.BigInteger),
    sa.Column("delivered_at", sa.BigInteger),
    sa.Column("seen_at", sa.BigInteger),
    sa.Column("acked_at", sa.BigInteger),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Index("ix_delivery_due", "state", "next_at"),
    sa.Index("ix_delivery_alert", "alert_id"),
    sa.Index("ix_delivery_alarm", "alarm_id"),
    sa.Index("ix_delivery_person", "person_id", "queued_at"),
)

# Where a browser's push service takes messages for a device. An endpoint has one owner: who registered it last.
push_subscription = sa.Table(
    "push_subscription",
    metadata,
    sa.Column("device", _ID, primary_key=True),
    sa.Column("person_id", _ID, nullable=False, index=True),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("endpoint_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("p256dh", sa.String(120), nullable=False),
    sa.Column("auth", sa.String(40), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("ok_at", sa.BigInteger),
    sa.Column("failed_at", sa.BigInteger),
)

# What each device said of itself, for the drills' report: permission not granted, subscription gone.
push_device = sa.Table(
    "push_device",
    metadata,
    sa.Column("device", _ID, primary_key=True),
    sa.Column("person_id", _ID, nullable=False, index=True),
    sa.Column("permission", sa.String(12), nullable=False),  # granted | denied | default | unsupported
    sa.Column("subscribed", sa.Boolean, nullable=False),
    sa.Column("reason", sa.String(40)),  # timeout | no_service | gone | …, why there is no subscription
    sa.Column("platform", sa.String(80), nullable=False, default=""),
    sa.Column("installed", sa.Boolean, nullable=False, default=False),
    sa.Column("reported_at", sa.BigInteger, nullable=False),
    sa.Column("gone_at", sa.BigInteger),  # the push service said 404 or 410
)

# Who is on duty at a post, from when until before when. Nothing is overwritten: a turn taken back is cancelled.
rota_turn = sa.Table(
    "rota_turn",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("post", sa.String(12), nullable=False),  # worker | backup | duty_room | leader
    sa.Column("unit_id", _ID),
    sa.Column("person_id", _ID, nullable=False),
    sa.Column("from_at", sa.BigInteger, nullable=False),
    sa.Column("to_at", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),  # regular | stand_in | swap
    sa.Column("replaces", _ID),  # the person he stands in for
    sa.Column("note", sa.String(200), nullable=False, default=""),
    sa.Column("created_by", _ID, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("cancelled_at", sa.BigInteger),
    sa.Index("ix_rota_post", "post", "unit_id", "to_at"),
)

# How to reach a person beside the app. Staff data: shown to who may phone him, never in a log or a push.
person_reach = sa.Table(
    "person_reach",
    metadata,
    sa.Column("person_id", _ID, primary_key=True),
    sa.Column("phone", sa.String(32)),
    sa.Column("email", sa.String(120)),
    sa.Column("accounts", sa.Text, nullable=False, default="{}"),  # JSON: channel kind → account there
    sa.Column("changed_at", sa.BigInteger, nullable=False),
)

# A configured channel beside app and push. Its address holds tokens, so it is sealed.
channel = sa.Table(
    "channel",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),  # wecom | dingtalk | feishu | sms | email | voice | …
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("scope", sa.String(10), nullable=False),  # group: one message per alarm and rung | person
    sa.Column("kinds", sa.Text, nullable=False, default="[]"),  # JSON list of alarm kinds; empty: all
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("last_at", sa.BigInteger),
    sa.Column("last_state", sa.String(12)),
    sa.Column("last_error", sa.String(64)),
)

# An event in the duty room's hands: a direct report, or opened from an urgent ticket (DOMAIN D20, P13).
incident = sa.Table(
    "incident",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("rev", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),  # open | closed | merged
    sa.Column("matter", sa.String(40), nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("drill", sa.String(36)),
    sa.Column("reporter", _ID, nullable=False),
    sa.Column("village", sa.String(80)),
    sa.Column("reported_at", sa.BigInteger, nullable=False),
    sa.Column("closed_at", sa.BigInteger),
    sa.Column("left_at", sa.BigInteger),
    sa.Column("into_id", _ID),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("ix_incident_state", "state", "reported_at"),
)

# A drill: a named run of the real machinery.
drill = sa.Table(
    "drill",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("started_by", _ID, nullable=False),
    sa.Column("started_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Index("ix_drill_started", "started_at"),
)
