"""The working calendar of the town: the State Council's days from a kept library, town overrides on top.

DOMAIN C9: a calendar is data per year; a year that nobody has published yet is simply not among `years`, and the
domain marks what it computes there `provisional`.
"""

import datetime
import functools

import chinese_calendar
import sqlalchemy as sa
from chinese_calendar import constants

from server.domain.workdays import Calendar
from server.store.asked import Asked
from server.store.tables_people import CalendarDayRow

_MAKE_UP = "调休上班"
_OVERRIDES = Asked(
    sa.select(CalendarDayRow.day, CalendarDayRow.is_work, CalendarDayRow.name).order_by(CalendarDayRow.day)
)
_CHINESE_NAMES = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}


@functools.cache
def published() -> Calendar:
    """The national calendar: named days off and working weekends, and the years that it covers."""
    days: dict[datetime.date, tuple[bool, str]] = {
        day: (False, _CHINESE_NAMES.get(name, name)) for day, name in constants.holidays.items()
    }
    days.update(dict.fromkeys(constants.workdays, (True, _MAKE_UP)))
    return Calendar(days=days, years={day.year for day in constants.holidays})


@functools.lru_cache(maxsize=4)
def _with_overrides(rows: tuple[tuple[datetime.date, bool, str], ...]) -> Calendar:
    base = published()
    days = dict(base.days)
    days.update({day: (is_work, name) for day, is_work, name in rows})
    # A year that the town loaded by hand counts as published once its new year's day stands in the table.
    years = set(base.years) | {day.year for day, _, _ in rows if (day.month, day.day) == (1, 1)}
    return Calendar(days=days, years=years)


def read_calendar(connection: sa.Connection) -> Calendar:
    """The calendar as of this connection's snapshot; one small query, the merge is kept between calls."""
    rows = _OVERRIDES.rows(connection)
    return _with_overrides(
        tuple((datetime.date.fromisoformat(day), bool(is_work), name) for day, is_work, name in rows)
    )
