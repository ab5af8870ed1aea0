"""One ticket as a source outside the town tells it, checked field by field and brought into the town's own terms."""

import dataclasses
import datetime
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.store.people import Directory
from sync.clock import parse_rfc3339

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
CATEGORIES = ("complaint", "report", "help", "consult", "suggest", "praise")
CRS = ("WGS84", "GCJ02")
EXTERNAL_NO_CHARS_MAX = 64
TITLE_CHARS_MAX = 200
CONTENT_CHARS_MAX = 10_000
ADDRESS_CHARS_MAX = 200
NAME_CHARS_MAX = 64
PHONE_CHARS_MAX = 32

# Control characters and lone surrogates: no database takes all of them, and nobody types them.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class FieldError:
    """A field that cannot be taken: its path in the request (`place.village`), a code, and what explains it."""

    field: str
    code: str
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where the matter is. `village` is a village's name; coordinates are degrees in `crs`."""

    village: str | None = None
    address: str | None = None
    lat: float | None = None
    lng: float | None = None
    crs: str | None = None


@dataclass(frozen=True)
class Form:
    """A ticket as it came in, unmasked. `respondent_unit` is a unit's id; times are ms UTC, not yet clamped."""

    external_no: str
    category: str
    urgent: bool
    confidential: bool
    title: str
    content: str
    place: Place
    contact: Mapping[str, str]
    respondent_unit: str | None
    received_at_ms: int
    external_due_at_ms: int | None


class _Reader:
    """Collects every error of one form, so that a person mends a row once, not field by field."""

    def __init__(self, directory: Directory) -> None:
        self.errors: list[FieldError] = []
        self.directory = directory

    def fail(self, name: str, code: str, **details: Any) -> None:
        self.errors.append(FieldError(name, code, details))

    def text(self, name: str, raw: Any, chars_max: int, *, required: bool) -> str:
        if raw is None or raw == "":
            if required:
                self.fail(name, "required")
            return ""
        if isinstance(raw, bool) or not isinstance(raw, str | int | float):
            self.fail(name, "not_text")
            return ""
        text = str(raw).strip()
        if required and not text:
            self.fail(name, "required")
        if len(text) > chars_max:
            self.fail(name, "too_long", limit=chars_max)
        if _UNPRINTABLE.search(text):
            self.fail(name, "unprintable")
        return text

    def choice(self, name: str, raw: Any, choices: tuple[str, ...]) -> str:
        if raw not in choices:
            self.fail(name, "not_one_of", choices=list(choices))
            return choices[0]
        return str(raw)

    def flag(self, name: str, raw: Any) -> bool:
        if raw is None or isinstance(raw, bool):
            return bool(raw)
        self.fail(name, "not_a_flag")
        return False

    def degrees(self, name: str, raw: Any, limit: float) -> float | None:
        if raw is None or raw == "":
            return None
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not abs(raw) <= limit:
            self.fail(name, "not_degrees", limit=limit)
            return None
        return float(raw)

    def instant(self, name: str, raw: Any, *, required: bool) -> int | None:
        if raw is None or raw == "":
            if required:
                self.fail(name, "required")
            return None
        try:
            at_ms = raw if isinstance(raw, int) else parse_rfc3339(str(raw))
        except ValueError:
            self.fail(name, "not_a_time")
            return None
        if not _YEAR_2000_MS <= at_ms < _YEAR_2100_MS:
            self.fail(name, "not_a_time")
            return None
        return at_ms

    def village(self, name: str, raw: Any) -> str | None:
        text = self.text(name, raw, 80, required=False)
        if not text:
            return None
        unit = self.directory.village(text)
        if unit is None:
            self.fail(name, "unknown_village", value=text)
        return unit.village if unit else None

    def unit(self, name: str, raw: Any) -> str | None:
        text = self.text(name, raw, 80, required=False)
        if not text:
            return None
        unit = self.directory.unit(text)
        if unit is None:
            self.fail(name, "unknown_unit", value=text)
        return unit.id if unit else None


_YEAR_2000_MS = int(datetime.datetime(2000, 1, 1, tzinfo=SHANGHAI).timestamp() * 1000)
_YEAR_2100_MS = int(datetime.datetime(2100, 1, 1, tzinfo=SHANGHAI).timestamp() * 1000)


def read_form(raw: Mapping[str, Any], directory: Directory) -> Form | list[FieldError]:
    """`raw` as API.md names it (“Intake”), villages and units by name or id; or every error it holds."""
    reader = _Reader(directory)
    form = Form(
        external_no=reader.text("external_no", raw.get("external_no"), EXTERNAL_NO_CHARS_MAX, required=True),
        category=reader.choice("category", raw.get("category"), CATEGORIES),
        urgent=reader.flag("urgent", raw.get("urgent")),
        confidential=reader.flag("confidential", raw.get("confidential")),
        title=reader.text("title", raw.get("title"), TITLE_CHARS_MAX, required=True),
        content=reader.text("content", raw.get("content"), CONTENT_CHARS_MAX, required=False),
        place=_read_place(reader, raw.get("place")),
        contact=_read_contact(reader, raw.get("contact")),
        respondent_unit=reader.unit("respondent_unit", raw.get("respondent_unit")),
        received_at_ms=reader.instant("received_at", raw.get("received_at"), required=True) or 0,
        external_due_at_ms=reader.instant("external_due_at", raw.get("external_due_at"), required=False),
    )
    return reader.errors or form


def _read_place(reader: _Reader, raw: Any) -> Place:
    if raw is None:
        return Place()
    if not isinstance(raw, Mapping):
        reader.fail("place", "not_an_object")
        return Place()
    lat = reader.degrees("place.lat", raw.get("lat"), 90)
    lng = reader.degrees("place.lng", raw.get("lng"), 180)
    if (lat is None) != (lng is None):
        reader.fail("place.lat" if lat is None else "place.lng", "required")
    crs = raw.get("crs") or ("WGS84" if lat is not None else None)
    return Place(
        village=reader.village("place.village", raw.get("village")),
        address=reader.text("place.address", raw.get("address"), ADDRESS_CHARS_MAX, required=False) or None,
        lat=lat,
        lng=lng,
        crs=crs if crs is None else reader.choice("place.crs", crs, CRS),
    )


def _read_contact(reader: _Reader, raw: Any) -> dict[str, str]:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        reader.fail("contact", "not_an_object")
        return {}
    parts = {
        "name": reader.text("contact.name", raw.get("name"), NAME_CHARS_MAX, required=False),
        "phone": reader.text("contact.phone", raw.get("phone"), PHONE_CHARS_MAX, required=False),
    }
    return {name: text for name, text in parts.items() if text}
