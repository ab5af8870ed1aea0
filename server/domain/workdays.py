"""The Chinese working calendar: data per year, handed in by the caller (DOMAIN §C 9)."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import date, timedelta

_WEEKEND = {5: "周六", 6: "周日"}
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """Days that differ from the plain week, and the years that are published.

    `days` maps a date to (is it a working day, its name: 国庆节); `years` are those whose notice is known.
    """

    days: Mapping[date, tuple[bool, str]] = field(default_factory=dict)
    years: Set[int] = frozenset()

    def is_work(self, day: date) -> bool:
        """Whether people work on that day; plain weekdays where the year is not published."""
        known = self.days.get(day)
        return known[0] if known is not None else day.weekday() < 5

    def name(self, day: date) -> str:
        """Why a day does not count: the holiday, or the day of the week."""
        known = self.days.get(day)
        return (known[1] if known is not None else "") or _WEEKEND.get(day.weekday(), "")


@dataclass(frozen=True, slots=True)
class Count:
    """The last of `days` working days after a start, what was skipped, and whether a year was unknown."""

    last: date
    skipped: tuple[tuple[date, str], ...]
    provisional: bool


def count_working_days(start: date, days: int, calendar: Calendar, *, with_start: bool = False) -> Count:
    """Count working days from the day after `start` (民法典 §201–203), or from `start` itself."""
    day = start if with_start else start + _ONE_DAY
    left = days
    skipped: list[tuple[date, str]] = []
    provisional = False
    while True:
        provisional = provisional or day.year not in calendar.years
        if calendar.is_work(day):
            left -= 1
            if left <= 0:
                return Count(day, tuple(skipped), provisional)
        else:
            skipped.append((day, calendar.name(day)))
        day += _ONE_DAY
