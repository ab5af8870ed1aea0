"""Writes the vectors that come from the real rules: what each may do (lifecycle), what a fold must show (fold).

    python -m tests.vectors.make

The files are committed; a test fails when they no longer say what the rules do.
"""

import json
from pathlib import Path
from typing import Any

from server.domain.doc import render
from server.domain.instants import rfc3339
from server.domain.lifecycle import PERSON_OPS
from server.domain.roles import may_see
from tests.domain.town import CALLED, NOON, PEOPLE, REPLY, UNITS, Story, photo

FOLDER = Path(__file__).parent
DEVICE = "phone"
WHO = (
    "worker",
    "worker2",
    "clerk",
    "works_clerk",
    "head",
    "deputy",
    "officer",
    "lead",
    "leader",
    "duty",
    "group",
)
RETURN = {"reason": "不属本村", "basis": "职责清单"}
POINT = {"lat": 22.99, "lng": 113.67, "accuracy_m": 12, "fix_age_s": 3, "crs": "GCJ02"}


def me(person_id: str) -> dict[str, Any]:
    """A person as a session answers him."""
    person = PEOPLE[person_id]
    unit = UNITS.get(person.unit_id or "")
    return {
        "id": person.id,
        "username": person.username,
        "name": person.name,
        "role": person.role,
        "unit": {"id": unit.id, "name": unit.name} if unit else None,
        "villages": [unit.village] if unit and unit.village else [],
        "grid": person.grid_id,
        "delegate_of": [d.unit_id for d in person.delegate_of],
    }


def stages() -> dict[str, Story]:
    """A ticket in every state, each made by the steps that lead there."""
    called = Story().handling().apply("worker", "ticket.callback", CALLED)
    returned = Story().dispatched().apply("worker", "ticket.return", RETURN)
    agreed = Story().dispatched().apply("worker", "ticket.return", RETURN)
    agreed.apply("head", "ticket.decide_return", {"approved": True})
    determining = Story().dispatched().apply("worker", "ticket.return", RETURN)
    determining.apply("officer", "ticket.decide_return", {"approved": True}).dispatched()
    determining.apply("worker", "ticket.return", RETURN)
    determining.apply("officer", "ticket.decide_return", {"approved": True})
    determined = Story().dispatched().apply("worker", "ticket.return", RETURN)
    determined.apply("officer", "ticket.decide_return", {"approved": True}).dispatched()
    determined.apply("worker", "ticket.return", RETURN)
    determined.apply("officer", "ticket.decide_return", {"approved": True})
    determined.apply("group", "ticket.determine", {"unit": "zhakou", "basis": "属地"})
    outdated = Story().in_review().apply("city", "ticket.city_update", {"kind": "supplement", "text": "还有"})
    merged = Story()
    merged.ingest("t2")
    merged.apply("officer", "ticket.merge", {"into": "t2", "reason": "同一件事"})
    joint = Story(urgent=True).apply("officer", "ticket.dispatch", {"unit": "works"})
    rework = Story().replied().apply("city", "ticket.city_result", {"resolved": False})
    return {
        "received": Story(),
        "assigned": Story().dispatched(),
        "assigned to a unit": Story().dispatched(assignee=None),
        "urgent, the village joins": joint,
        "accepted": Story().dispatched().apply("worker", "ticket.accept"),
        "handling": called,
        "reply_review": Story().in_review(),
        "reply_review, outdated": outdated,
        "replied": Story().replied(),
        "closed": Story().replied().apply("officer", "ticket.close"),
        "returning": returned,
        "returning, head agreed": agreed,
        "determining": determining,
        "determined": determined,
        "merged": merged,
        "rework": rework,
    }


def arguments(name: str, story: Story, who: str) -> dict[str, Any]:
    """Arguments that are right for the ticket, so that only rights and states decide."""
    reply_hash = story.ticket.reply["hash"] if story.ticket.reply else "none"
    unit = PEOPLE[who].unit_id
    colleague = {"zhakou": "neighbour", "works": "works_clerk"}.get(unit or "", "neighbour")
    args: dict[str, dict[str, Any]] = {
        "ticket.return": RETURN,
        "ticket.decide_return": {"approved": True},
        "ticket.note": {"text": "看到"},
        "ticket.on_site_done": {"result": "已处理"},
        "ticket.callback": CALLED,
        "ticket.reply": REPLY,
        "ticket.approve": {"reply_hash": reply_hash},
        "ticket.reject": {"reply_hash": reply_hash, "reason": "请补充"},
        "ticket.dispatch": {"unit": "nancheng"},
        "ticket.assign": {"assignee": colleague},
        "ticket.flag_urgent": {"reason": "有危险"},
        "ticket.unflag_urgent": {"reason": "误报"},
        "ticket.set_confidential": {"confidential": True, "reason": "保护"},
        "ticket.recategorise": {"category": "help", "reason": "求助"},
        "ticket.merge": {"into": "t9", "reason": "同一件事"},
        "ticket.unmerge": {"into": "t2", "reason": "不是一件事"},
        "ticket.determine": {"unit": "zhakou", "basis": "属地"},
    }
    return args.get(name, {})


OF_AN_ENTRY = ("ticket.retract", "ticket.confirm")
"""They belong to a timeline entry and are offered there, not among the ticket's actions."""


def allowed(story: Story, who: str) -> list[str]:
    """Operations that the rules would take from the person now."""
    if "t9" not in story.tickets:
        story.ingest("t9")
    before = dict(story.tickets)
    found = []
    for name in sorted(PERSON_OPS - set(OF_AN_ENTRY)):
        done = story.try_(who, name, arguments(name, story, who))
        story.tickets = dict(before)
        # A reply that waits only for a call is offered: its screen says so. A second alarm is not.
        waits = done.code == "needs_callback"
        again = name == "ticket.flag_urgent" and story.ticket.urgent
        if waits or (done.outcome == "applied" and not again):
            found.append(name)
    return found


def lifecycle() -> dict[str, Any]:
    """Per stage its document, and per person who sees it what he may do."""
    cases = []
    for name, story in stages().items():
        doc = render(story.ticket, UNITS, PEOPLE, now_ms=story.now)
        survivor = story.tickets.get(story.ticket.merged_into or "")
        seers = [p for p in WHO if may_see(PEOPLE[p], story.ticket, survivor)]
        may = {who: allowed(story, who) for who in seers}
        cases.append({"name": name, "now": rfc3339(story.now), "doc": doc, "may": may})
    return {
        "about": "What each person may do to a ticket in each stage. Made by tests/vectors/make.py.",
        "people": {who: me(who) for who in WHO},
        "cases": cases,
    }


def _shown(story: Story) -> dict[str, Any]:
    """What the phone must show of a ticket after its own operations, before the server has told."""
    doc = render(story.ticket, UNITS, PEOPLE)
    last = doc["timeline"][-1] if doc["timeline"] else {}
    entry = {
        k: last.get(k) for k in ("id", "name", "text", "flags", "reason", "distance_m", "retracts", "cycle")
    }
    reply = doc["reply"]
    return {
        "state": doc["state"],
        "urgent": doc["urgent"],
        "cycle": doc["cycle"],
        "lead_unit": doc["lead_unit"]["id"] if doc["lead_unit"] else None,
        "joint_units": [u["id"] for u in doc["joint_units"]],
        "assignee": doc["assignee"]["id"] if doc["assignee"] else None,
        "assistants": [p["id"] for p in doc["assistants"]],
        "met": {d["kind"]: d["met_at"] for d in doc["deadlines"]},
        "arrival_due": next((d["due_at"] for d in doc["deadlines"] if d["kind"] == "arrival"), None),
        "callbacks": [
            {k: c[k] for k in ("id", "outcome", "called_at", "effective", "retracted")}
            for c in doc["callbacks"]
        ],
        "reply": None
        if reply is None
        else {k: reply[k] for k in ("id", "version", "text", "approved_at", "rejected", "outdated")},
        "returning": doc["return_request"]["head_approved"] if doc["return_request"] else None,
        "retracted": [e["id"] for e in doc["timeline"] if "retracted_by" in e],
        "entry": entry,
        "photos": [p["state"] for p in last.get("photos", [])],
    }


VISIT: list[tuple[str, dict[str, Any]]] = [
    ("ticket.accept", {"opinion": "马上到"}),
    ("ticket.depart", {}),
    ("ticket.arrive", {"point": POINT, "photos": [photo(1), photo(2)]}),
    ("ticket.on_site_done", {"result": "已换新井盖", "no_photo_reason": "手机没电"}),
    ("ticket.callback", {"outcome": "unreachable", "summary": "无人接听"}),
    ("ticket.callback", {**CALLED, "called_at": "2026-11-18T04:01:00.000Z"}),
    ("ticket.reply", REPLY),
]
FOLDS: list[tuple[str, str, str, list[tuple[str, dict[str, Any]]]]] = [
    ("a whole visit", "assigned", "worker", VISIT),
    ("a visit to an urgent ticket of nobody yet", "urgent, the village joins", "worker", VISIT[1:4]),
    ("a clerk accepts for the worker named", "assigned", "clerk", VISIT[:1]),
    ("a grid mate accepts and leads", "assigned", "worker2", VISIT[:1]),
    ("a grid mate arrives and assists", "accepted", "worker2", [VISIT[2]]),
    (
        "far away, without reason or photo",
        "assigned",
        "worker",
        [("ticket.arrive", {"point": {**POINT, "lat": 23.01}})],
    ),
    (
        "without a fix",
        "assigned",
        "worker",
        [("ticket.arrive", {"no_fix_reason": "室内", "no_photo_reason": "黑"})],
    ),
    ("a note changes no state", "handling", "worker", [("ticket.note", {"text": "路面已围"})]),
    (
        "an arrival that is retracted",
        "assigned",
        "worker",
        [VISIT[2], ("ticket.retract", {"op": "op-1", "reason": "走错"})],
    ),
    (
        "a call that is retracted",
        "handling",
        "worker",
        [VISIT[5], ("ticket.retract", {"op": "op-1", "reason": "打错"})],
    ),
    ("the worker hands it back", "assigned", "worker", [("ticket.return", RETURN)]),
    ("the head agrees to a return", "returning", "head", [("ticket.decide_return", {"approved": True})]),
    ("the head stops a return", "returning", "head", [("ticket.decide_return", {"approved": False})]),
    ("the office takes a return", "returning", "officer", [("ticket.decide_return", {"approved": True})]),
    ("the head approves", "reply_review", "head", [("ticket.approve", {"reply_hash": "HASH"})]),
    (
        "the head sends back",
        "reply_review",
        "head",
        [("ticket.reject", {"reply_hash": "HASH", "reason": "请补充"})],
    ),
    (
        "the author submits again",
        "reply_review, outdated",
        "worker",
        [("ticket.reply", {**REPLY, "text": "都已修好"})],
    ),
    (
        "the officer dispatches",
        "received",
        "officer",
        [("ticket.dispatch", {"unit": "zhakou", "assignee": "worker"})],
    ),
    ("the officer moves it", "handling", "officer", [("ticket.dispatch", {"unit": "nancheng"})]),
    (
        "the officer adds a joint unit",
        "accepted",
        "officer",
        [("ticket.dispatch", {"unit": "zhakou", "joint_units": ["works"]})],
    ),
    ("the head names another", "assigned", "head", [("ticket.assign", {"assignee": "neighbour"})]),
    ("the worker raises an alarm", "assigned", "worker", [("ticket.flag_urgent", {"reason": "有燃气味"})]),
    (
        "the duty room calls it off",
        "urgent, the village joins",
        "duty",
        [("ticket.unflag_urgent", {"reason": "误报"})],
    ),
    (
        "the group determines",
        "determining",
        "group",
        [("ticket.determine", {"unit": "works", "basis": "职能"})],
    ),
    ("the office closes", "replied", "officer", [("ticket.close", {})]),
    ("a rework is taken on", "rework", "worker", VISIT[:1]),
]


def _fold(name: str, stage: str, who: str, steps: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    story = stages()[stage]
    doc = render(story.ticket, UNITS, PEOPLE, now_ms=story.now)
    base, ops = story.ticket.rev, []
    for number, (op, given) in enumerate(steps):
        args = {k: (story.hash() if v == "HASH" else v) for k, v in given.items()}
        at = story.now
        op_id = f"op-{number}"
        args = {k: ("op-0" if v == "op-1" else v) for k, v in args.items()}
        story.apply(who, op, args, id=op_id, base=base, device=DEVICE, trust="probable")
        ops.append({"id": op_id, "n": number + 1, "name": op, "base": base, "at": rfc3339(at), "args": args})
    return {"name": name, "me": me(who), "doc": doc, "ops": ops, "expect": _shown(story)}


def fold() -> dict[str, Any]:
    """Documents, a phone's own operations, and what the server will make of them if nothing else happens."""
    return {
        "about": "A phone shows at once what the server will say. Made by tests/vectors/make.py.",
        "start": rfc3339(NOON),
        "cases": [_fold(*case) for case in FOLDS],
    }


MADE = {"lifecycle": lifecycle, "fold": fold}


def text(made: dict[str, Any]) -> str:
    """The file's text."""
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for name, make in MADE.items():
        (FOLDER / f"{name}.json").write_text(text(make()), "utf-8")
        print(f"wrote tests/vectors/{name}.json")
