"""Run all measurements, or some: `python -m tests.bench [server] [alarms] [phone] [--quick] [--database …]`.

Ends with 0 whatever is missed: a budget is told, the build is not broken by a noisy machine.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import postgres
from tests.bench import alarming, counting, phone, pulling, pushing, town
from tests.bench.budget import Measured, heading, show
from tests.bench.serving import resident_mb
from tests.serving import running

PUSH_BUDGET = {"SQLite": 2000, "PostgreSQL": 1000}
SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = (2_000, 10_000, 20_000)


@contextmanager
def _database(kind: str) -> Iterator[str]:
    """An address for `DATABASE_URL`; PostgreSQL as durable as in production, unlike in the tests."""
    if kind == "SQLite":
        yield ""
        return
    with postgres.running_server(durable=True) as server, postgres.database(server, "jiban_bench") as url:
        yield url.replace("+psycopg", "")


def measure_server(kind: str, quick: bool) -> list[Measured]:
    """Everything on one database, in the order in which a town grows."""
    heading(f"Server, {kind}: 2 workers, client on the same cores")
    rows: list[Measured] = []

    def take(new: list[Measured]) -> None:
        rows.extend(new)
        for row in new:
            show(row)

    with tempfile.TemporaryDirectory() as folder, _database(kind) as url:
        built = town.found(Path(folder) / "data", url)
        with running(built.environment) as server:
            town.call_in(built, 500 if quick else 5_000)
            take(pulling.first_pull(server))
            take(pulling.hundred_phones(built, server, *((10, 50) if quick else (100, 300))))
            take(pushing.measure(built, server, kind, PUSH_BUDGET[kind], tickets_each=25 if quick else 250))
            take(counting.measure(built, server, kind))
            take(pulling.in_large_databases(built, server, QUICK_SIZES if quick else SIZES, kind))
            before = max(resident_mb(server))
            take([Measured(f"resident memory of a worker, {kind}", before, "MB", 250)])
            pushing.measure(built, server, kind, PUSH_BUDGET[kind], tickets_each=25 if quick else 250)
            take(
                [
                    Measured(
                        "… and its growth in a second run of pushes", max(resident_mb(server)) - before, "MB"
                    )
                ]
            )
    return rows


def measure_alarms(kind: str, quick: bool) -> list[Measured]:
    """Alarms in a town of their own, with a push service beside it."""
    heading(f"Alarms, {kind}: 2 web workers, 1 alarm worker, push service and client on the same cores")
    with (
        tempfile.TemporaryDirectory() as folder,
        _database(kind) as url,
        alarming.receiver(Path(folder)) as push,
    ):
        built = town.found(Path(folder) / "data", url)
        with running(built.environment | {"JIBAN_PUSH_HOSTS": f"localhost:{push.port}"}) as server:
            rows = alarming.measure(built, server, push, kind, quick)
    for row in rows:
        show(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], "server", "alarms", "phone"], default=[])
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that it runs")
    parser.add_argument("--database", choices=["sqlite", "postgres"], help="one of the two only")
    chosen = parser.parse_args()
    rows: list[Measured] = []
    kinds = {"sqlite": ["SQLite"], "postgres": ["PostgreSQL"]}.get(chosen.database, ["SQLite", "PostgreSQL"])
    for part, measure in (("server", measure_server), ("alarms", measure_alarms)):
        if not chosen.parts or part in chosen.parts:
            for kind in kinds:
                rows += measure(kind, chosen.quick)
    if not chosen.parts or "phone" in chosen.parts:
        rows += phone.measure(chosen.quick)
    missed = [row for row in rows if not row.held]
    heading(f"{len(rows) - len(missed)} within budget or told only, {len(missed)} missed")
    for row in missed:
        show(row)


if __name__ == "__main__":
    main()
