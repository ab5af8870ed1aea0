"""The town that is fuzzed: a few tickets in several states, a photo whole and one by halves, everybody signed in."""

import base64
import json
import shutil
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from server.config import Settings
from server.demo.people import CAST
from server.domain.emergency import EMERGENCY_OPS
from server.domain.lifecycle import OPS
from tests.api.test_photos import announce, jpeg, named, send
from tests.device import Phone
from tests.town import Town, build_template, person_id, town_at, unit_id

PEOPLE = ("worker", "head", "officer", "lead", "leader", "group", "duty", "auditor", "admin")
FACTS = "facts.json"


@dataclass
class Signed:
    """A session: its cookie, its CSRF token, and the device that pushes with it."""

    person: str
    cookie: str
    csrf: str
    device: str


@dataclass
class Known:
    """What exists in the town, by the name under which requests ask for it."""

    sessions: dict[str, Signed]
    values: dict[str, list[str]] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        (folder / FACTS).write_text(json.dumps(asdict(self)), "utf-8")

    @staticmethod
    def load(folder: Path) -> "Known":
        raw = json.loads((folder / FACTS).read_text("utf-8"))
        return Known({name: Signed(**each) for name, each in raw["sessions"].items()}, raw["values"])


def settle(folder: Path) -> None:
    """The town in `folder`, closed, to be copied."""
    build_template(folder)
    with town_at(Settings(data=folder, demo=True)) as town:
        phones = {name: town.phone(name) for name in PEOPLE}
        values = _happenings(town, phones)
        Known({name: _signed(phone) for name, phone in phones.items()}, values).save(folder)
        with town.desk.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def copy(template: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)


def _signed(phone: Phone) -> Signed:
    cookie = phone.transport.client.get_cookie("jiban_session")
    assert cookie is not None
    return Signed(phone.user["id"], cookie.value, phone.csrf, phone.device)


def _happenings(town: Town, phones: dict[str, Phone]) -> dict[str, list[str]]:
    worker, head, lead = phones["worker"], phones["head"], phones["lead"]
    waiting = [town.ticket(category=each) for each in ("consult", "praise")]
    sent, answered, secret = (town.dispatched(urgent=each) for each in (True, False, False))
    data = jpeg()
    whole, half = named(data), named(data[:-1])
    worker.do("ticket.accept", sent, {})
    worker.do("ticket.arrive", sent, {"no_fix_reason": "室内", "photos": [whole, half]})
    announce(worker, sent, whole)
    send(worker, whole["id"], data)
    announce(worker, sent, half)
    send(worker, half["id"], data[:100])
    worker.do("ticket.accept", answered, {})
    worker.do("ticket.callback", answered, {"outcome": "connected", "summary": "已告知"})
    worker.do("ticket.reply", answered, {"finding": "true", "resolution": "resolved", "text": "已处理"})
    head.sync()
    head.do("ticket.approve", answered, {"reply_hash": head.ticket(answered)["reply"]["hash"]})
    lead.do("ticket.set_confidential", secret, {"confidential": True, "reason": "涉密"})
    town.city("POST", "/intake/tickets", town.call(external_no="T00001", title="不一样"))
    incidents = _emergencies(phones, sent)
    for phone in phones.values():
        phone.sync()
    phones["admin"].request("PATCH", f"/people/{person_id('worker2')}", {"role": "unit_clerk"})
    made = head.post(
        "/delegations",
        {"delegate": person_id("worker2"), "from": "2026-11-22T00:00:00Z", "to": "2026-11-30T00:00:00Z"},
    )
    assert made.status == 201, made.json
    tickets = [*waiting, sent, answered, secret]
    return (
        {
            "ticket_id": tickets,
            "incident_id": incidents,
            "subject": [*tickets, *incidents],
            "external_no": [f"T{n:05}" for n in range(1, 6)],
            "photo_id": [whole["id"], half["id"]],
            "person_id": [each.id for each in CAST],
            "device_id": [phone.device for phone in phones.values()],
            "delegation_id": [made.json["id"]],
            "item_id": [each["id"] for each in lead.get("/items").json["items"]],
            "unit": [unit_id("闸口村"), unit_id("南城村"), "闸口村"],
            "village": ["闸口村", "南城村"],
            "date": ["2026-10-01", "2027-01-01", "0001-01-01", "9999-12-31"],
            "name": ["acceptance", "on_time", "returns", "dispatch_accuracy"],
            "op": sorted({*OPS, *EMERGENCY_OPS}),
        }
        | _overseen(phones)
        | _rostered(phones["duty"])
    )


def _emergencies(phones: dict[str, Phone], ticket: str) -> list[str]:
    """An incident with a channel, a task and photos to come, one merged into it, and one from a ticket."""
    main, same, opened = ids = [str(uuid.uuid4()) for _ in range(3)]
    worker, duty = phones["worker"], phones["duty"]
    place = {"village": "闸口村", "lat": 23.01, "lng": 113.68, "crs": "WGS84"}
    worker.do(
        "incident.report", main, {"matter": "fire", "text": "起火", "place": place, "photos": [named(jpeg())]}
    )
    phones["head"].do("incident.report", same, {"matter": "fire", "text": "冒烟", "drill": False})
    for name, args in (
        ("muster", {"units": [unit_id("南城村")], "people": [person_id("group")], "reason": "支援"}),
        ("upgrade", {"level": 2, "reason": "扩大"}),
        ("open_channel", {"template": "town"}),
        (
            "task",
            {"task": str(uuid.uuid4()), "kind": "handle", "text": "断电", "person": person_id("worker")},
        ),
    ):
        duty.do(f"incident.{name}", main, args)
    duty.do("incident.merge", same, {"into": main, "reason": "同一事件"})
    worker.do("incident.arrive", main, {"no_fix_reason": "浓烟"})
    duty.do("incident.open", opened, {"ticket": ticket, "matter": "other", "text": "转入"})
    return ids


def _rostered(duty: Phone) -> dict[str, list[str]]:
    """Two turns of a day, and a ladder of the town's own."""
    turns = []
    for username, begins, ends in (("worker3", "22T00:00", "22T12:00"), ("worker3", "22T12:00", "23T00:00")):
        told = {"post": "worker", "unit": "南城村", "person": person_id(username)}
        span = {"from_at": f"2026-11-{begins}:00Z", "to_at": f"2026-11-{ends}:00Z"}
        made = duty.post("/rota", told | span)
        assert made.status == 201, made.json
        turns.append(made.json["items"][0]["id"])
    rungs = [{"after_min": 0, "posts": ["leader"]}]
    assert duty.request("PUT", "/ladders/reminder", {"rungs": rungs}).status == 200
    return {"turn_id": turns, "kind": ["reminder", "muster", "party"]}


def _overseen(phones: dict[str, Phone]) -> dict[str, list[str]]:
    """A drill and a channel that nobody hears, and the ids of what is rung by now."""
    duty = phones["duty"]
    drill = duty.post("/drills", {"kind": "muster", "title": "演练", "people": [person_id("worker")]})
    fields = {"url": "http://127.0.0.1:9/closed"}
    channel = phones["admin"].post("/channels", {"kind": "webhook", "name": "大屏", "fields": fields})
    assert (drill.status, channel.status) == (201, 201), (drill.json, channel.json)
    alerts = duty.get("/alerts").json["items"]
    return {
        "alert_id": [each["id"] for each in alerts] + [alerts[0]["alarm"]],
        "alarm_id": sorted({each["alarm"] for each in alerts}),
        "drill_id": [drill.json["id"]],
        "channel_id": [channel.json["id"]],
    }


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
TIMES = st.sampled_from(
    [
        "2026-11-22T04:05:00.000Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999Z",
        "2026-13-45T99:00:00Z",
        "now",
    ]
)


def push_body(known: Known, who: Signed) -> st.SearchStrategy[dict[str, Any]]:
    """A push that gets past the envelope: real operations on real tickets with arguments of every kind."""
    args = st.fixed_dictionaries({}, optional={name: _argument(known, name) for name in ARGUMENTS})
    op = st.fixed_dictionaries(
        {
            "id": st.uuids().map(str),
            "name": st.sampled_from(known.values["op"]) | st.text(max_size=20),
            "subject": st.sampled_from(known.values["subject"]) | st.uuids().map(str) | ANYTHING,
            "args": args | ANYTHING,
        },
        optional={
            "v": st.integers(),
            "base": st.none() | st.integers(),
            "at": TIMES | ANYTHING,
            "clock": ANYTHING,
        },
    )
    ops = st.lists(op, max_size=6).map(lambda each: [{**one, "n": n} for n, one in enumerate(each, 1)])
    clock = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text()
    return st.fixed_dictionaries(
        {"user": st.just(who.person), "device": st.uuids().map(str), "ops": ops},
        optional={"offset_ms": clock, "offset_uncertainty_ms": clock, "sent_at": TIMES | ANYTHING},
    )


def tus_headers(known: Known) -> dict[str, st.SearchStrategy[str]]:
    """Headers that get past the first look of the photos' door."""
    metadata = st.tuples(
        st.sampled_from(known.values["photo_id"]) | st.uuids().map(str),
        st.sampled_from(known.values["ticket_id"]),
        st.sampled_from(["a" * 64, "b" * 63, "文"]),
    ).map(lambda told: _packed(dict(zip(("id", "ticket", "sha256"), told, strict=True))))
    numbers = st.sampled_from(["0", "100", "1", "-1", "9" * 15, "9" * 30, "１", "x"])
    return {
        "Tus-Resumable": st.sampled_from(["1.0.0"] * 7 + ["0.2.2"]),
        "Upload-Metadata": metadata,
        "Upload-Length": numbers,
        "Upload-Offset": numbers,
        "Upload-Checksum": st.sampled_from(["sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "md5 x", "sha256 "]),
    }


def _packed(metadata: dict[str, str]) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())


ARGUMENTS = {
    "reason": ["一", ""],
    "text": ["文字", "x" * 3000],
    "basis": ["依据"],
    "summary": ["已告知"],
    "result": ["完成"],
    "opinion": ["受理"],
    "unit": "unit",
    "suggested_unit": "unit",
    "assignee": "person_id",
    "into": "ticket_id",
    "op": "ticket_id",
    "approved": [True, False],
    "accepted": [True, False],
    "confidential": [True, False],
    "outcome": ["connected", "unreachable", "declined"],
    "finding": ["true", "untrue"],
    "resolution": ["resolved", "explained"],
    "category": ["complaint", "praise"],
    "days": [1, 0, 10**18],
    "reply_hash": ["0" * 64],
    "called_at": ["2026-11-22T04:05:00.000Z", "0001-01-01T00:00:00Z"],
    "occurred_at": ["2026-11-22T04:05:00.000Z", "9999-12-31T23:59:59Z"],
    "point": [{"lat": 23, "lng": 113, "accuracy_m": 1e300, "fix_age_s": -1, "crs": "WGS84"}],
    "no_fix_reason": ["室内"],
    "no_photo_reason": ["没有"],
    "joint_units": [["闸口村"]],
    "handlers": [["x"]],
    "photos": [[{}], [{"id": "x", "sha256": "y"}]],
    "matter": ["fire", "party"],
    "place": [{"village": "闸口村"}, {"lat": 91}],
    "drill": [True, False],
    "ticket": "ticket_id",
    "task": "ticket_id",
    "kind": ["hand_over", "handle", "muster"],
    "person": "person_id",
    "people": [[person_id("worker")], ["x"]],
    "units": [[unit_id("闸口村")], ["x"]],
    "level": [1, 2, 3, 4, 0],
    "template": ["town", "moon"],
    "seat": ["指挥"],
    "due_min": [5, 0],
    "rung": [0, 1, -1],
}


def _argument(known: Known, name: str) -> st.SearchStrategy[Any]:
    choices = ARGUMENTS[name]
    likely = known.values[choices] if isinstance(choices, str) else choices
    return st.sampled_from(likely) | ANYTHING
