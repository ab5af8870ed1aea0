"""The other indicators, grouped in SQL, held against the formulae over every ticket by itself, on both databases."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from server.domain.rates import RATES, CaseRow, Period, excluded
from server.store import indicator_rows, rate_reports
from server.store.engine import reading, writing
from server.store.rate_reports import NOBODY
from server.store.tables_indicators import ticket_case
from tests.store.databases import empty_tables

NOW = 1_795_300_000_000
DAY = 86_400_000
EDGES = (0, 1, -1, -3 * DAY, -3 * DAY - 1, -3 * DAY + 1, -5 * DAY)
PERIODS = [(-20 * DAY, 2 * DAY), (-3 * DAY, -DAY), (-5 * DAY, -3 * DAY), (0, 1), (-1, 0), (5 * DAY, 6 * DAY)]
PLACES = {
    "village": ("闸口村", "南城村", None),
    "unit": ("unit-a", "unit-b", None),
    "worker": ("worker-1", None),
}
Held = dict[str, str | None]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database with the table of the reports."""
    url = f"sqlite:///{tmp_path}/jiban.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    with empty_tables(url, [ticket_case]) as made:
        yield made


def moment(rng: random.Random, missing: float = 0.0) -> int | None:
    if rng.random() < missing:
        return None
    return NOW + rng.choice([rng.randrange(-10 * DAY, DAY), *EDGES])


def some_case(rng: random.Random) -> CaseRow:
    """A ticket of any kind, its times often on the edges of the periods and on each other."""
    due, met = moment(rng, 0.1), moment(rng, 0.2)
    result_due = moment(rng, 0.1)
    return CaseRow(
        category=rng.choice(["complaint", "consult", "praise"]),
        received_ms=moment(rng) or 0,
        acceptance_due_ms=due,
        acceptance_met_ms=rng.choice([met, due, None if due is None else due + 1]),
        result_due_ms=result_due,
        original_due_ms=rng.choice([result_due, moment(rng, 0.1)]),
        result_met_ms=rng.choice([result_due, moment(rng, 0.3)]),
        excluded=rng.random() < 0.15,
        confidential=rng.random() < 0.1,
        replied=rng.random() < 0.5,
        called=rng.random() < 0.5,
        connected=rng.random() < 0.5,
        reworked=rng.random() < 0.1,
        resolved=rng.choice([True, False, None]),
        satisfaction=rng.choice(["very_satisfied", "fair", "unsatisfied", None]),
        rated_ms=moment(rng, 0.3),
        dispatches=rng.randrange(4),
        returns=rng.randrange(3),
        improper_returns=rng.randrange(2),
    )


def kept(engine: Engine, seed: int, n: int = 300) -> list[tuple[CaseRow, Held]]:
    rng = random.Random(seed)
    found = []
    for _ in range(n):
        held = {
            f"{due}{by}": rng.choice(PLACES[by])
            for by in ("unit", "worker")
            for due in ("", "acceptance_", "result_")
        }
        found.append((some_case(rng), {"village": rng.choice(PLACES["village"]), **held}))
    with writing(engine) as connection:
        rows = [
            {"ticket_id": f"t{i}", **indicator_rows.case_columns(row), **held}
            for i, (row, held) in enumerate(found)
        ]
        connection.execute(sa.insert(ticket_case), rows)
    return found


DUE_OF = {"acceptance": "acceptance_", "on_time": "result_", "on_time_raw": "result_"}


def key_of(name: str, by: str, held: Held) -> str:
    if by == "town":
        return "town"
    return held[by if by == "village" else DUE_OF.get(name, "") + by] or NOBODY


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", RATES)
def test_tickets_grouped_count_as_each_by_itself(engine: Engine, name: str, seed: int) -> None:
    tickets = kept(engine, seed)
    with reading(engine) as connection:
        for start, end in PERIODS:
            period = Period(NOW + start, NOW + end, NOW)
            for by in ("town", "village", "unit", "worker"):
                groups = rate_reports.cases(connection, name, period, by)
                for key in {key_of(name, by, held) for _, held in tickets} | groups.keys():
                    own = [row for row, held in tickets if key_of(name, by, held) == key]
                    rows = groups.get(key, [])
                    assert RATES[name](rows, period) == RATES[name](own, period), (by, key, start, end)
                    assert excluded(name, rows, period) == excluded(name, own, period)


def test_a_head_counts_only_his_own_unit_and_many_tickets_are_few_rows(engine: Engine) -> None:
    tickets = kept(engine, 9, 1_000)
    period = Period(NOW - 20 * DAY, NOW + 2 * DAY, NOW)
    with reading(engine) as connection:
        mine = rate_reports.cases(connection, "on_time", period, "town", unit="unit-a")
        whole = rate_reports.cases(connection, "on_time", period, "town")
    own = [row for row, held in tickets if held["result_unit"] == "unit-a"]
    assert RATES["on_time"](mine["town"], period) == RATES["on_time"](own, period)
    assert sum(row.n for row in whole["town"]) > 800
    assert len(whole["town"]) < 60
