"""How fast a phone knows what is new: first pulls, small pulls in large databases, a hundred phones at once."""

import itertools
import statistics
import threading
import time

from tests.bench import crowd
from tests.bench.budget import Measured
from tests.bench.serving import Phone
from tests.bench.town import Town, call_in, give, hire
from tests.serving import Server

ROUNDS = 60
CHANGES = 10
_readers = itertools.count()


def first_pull(server: Server) -> list[Measured]:
    """The office's first pull of 5,000 open tickets: answers uncompressed, then what gzip makes of them."""
    best = min((Phone(server.port, "officer").pull_all() for _ in range(3)), key=lambda pulled: pulled[0])
    seconds, rows, size, packed = best
    return [
        Measured(f"first pull of {rows:,} open tickets, before compression", seconds, "s", 0.3),
        Measured("… as JSON", size / 1e6, "MB"),
        Measured("… gzipped", packed / 1e6, "MB", 1.5),
    ]


def small_pulls(town: Town, server: Server) -> float:
    """p95 in ms of a pull that brings 10 changes to a worker."""
    worker = hire(town, 1, prefix=f"reader{next(_readers)}-")[0]
    ids = [id_ for id_, _ in give(town, call_in(town, CHANGES), [worker])[worker]]
    phone = Phone(server.port, worker)
    phone.pull_all()
    took = []
    for _ in range(ROUNDS):
        give(town, ids, [worker])
        _, page, seconds = phone.pull_page()
        if len(page["changes"]) != CHANGES:
            raise RuntimeError(f"{len(page['changes'])} changes instead of {CHANGES}")
        took.append(seconds * 1000)
    return statistics.quantiles(took, n=20)[-1]


def in_large_databases(town: Town, server: Server, sizes: tuple[int, int, int], name: str) -> list[Measured]:
    """The same small pull while the database grows."""
    rows, p95, now = [], {}, 0
    budgets = {sizes[1]: 5.0}
    for size in sizes:
        crowd.fill(town, size - now)
        now = size
        p95[size] = small_pulls(town, server)
        rows.append(
            Measured(
                f"pull of {CHANGES} changes among {size:,} tickets, p95, {name}",
                p95[size],
                "ms",
                budgets.get(size),
            )
        )
    ratio = p95[sizes[2]] / p95[sizes[0]]
    rows.append(Measured(f"… {sizes[2]:,} against {sizes[0]:,}, {name}", ratio, "times", 1.2))
    return rows


def hundred_phones(town: Town, server: Server, phones: int = 100, tickets: int = 300) -> list[Measured]:
    """A hundred phones' first sync of 300 tickets each, all at once."""
    # One grid for all: everybody holds the same 300 tickets, and is sent each of them.
    workers = hire(town, phones, prefix="crowd", one_grid=True)
    give(town, call_in(town, tickets), workers[:1])
    clients = [Phone(server.port, worker) for worker in workers]
    pulled: list[int] = []
    threads = [threading.Thread(target=lambda c=client: pulled.append(c.pull_all()[1])) for client in clients]  # type: ignore[misc]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    if min(pulled) < tickets:
        raise RuntimeError(f"a phone got {min(pulled)} tickets")
    return [Measured(f"first sync of {phones} phones at once, {tickets} tickets each", seconds, "s", 10)]
