"""A town of the size that is measured: many workers, thousands of tickets, through the product's own doors."""

import itertools
from dataclasses import dataclass
from pathlib import Path

from server import start
from server.actions import passwords, people
from server.actions.intake import CITY_AUTHOR, Taken, ingest_many
from server.actions.intake_form import Form, read_form
from server.api.context import Parts
from server.app import create_app
from server.clock import now_ms
from server.config import settings_from
from server.demo.load import load_people
from server.demo.people import PASSWORD, PEOPLE
from server.demo.town import UNITS, unit_named
from server.keys import make_master_key
from server.store import facts, people_rows, tickets
from server.store.engine import reading, writing
from server.store.people import Grid, directory
from sync.clock import rfc3339
from sync.log import Author
from sync.op import make_op, uuid7
from sync.perform import perform

VILLAGE = "闸口村"
BATCH = 50
TITLES = (
    "主干道井盖缺失",
    "工地夜间施工噪音",
    "独居老人家停水",
    "河涌黑臭",
    "市场周边占道经营",
    "村道路灯不亮",
)
CONTENT = (
    "来电人反映{place}附近存在上述情况，已持续约{n}天，影响周边居民出行和休息，"
    "希望有关单位尽快派人到现场查看处理，并将处理结果电话告知。"
)

_series = itertools.count()


@dataclass(frozen=True)
class Town:
    """A prepared database and the app's parts that made it."""

    parts: Parts
    environment: dict[str, str]


def found(data: Path, database_url: str) -> Town:
    """An empty demo town: units, people, keys, no tickets."""
    environment = {"JIBAN_DATA": str(data), "JIBAN_DEMO": "1", "JIBAN_LOG_LEVEL": "error"}
    if database_url:
        environment["DATABASE_URL"] = database_url
    app = create_app(settings_from(environment))
    parts: Parts = app.extensions["jiban"]
    make_master_key(parts.settings.master_key_file)
    start.migrate(app)
    start.remember_key(parts.engine, start.master_key(parts.settings.master_key_file))
    with writing(parts.engine) as connection:
        facts.write(connection, facts.DEMO, start.DEMO_LOADED)
    with app.app_context():
        load_people(parts.desk, now_ms())
    return Town(parts, environment)


def hire(town: Town, count: int, *, prefix: str, one_grid: bool = False) -> list[str]:
    """Workers of one village, `<prefix>0` …, password as in the demo. In one grid they share their tickets."""
    hashed = passwords.hashed(PASSWORD)
    unit_id = unit_named(VILLAGE).id
    now = now_ms()
    names = [f"{prefix}{i}" for i in range(count)]
    with town.parts.log.write(now) as tx:
        grid_id = ""
        for name in names:
            if not (one_grid and grid_id):
                grid_id = uuid7(now)
                people_rows.add_grid(tx.connection, Grid(grid_id, name, unit_id))
            form = people.Form(name, f"网格员{name}", "grid_worker", unit_id, grid_id)
            people.add(tx, "system", form, hashed, now, must_change=False)
    return names


def call_in(town: Town, count: int, *, urgent_every: int = 10) -> list[str]:
    """`count` open tickets at the office's desk; their ids."""
    ids: list[str] = []
    first = next(_series) * 1_000_000
    with reading(town.parts.engine) as connection:
        register = directory(connection)
    villages = [unit.name for unit in UNITS if unit.kind in {"village", "community"}]
    for begin in range(first, first + count, BATCH):
        forms = []
        for i in range(begin, min(begin + BATCH, first + count)):
            village = villages[i % len(villages)]
            raw = {
                "external_no": f"BENCH{i:08}",
                "category": ("complaint", "help", "report")[i % 3],
                "urgent": i % urgent_every == 0,
                "confidential": False,
                "title": TITLES[i % len(TITLES)],
                "content": CONTENT.format(place=village, n=i % 30 + 1),
                "place": {
                    "village": village,
                    "address": f"{village}振兴路{i % 300}号",
                    "lat": 23.0,
                    "lng": 113.68,
                },
                "contact": {"name": "陈先生", "phone": f"138{i % 10**8:08}"},
                "received_at": rfc3339(now_ms()),
            }
            form = read_form(raw, register)
            if not isinstance(form, Form):
                raise TypeError(form)
            forms.append(form)
        for taken in ingest_many(town.parts.desk, forms, CITY_AUTHOR, now_ms()):
            if not isinstance(taken, Taken):
                raise TypeError(taken)
            ids.append(taken.ticket_id)
    return ids


def give(
    town: Town, ids: list[str], usernames: list[str], unit: str = VILLAGE
) -> dict[str, list[tuple[str, int]]]:
    """The officer dispatches the tickets, each worker the same number; (ticket, its rev) by worker."""
    with reading(town.parts.engine) as connection:
        register = directory(connection)
    officer = register.people[next(p.id for p in PEOPLE if p.username == "officer")]
    workers = [next(p.id for p in register.people.values() if p.username == name) for name in usernames]
    for begin in range(0, len(ids), BATCH):
        ops = [
            make_op(
                uuid7(now_ms()),
                "ticket.dispatch",
                id_,
                {"unit": unit_named(unit).id, "assignee": workers[i % len(workers)]},
            )
            for i, id_ in enumerate(ids[begin : begin + BATCH], begin)
        ]
        verdicts = perform(
            town.parts.log, town.parts.handler, ops, Author(officer.id, None, officer), now_ms()
        )
        refused = [verdict for verdict in verdicts if verdict.outcome != "applied"]
        if refused:
            raise RuntimeError(refused[0])
    with reading(town.parts.engine) as connection:
        revs = {id_: ticket.rev for id_, ticket in tickets.load(connection, ids).items()}
    given: dict[str, list[tuple[str, int]]] = {name: [] for name in usernames}
    for i, id_ in enumerate(ids):
        given[usernames[i % len(usernames)]].append((id_, revs[id_]))
    return given
