"""Settings: everything that the environment may say, read once.

Each field of `Settings` is one environment variable; `documented()` lists them for the README and its test.
The town's numbers (DOMAIN's [A] defaults) are fields of `server.domain.rules.Rules`, each settable as
`JIBAN_<FIELD>`.
"""

import dataclasses
import hashlib
import hmac
import os
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.domain.rules import Rules

VERSION = "0.1.0"
DEMO_DUTY_PHONE = "0769-00000000"  # nobody answers there


class SettingError(Exception):
    """The environment says something that cannot be meant; the words say which and what to do."""


@dataclass(frozen=True)
class Settings:
    """What one running server was told. Times carry their unit in the name."""

    host: Annotated[str, "JIBAN_HOST", "address to listen on"] = "127.0.0.1"
    port: Annotated[int, "PORT", "port to listen on"] = 8000
    data: Annotated[Path, "JIBAN_DATA", "folder for database, photos and keys"] = Path("data")
    database: Annotated[str, "DATABASE_URL", "PostgreSQL ≥ 15; empty: a SQLite file in JIBAN_DATA"] = ""
    demo: Annotated[bool, "JIBAN_DEMO", "load the demo town and its known passwords"] = False
    town: Annotated[str, "JIBAN_TOWN", "the town's name, as it is shown"] = "道滘镇"
    duty_phone: Annotated[str, "JIBAN_DUTY_PHONE", "the duty room's number, shown as a button"] = ""
    workers: Annotated[int, "JIBAN_WORKERS", "server processes"] = 2
    threads: Annotated[int, "JIBAN_THREADS", "threads in each; a quarter may hold event streams"] = 200
    trusted_proxies: Annotated[int, "JIBAN_TRUSTED_PROXIES", "how many reverse proxies stand in front"] = 0
    session_field_days: Annotated[int, "JIBAN_SESSION_FIELD_DAYS", "sign-in of field roles, sliding"] = 30
    session_office_h: Annotated[int, "JIBAN_SESSION_OFFICE_H", "sign-in of office roles"] = 12
    login_failures_max: Annotated[int, "JIBAN_LOGIN_FAILURES_MAX", "failed sign-ins before a pause"] = 5
    login_pause_min: Annotated[int, "JIBAN_LOGIN_PAUSE_MIN", "length of that pause"] = 15
    metrics_token: Annotated[str, "JIBAN_METRICS_TOKEN", "Bearer token of /metrics; empty: local only"] = ""
    log_level: Annotated[str, "JIBAN_LOG_LEVEL", "debug, info, warning or error"] = "info"
    log_format: Annotated[str, "JIBAN_LOG_FORMAT", "json or console; empty: console on a terminal"] = ""
    photo_bytes_max: Annotated[int, "JIBAN_PHOTO_BYTES_MAX", "largest photo"] = 12 << 20
    photo_pixels_max: Annotated[int, "JIBAN_PHOTO_PIXELS_MAX", "most pixels a photo may decode to"] = (
        50_000_000
    )
    photo_unnamed_max: Annotated[
        int, "JIBAN_PHOTO_UNNAMED_MAX", "photos of one person ahead of their record"
    ] = 200
    photo_unnamed_h: Annotated[int, "JIBAN_PHOTO_UNNAMED_H", "how long such photos wait for it"] = 24
    s3_bucket: Annotated[str, "JIBAN_S3_BUCKET", "keep photos in this S3 bucket, not in JIBAN_DATA"] = ""
    s3_endpoint: Annotated[str, "JIBAN_S3_ENDPOINT", "address of an S3 that is not Amazon's"] = ""
    s3_region: Annotated[str, "JIBAN_S3_REGION", "region of the bucket"] = ""
    push_hosts: Annotated[
        str, "JIBAN_PUSH_HOSTS", "further push services, host[:port] with commas; http is allowed to them"
    ] = ""
    push_subject: Annotated[
        str, "JIBAN_PUSH_SUBJECT", "whom push services may write to (mailto: or https:)"
    ] = "mailto:jiban@example.com"
    push_ttl_s: Annotated[int, "JIBAN_PUSH_TTL_S", "how long a push service keeps an alert, seconds"] = 3600
    alarm_threads: Annotated[
        int, "JIBAN_ALARM_THREADS", "alerts sent at the same time to each push service or channel"
    ] = 32
    queue: Annotated[str, "JIBAN_QUEUE", "the alarms' doorbell: sqlite, postgres; empty: as the database"] = (
        ""
    )
    rules: Rules = field(default_factory=Rules)
    pwa: Path = Path(__file__).resolve().parent.parent / "pwa" / "dist"  # where `make` builds it

    @property
    def duty_number(self) -> str | None:
        """The duty room's number to call; the demo town has an invented one, so that its buttons are there."""
        return self.duty_phone or (DEMO_DUTY_PHONE if self.demo else None)

    @property
    def database_url(self) -> str:
        """SQLAlchemy's address of the database: psycopg 3 for PostgreSQL, else the file in `data`."""
        if not self.database:
            return f"sqlite:///{self.data.resolve() / 'jiban.db'}"
        for scheme in ("postgres://", "postgresql://"):
            if self.database.startswith(scheme):
                return "postgresql+psycopg://" + self.database.removeprefix(scheme)
        return self.database

    @property
    def master_key_file(self) -> Path:
        return self.data / "keys" / "master.key"

    def secret(self, purpose: str) -> bytes:
        """32 bytes for one purpose, derived from the master key; raises SettingError without a key."""
        return _derive(master_key(self.master_key_file), purpose)


def master_key(path: Path) -> bytes:
    """The installation's secret (32 bytes, hex in the file); raises SettingError saying what to do."""
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        raise SettingError(
            f"There is no secret key at {path}. For a new installation run\n"
            f"    flask --app wsgi create-admin\n"
            f"which makes the key and the first person. If this database was used before, bring its keys "
            f"folder back from a backup: contact data cannot be read without it."
        ) from None
    except ValueError:
        key = b""
    if len(key) != 32:
        raise SettingError(f"{path} does not hold a key (64 hexadecimal digits). Restore it from a backup.")
    return key


def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=b"jiban", info=purpose.encode()).derive(key)


def key_fingerprint(key: bytes) -> str:
    """Names a master key without telling it; kept in the database to notice the wrong keys folder."""
    return hmac.new(key, b"jiban key fingerprint", hashlib.sha256).hexdigest()[:16]


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read every setting; raises SettingError naming the variable that cannot be understood."""
    values: dict[str, Any] = {"rules": rules_from(environment)}
    for name, kind, variable, _ in _variables():
        if environment.get(variable, "") != "":
            values[name] = _parse(variable, kind, environment[variable])
    return Settings(**values)


def _variables() -> list[tuple[str, Any, str, str]]:
    """(field, type, environment variable, what it is for) of each setting."""
    hints = typing.get_type_hints(Settings, include_extras=True)
    return [(name, *typing.get_args(hint)) for name, hint in hints.items() if typing.get_args(hint)]


def rules_from(environment: Mapping[str, str]) -> Rules:
    """The town's rules with what `JIBAN_<FIELD>` overrides."""
    kinds = typing.get_type_hints(Rules)
    values = {}
    for each in dataclasses.fields(Rules):
        variable = "JIBAN_" + each.name.upper()
        if environment.get(variable, "") != "":
            values[each.name] = _parse(variable, kinds[each.name], environment[variable])
    return Rules(**values)


def settings_from_environment() -> Settings:
    return settings_from(os.environ)


def documented() -> list[tuple[str, str, str]]:
    """(variable, default, what it is for) of every setting but the rules, in the order of the README."""
    defaults = Settings()
    return [(variable, _shown(getattr(defaults, name)), about) for name, _, variable, about in _variables()]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off"}


def _boolean(text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise ValueError(text)
    return text.lower() in _YES


_PARSERS: dict[Any, Callable[[str], Any]] = {bool: _boolean, int: int, float: float, str: str, Path: Path}


def _parse(variable: str, kind: Any, text: str) -> Any:
    if isinstance(kind, types.UnionType):
        kind = next(each for each in typing.get_args(kind) if each is not types.NoneType)
    try:
        return _PARSERS[kind](text.strip())
    except ValueError:
        raise SettingError(f"{variable}={text!r} cannot be understood as {kind.__name__}.") from None
