"""How fast the arrival indicator is counted over five years of a busy town."""

import random
import statistics

import sqlalchemy as sa

from server.clock import now_ms
from server.demo.town import UNITS, DemoUnit
from server.store.tables_indicators import arrival
from server.store.tables_ticket import ticket
from tests.bench.budget import Measured
from tests.bench.serving import Phone
from tests.bench.town import Town, call_in
from tests.serving import Server

TICKETS = 150_000
CHUNK = 10_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ROUNDS = 15


def fill(town: Town) -> None:
    """150,000 tickets, written straight into the tables that reports read; one in ten is urgent, with its arrival."""
    engine = town.parts.engine
    call_in(town, 1)
    with engine.connect() as connection:
        model = dict(connection.execute(sa.select(ticket).limit(1)).one()._mapping)
    rng, now = random.Random(1), now_ms()
    villages = [unit for unit in UNITS if unit.village]
    for begin in range(0, TICKETS, CHUNK):
        tickets, arrivals = [], []
        for i in range(begin, begin + CHUNK):
            id_ = f"019b0000-0000-7000-8000-{i:012}"
            start = now - rng.randrange(5 * 365 * DAY_MS)
            unit = villages[i % len(villages)]
            urgent = i % 10 == 0
            tickets.append(
                {
                    **model,
                    "id": id_,
                    "external_no": f"COUNT{i}",
                    "urgent": urgent,
                    "received_at": start,
                    "village": unit.village,
                }
            )
            if urgent:
                arrivals += _arrivals(rng, id_, start, unit)
        with engine.begin() as connection:
            connection.execute(sa.insert(ticket), tickets)
            connection.execute(sa.insert(arrival), arrivals)
    with engine.begin() as connection:
        connection.execute(sa.text("ANALYZE"))


def _arrivals(rng: random.Random, id_: str, start: int, unit: DemoUnit) -> list[dict[str, object]]:
    """The town's row and the unit's own of one emergency."""
    took = int(HOUR_MS * rng.lognormvariate(-0.8, 0.5)) if rng.random() < 0.97 else None
    row = {
        "ticket_id": id_,
        "cycle": 1,
        "start_at": start,
        "due_at": start + HOUR_MS,
        "met_at": None if took is None else start + took,
        "known_at": None if took is None else start + took,
        "trust": None if took is None else "proven",
        "excluded": None,
        "part": "missing" if took is None else "on_time" if took <= HOUR_MS else "late",
        "seconds": None if took is None else took // 1000,
        "told_late": 0,
        "village": unit.village,
        "unit": unit.id,
        "worker": f"worker{rng.randrange(200)}",
    }
    return [{**row, "n": 0, "scope": "town"}, {**row, "n": 1, "scope": "unit"}]


def measure(town: Town, server: Server, name: str) -> list[Measured]:
    """The median of a month and of all five years, each by village."""
    fill(town)
    officer = Phone(server.port, "officer")
    rows = []
    for what, first in (("a month", "2026-10-24"), ("all five years", "2021-01-01")):
        path = f"/indicators/arrival?from={first}&to=2026-11-23&by=village"
        took = statistics.median(officer.get(path) * 1000 for _ in range(ROUNDS))
        rows.append(Measured(f"arrival indicator over {TICKETS:,} tickets, {what}, {name}", took, "ms", 50))
    return rows
