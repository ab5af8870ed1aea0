"""How fast the arrival indicator is counted over five years of a busy town."""

import random
import statistics

import sqlalchemy as sa

from server.clock import now_ms
from server.demo.town import UNITS
from server.store.tables_ticket import clock, ticket
from tests.bench.budget import Measured
from tests.bench.serving import Phone
from tests.bench.town import Town, call_in
from tests.serving import Server

TICKETS = 150_000
CHUNK = 10_000
DAY_MS = 86_400_000
ROUNDS = 15


def fill(town: Town) -> None:
    """150,000 tickets with their clocks, written straight into the tables that reports read; one in ten is urgent."""
    engine = town.parts.engine
    call_in(town, 1)
    with engine.connect() as connection:
        model = dict(connection.execute(sa.select(ticket).limit(1)).one()._mapping)
    rng, now = random.Random(1), now_ms()
    villages = [unit for unit in UNITS if unit.village]
    for begin in range(0, TICKETS, CHUNK):
        tickets, clocks = [], []
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
                    "village": unit.id,
                }
            )
            kinds = {"acceptance": DAY_MS, "result": 5 * DAY_MS} | ({"arrival": 3_600_000} if urgent else {})
            clocks += [_clock(rng, id_, kind, start, span, unit.id) for kind, span in kinds.items()]
        with engine.begin() as connection:
            connection.execute(sa.insert(ticket), tickets)
            connection.execute(sa.insert(clock), clocks)
    with engine.begin() as connection:
        connection.execute(sa.text("ANALYZE"))


def _clock(rng: random.Random, id_: str, kind: str, start: int, span: int, unit: str) -> dict[str, object]:
    met = start + int(span * rng.lognormvariate(-0.8, 0.5)) if rng.random() < 0.97 else None
    return {
        "ticket_id": id_,
        "kind": kind,
        "cycle": 1,
        "start_at": start,
        "due_at": start + span,
        "met_at": met,
        "met_received_at": met,
        "trust": "proven" if met else None,
        "unverified_at": None,
        "unit_start_at": start,
        "unit_due_at": start + span,
        "village": unit,
        "unit": unit,
        "worker": f"worker{rng.randrange(200)}",
        "excluded": None,
        "provisional": False,
    }


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
