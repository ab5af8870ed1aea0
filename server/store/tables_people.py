"""Units, people and how they sign in; the audit trail; the town's own days and settings.

Instants are BIGINT milliseconds UTC and named `*_at`. Ids are UUIDs in lower case.
"""

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.store.base import Base

ID = String(36)


class UnitRow(Base):
    """A responsible unit (DOMAIN D01): village, community, department or enterprise."""

    __tablename__ = "unit"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    village: Mapped[str | None] = mapped_column(String(80))
    duties: Mapped[str] = mapped_column(Text, default="[]")  # JSON list of words of the duty catalogue (D03)
    created_at: Mapped[int] = mapped_column(BigInteger)


class GridRow(Base):
    """A patch of a village that one or more grid workers walk."""

    __tablename__ = "grid"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    unit_id: Mapped[str] = mapped_column(ID, ForeignKey("unit.id"), index=True)


class PersonRow(Base):
    """Somebody who signs in. Never deleted: what he did names him; `revoked_at` ends his access."""

    __tablename__ = "person"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(32), index=True)
    unit_id: Mapped[str | None] = mapped_column(ID, ForeignKey("unit.id"), index=True)
    grid_id: Mapped[str | None] = mapped_column(ID, ForeignKey("grid.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[int] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)


class DelegationRow(Base):
    """A head's dated delegation of his approvals (DOMAIN §B: “or dated delegate”)."""

    __tablename__ = "delegation"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    head_id: Mapped[str] = mapped_column(ID, ForeignKey("person.id"), index=True)
    delegate_id: Mapped[str] = mapped_column(ID, ForeignKey("person.id"), index=True)
    from_at: Mapped[int] = mapped_column(BigInteger)
    to_at: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[int] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)


class SessionRow(Base):
    """A signed-in browser. Only the SHA-256 of its token is kept, so a stolen table opens nothing."""

    __tablename__ = "session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # sha256 of the cookie, hex
    person_id: Mapped[str] = mapped_column(ID, ForeignKey("person.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[int] = mapped_column(BigInteger)
    seen_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)
    device: Mapped[str | None] = mapped_column(ID, index=True)  # the one it syncs, known from its first sync
    agent: Mapped[str] = mapped_column(String(120), default="")


class LoginAttemptRow(Base):
    """Failed sign-ins of one name from one browser (or, without our cookie, one address)."""

    __tablename__ = "login_attempt"

    username: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser: Mapped[str] = mapped_column(String(64), primary_key=True)  # sha256, hex
    failures: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[int] = mapped_column(BigInteger, index=True)
    locked_until_at: Mapped[int | None] = mapped_column(BigInteger)


class RevokedDeviceRow(Base):
    """A lost phone: its sessions are ended and it may not sync again, whoever signs in on it."""

    __tablename__ = "revoked_device"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    person_id: Mapped[str] = mapped_column(ID, index=True)
    at: Mapped[int] = mapped_column(BigInteger)


class IntakeKeyRow(Base):
    """A key of the city line or another source; only its SHA-256 is kept."""

    __tablename__ = "intake_key"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[int] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)


class AuditRow(Base):
    """Who did what to people and private data. Each row's hash covers the row before it."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject_at", "subject", "at"),)

    seq: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger, index=True)
    actor: Mapped[str] = mapped_column(String(64), index=True)
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))
    details: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class SettingRow(Base):
    """Facts about this database: whether it is the demo town, its key's fingerprint, versions of caches."""

    __tablename__ = "setting"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class CalendarDayRow(Base):
    """The town's own word on a day, over the published calendar (DOMAIN §C 9)."""

    __tablename__ = "calendar_day"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)  # 2026-10-01, Asia/Shanghai
    is_work: Mapped[bool] = mapped_column(Boolean)
    name: Mapped[str] = mapped_column(String(80))
    changed_at: Mapped[int] = mapped_column(BigInteger)
