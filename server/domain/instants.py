"""Instants as int milliseconds UTC, their wire form, and days in Asia/Shanghai.

Shanghai has had no daylight saving since 1991, so its days are plain arithmetic at UTC+8.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
_SHANGHAI_MS = 8 * HOUR_MS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1)
_MS = timedelta(milliseconds=1)
MIN_MS = -62_135_596_800_000 + DAY_MS
MAX_MS = 253_402_300_799_000 - DAY_MS


@lru_cache(maxsize=16_384)
def rfc3339(at_ms: int) -> str:
    """The wire form of an instant, e.g. "2026-11-22T04:05:00.000Z"."""
    text = (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")
    return text[:23] + "Z"


@lru_cache(maxsize=16_384)
def parse(text: str) -> int:
    """Milliseconds UTC of an RFC 3339 text with an offset. Raises ValueError for anything else."""
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError("an instant needs its offset")
    at_ms = (when - _EPOCH) // _MS
    if not MIN_MS < at_ms < MAX_MS:
        raise ValueError("out of range")
    return at_ms


def day_of(at_ms: int) -> date:
    """The calendar day in Shanghai."""
    return _EPOCH_DAY + timedelta(days=(at_ms + _SHANGHAI_MS) // DAY_MS)


def minute_of_day(at_ms: int) -> int:
    """Minutes since midnight in Shanghai, 0–1439."""
    return (at_ms + _SHANGHAI_MS) % DAY_MS // MINUTE_MS


def start_of(day: date) -> int:
    """Midnight in Shanghai at which the day begins."""
    return (day - _EPOCH_DAY).days * DAY_MS - _SHANGHAI_MS


def end_of(day: date) -> int:
    """24:00 of the day, which is the next midnight in Shanghai (API: deadlines)."""
    return start_of(day) + DAY_MS


def half_day(at_ms: int) -> tuple[date, bool]:
    """The half-day, split at 12:00 in Shanghai: (day, is it the afternoon) (API: callbacks)."""
    return day_of(at_ms), minute_of_day(at_ms) >= 12 * 60
