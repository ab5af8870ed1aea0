"""The town's own word on single days, over the published calendar (DOMAIN §C 9): read by year, set, taken back."""

import datetime

import sqlalchemy as sa

from server.store.tables_people import CalendarDayRow


def overrides(connection: sa.Connection, year: int) -> dict[datetime.date, tuple[bool, str]]:
    """The town's days of a year: whether people work, and what the day is called."""
    rows = connection.execute(
        sa.select(CalendarDayRow.day, CalendarDayRow.is_work, CalendarDayRow.name).where(
            CalendarDayRow.day.between(f"{year:04d}-01-01", f"{year:04d}-12-31")
        )
    )
    return {datetime.date.fromisoformat(day): (is_work, name) for day, is_work, name in rows}


def set_day(connection: sa.Connection, day: datetime.date, *, is_work: bool, name: str, now_ms: int) -> None:
    """Overrule a day, whatever was said of it before."""
    clear_day(connection, day)
    connection.execute(
        sa.insert(CalendarDayRow).values(day=day.isoformat(), is_work=is_work, name=name, changed_at=now_ms)
    )


def clear_day(connection: sa.Connection, day: datetime.date) -> bool:
    """Take the town's word on a day back; False if there was none."""
    done = connection.execute(sa.delete(CalendarDayRow).where(CalendarDayRow.day == day.isoformat()))
    return done.rowcount == 1
