"""The indicators counted in SQL, held against a count by hand over the same rows, on both databases."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from server.domain import indicators
from server.domain.indicators import Arrival, ArrivalRow
from server.domain.roles import Actor
from server.store import indicator_rows, reports, tables_ticket
from server.store.engine import reading, writing
from server.store.rate_reports import NOBODY
from server.store.reports import Asked
from server.store.tables_indicators import arrival, ticket_case
from tests.store.databases import empty_tables

NOW = 1_795_300_000_000
MINUTE = 60_000
DAY = 86_400_000
VILLAGES = ("闸口村", "南城村", None)
UNITS = ("unit-a", "unit-b", "unit-c")
WORKERS = ("worker-1", "worker-2", None)
TABLES = [arrival, ticket_case, tables_ticket.ticket, tables_ticket.ticket_party]
LEAD = Actor("lead", "lead", "梁芳", "office_lead")
OFFICER = Actor("officer", "officer", "林晓燕", "dispatcher")
AUDITOR = Actor("auditor", "auditor", "郑洁", "auditor")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database with the tables of the report."""
    url = f"sqlite:///{tmp_path}/jiban.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    with empty_tables(url, TABLES) as made:
        yield made


def some_rows(seed: int, n: int = 400) -> list[ArrivalRow]:
    """Arrivals around the line in every state, dues from ten days ago to one ahead, on the edges of days too."""
    rng = random.Random(seed)
    found = []
    for i in range(n):
        due = NOW + rng.choice([rng.randrange(-10 * DAY, DAY), 0, 1, -1, -3 * DAY, -3 * DAY - 1, -5 * DAY])
        start = due - rng.choice([60, 60, 60, 25]) * MINUTE
        met = start + rng.choice(
            [rng.randrange(-5 * MINUTE, 100 * MINUTE), 60 * MINUTE, 60 * MINUTE + 1, 5 * MINUTE]
        )
        came = rng.random() < 0.9
        row = ArrivalRow(
            ticket=f"ticket-{i:04}",
            cycle=1,
            scope=rng.choice(["town", "town", "unit"]),
            start_ms=start,
            due_ms=due,
            met_ms=met if came else None,
            trust=rng.choice(["proven", "probable"]) if came else None,
            known_ms=met + rng.randrange(3 * 60 * MINUTE) if came else None,
            waiting=rng.random() < 0.15,
            excluded="merged" if rng.random() < 0.1 else None,
            village=rng.choice(VILLAGES),
            unit=rng.choice(UNITS),
            worker=rng.choice(WORKERS),
        )
        found.append(row)
    return found


def keep(engine: Engine, rows: list[ArrivalRow]) -> None:
    with writing(engine) as connection:
        connection.execute(sa.insert(arrival), [indicator_rows.as_columns(row, 0) for row in rows])


def by_hand(rows: list[ArrivalRow], asked: Asked) -> Arrival | None:
    """§D read out loud, one row after the other."""
    numerator = denominator = unverified = excluded = told_late = 0
    took = []
    for row in rows:
        if not asked.from_ms <= row.due_ms < asked.to_ms:
            continue
        in_time = row.met_ms is not None and row.met_ms <= row.due_ms
        if row.excluded:
            excluded += 1
        elif row.waiting and not in_time:
            unverified += 1
        elif row.due_ms <= asked.now_ms:
            denominator += 1
            numerator += in_time
            if row.met_ms is not None:
                took.append(max(0, row.met_ms - row.start_ms) // 1000)
            if in_time and row.trust == "probable" and row.known_ms is not None and row.known_ms > row.due_ms:
                told_late += 1
    if not (denominator or unverified or excluded):
        return None
    took.sort()
    ranks = [took[max(0, -(-len(took) * p // 100) - 1)] if took else None for p in (50, 90)]
    rate = numerator / denominator if denominator else None
    return Arrival(numerator, denominator, rate, unverified, excluded, told_late, ranks[0], ranks[1])


KEYS = {
    "town": lambda row: "town",
    "village": lambda row: row.village or NOBODY,
    "unit": lambda row: row.unit,
    "worker": lambda row: row.worker or NOBODY,
}
PERIODS = [(-20 * DAY, 2 * DAY), (-3 * DAY, -DAY), (-5 * DAY, -3 * DAY), (0, 1), (-1, 0), (5 * DAY, 6 * DAY)]


@pytest.mark.parametrize("seed", range(3))
def test_the_database_counts_as_one_would_by_hand(engine: Engine, seed: int) -> None:
    rows = some_rows(seed)
    keep(engine, rows)
    with reading(engine) as connection:
        for start, end in PERIODS:
            asked = Asked(NOW + start, NOW + end, NOW)
            for by, key in KEYS.items():
                scoped = [row for row in rows if row.scope == ("unit" if by == "unit" else "town")]
                told = {
                    k: by_hand([r for r in scoped if key(r) == k], asked) for k in {key(r) for r in scoped}
                }
                wanted = {k: v for k, v in told.items() if v is not None}
                found = {k: tally.result() for k, tally in reports.arrivals(connection, by, asked).items()}
                assert found == wanted, (by, start, end)


def test_the_domain_counts_as_one_would_by_hand() -> None:
    rows = some_rows(7)
    asked = Asked(NOW - 10 * DAY, NOW + 2 * DAY, NOW)
    for by in KEYS:
        for key, tally in indicators.tally_by(rows, by, asked.from_ms, asked.to_ms, NOW).items():
            scope, key_of = indicators.KEYS[by]
            own = [row for row in rows if row.scope == scope and key_of(row) == key]
            assert tally.result() == by_hand(own, asked)


def test_a_head_counts_only_his_own_unit(engine: Engine) -> None:
    rows = some_rows(3)
    keep(engine, rows)
    asked = Asked(NOW - 10 * DAY, NOW + 2 * DAY, NOW, unit="unit-b")
    own = [row for row in rows if row.unit == "unit-b"]
    with reading(engine) as connection:
        town = reports.arrivals(connection, "town", asked)["town"].result()
        units = reports.arrivals(connection, "unit", asked)
    assert town == by_hand([row for row in own if row.scope == "town"], asked)
    assert list(units) == ["unit-b"]


def test_the_period_before_is_as_long_and_ends_where_this_one_begins() -> None:
    asked = Asked(NOW, NOW + 7 * DAY, NOW)
    before = asked.before()
    assert (before.from_ms, before.to_ms) == (NOW - 7 * DAY, NOW)


def test_the_distribution_loses_nobody_and_keeps_sixty_minutes_sharp_left_of_the_line(engine: Engine) -> None:
    rows = some_rows(5)
    keep(engine, rows)
    asked = Asked(NOW - 20 * DAY, NOW + 2 * DAY, NOW)
    with reading(engine) as connection:
        tally = reports.arrivals(connection, "town", asked)["town"]
    bins = tally.bins()
    arrived = [r for r in rows if r.scope == "town" and indicators.part_of(r, NOW) in ("on_time", "late")]
    arrived = [r for r in arrived if r.met_ms is not None]
    assert sum(n for _, _, n in bins) == len(arrived)
    assert [b[:2] for b in bins[:2]] == [(0, 300), (300, 600)]
    assert bins[-1][:2] == (7_200, None)
    whole_hours = [r for r in arrived if r.due_ms - r.start_ms == 60 * MINUTE]
    only = indicators.tally(whole_hours, asked.from_ms, asked.to_ms, NOW)
    left = sum(n for start, _, n in only.bins() if start < 3_600)
    assert left == only.result().numerator
    assert any(r.met_ms == r.due_ms for r in whole_hours)


def put_tickets(engine: Engine, rows: list[ArrivalRow], secret: set[str]) -> None:
    blank = {
        "rev": 1, "state": "handling", "cycle": 1, "category": "complaint", "urgent": True, "search": "",
        "received_at": NOW, "provisional": False, "on_phones": True, "changed_at": NOW, "body": "{}",
    }  # fmt: skip
    with writing(engine) as connection:
        connection.execute(
            sa.insert(tables_ticket.ticket),
            [
                {
                    **blank,
                    "id": id_,
                    "external_no": f"NO-{id_}",
                    "title": f"标题 {id_}",
                    "confidential": id_ in secret,
                }
                for id_ in sorted({row.ticket for row in rows})
            ],
        )


def test_behind_each_figure_stand_exactly_its_tickets(engine: Engine) -> None:
    rows = some_rows(11, 150)
    keep(engine, rows)
    put_tickets(engine, rows, secret=set())
    asked = Asked(NOW - 20 * DAY, NOW + 2 * DAY, NOW)
    parts = {
        "all": ("on_time", "late", "missing"),
        "late": ("late", "missing"),
        "on_time": ("on_time",),
        "missing": ("missing",),
        "unverified": ("unverified",),
        "excluded": ("excluded",),
    }
    with reading(engine) as connection:
        for by, key in KEYS.items():
            scoped = [row for row in rows if row.scope == ("unit" if by == "unit" else "town")]
            for wanted_key in {key(row) for row in scoped}:
                for part, kinds in parts.items():
                    wanted = {
                        r.ticket
                        for r in scoped
                        if key(r) == wanted_key and indicators.part_of(r, NOW) in kinds
                    }
                    found, total, hidden = reports.arrivals_behind(
                        connection, LEAD, asked, by=by, key=wanted_key, part=part, page=1, page_size=500
                    )
                    assert {one.id for one in found} == wanted, (by, wanted_key, part)
                    assert (total, hidden) == (len(wanted), 0)


def test_pages_of_tickets_share_no_ticket_and_the_missing_come_first(engine: Engine) -> None:
    rows = some_rows(12, 120)
    keep(engine, rows)
    put_tickets(engine, rows, secret=set())
    asked = Asked(NOW - 20 * DAY, NOW + 2 * DAY, NOW)
    with reading(engine) as connection:
        pages = [
            reports.arrivals_behind(
                connection, LEAD, asked, by="town", key=None, part="late", page=p, page_size=9
            )[0]
            for p in (1, 2, 3)
        ]
    shown = [one for page in pages for one in page]
    assert len({one.id for one in shown}) == len(shown)
    arrived = [one.met_ms is not None for one in shown]
    assert arrived == sorted(arrived)


def test_what_a_reader_may_not_see_is_counted_and_not_shown(engine: Engine) -> None:
    rows = [row for row in some_rows(13, 60) if row.scope == "town"]
    keep(engine, rows)
    on_time = sorted(row.ticket for row in rows if indicators.part_of(row, NOW) == "on_time")
    put_tickets(engine, rows, secret={on_time[0]})
    asked = Asked(NOW - 20 * DAY, NOW + 2 * DAY, NOW)

    def look(reader: Actor) -> tuple[set[str], int, int]:
        with reading(engine) as connection:
            found, total, hidden = reports.arrivals_behind(
                connection, reader, asked, by="town", key=None, part="on_time", page=1, page_size=500
            )
        return {one.id for one in found}, total, hidden

    assert look(LEAD) == (set(on_time), len(on_time), 0)
    assert look(OFFICER) == (set(on_time[1:]), len(on_time) - 1, 1)
    assert look(AUDITOR) == (set(), 0, len(on_time))
