"""A backup is restored, and the city sends again what was lost with it: the phones' work finds its ticket."""

import uuid
from pathlib import Path

import flask_migrate

from server import start
from server.app import create_app
from sync.clock import parse_rfc3339
from tests.device import photo
from tests.town import Town

AT = "2026-11-22T04:20:00.000Z"
ARRIVED = {"no_fix_reason": "室内", "photos": [photo(AT)]}


def command(town: Town, *words: str) -> None:
    done = town.app.test_cli_runner().invoke(args=list(words))
    assert done.exit_code == 0, done.output


def restored(town: Town, saved: Path) -> Town:
    """The same installation, started again after the restore."""
    settings = town.app.extensions["jiban"].settings
    town.desk.engine.dispose()
    command(town, "restore", str(saved))
    town.desk.engine.dispose()
    return Town(create_app(settings), town.clock)


def test_work_on_a_ticket_that_a_restore_forgot_counts_once_the_city_has_sent_it_again(
    town: Town, tmp_path: Path
) -> None:
    start.know_migrations(town.app)
    with town.app.app_context():
        flask_migrate.stamp()
    command(town, "backup", str(tmp_path / "saved"))
    call = town.call()
    id_ = town.city("POST", "/intake/tickets", call).json["id"]
    worker = town.phone("worker")
    worker.sync()
    assert id_ in worker.tickets
    town.clock.go(minutes=8)
    came = worker.act("ticket.arrive", id_, ARRIVED)
    later = restored(town, tmp_path / "saved")
    town.clock.go(minutes=2)
    again = later.city("POST", "/intake/tickets", call)
    assert (again.status, again.json["id"]) == (201, id_)
    worker.transport = later.transport()
    worker.sign_in()
    assert worker.push().code == "epoch"
    worker.sync()
    assert worker.receipts[came]["outcome"] == "applied"
    arrival = next(each for each in worker.ticket(id_)["deadlines"] if each["kind"] == "arrival")
    assert arrival["met_at"] == "2026-11-22T04:13:00.000Z"
    later.desk.engine.dispose()


def test_each_number_has_an_id_of_its_own_of_the_day_it_came(town: Town) -> None:
    first, second = (uuid.UUID(town.ticket(urgent=False)) for _ in range(2))
    assert first != second
    assert (first.version, first.int >> 80) == (7, parse_rfc3339("2026-11-22T00:00:00Z"))
