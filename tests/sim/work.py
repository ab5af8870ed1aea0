"""What people tap: mostly what fits the ticket's state, sometimes anything, now and then what no server can take."""

import functools
import hashlib
import io
import random
from typing import Any

from sync.clock import rfc3339
from tests.sim.phone import SturdyPhone
from tests.town import HOUR_MS, MINUTE_MS, person_id, unit_id

VILLAGES = ("闸口村", "南城村")
WORKERS = {"闸口村": ("worker", "worker2"), "南城村": ("worker3",)}
FACTS = ("ticket.depart", "ticket.arrive", "ticket.note", "ticket.on_site_done", "ticket.callback")
FIELD_NEXT = {
    "assigned": ("ticket.accept", "ticket.accept", "ticket.depart", "ticket.arrive", "ticket.return"),
    "accepted": ("ticket.arrive", "ticket.arrive", "ticket.note", "ticket.callback", "ticket.return"),
    "handling": ("ticket.callback", "ticket.callback", "ticket.on_site_done", "ticket.reply", "ticket.reply"),
    "reply_review": ("ticket.callback", "ticket.note", "ticket.reply"),
}
HEAD_NEXT = {
    "assigned": ("ticket.assign", "ticket.accept"),
    "accepted": ("ticket.assign",),
    "reply_review": ("ticket.approve", "ticket.approve", "ticket.approve", "ticket.reject"),
    "returning": ("ticket.decide_return",),
}
OFFICE_NEXT = {
    "received": ("ticket.dispatch",) * 4 + ("ticket.merge", "ticket.flag_urgent"),
    "handling": ("ticket.dispatch", "ticket.merge", "ticket.set_confidential", "ticket.flag_urgent"),
    "returning": ("ticket.decide_return",),
    "replied": ("ticket.close", "ticket.set_confidential"),
    "merged": ("ticket.unmerge",),
}
ANY = {
    "grid_worker": (*FACTS, "ticket.retract", "ticket.accept", "ticket.flag_urgent", "ticket.reply"),
    "unit_head": (*FACTS, "ticket.retract", "ticket.assign", "ticket.approve", "ticket.reject"),
    "dispatcher": (
        "ticket.note",
        "ticket.retract",
        "ticket.confirm",
        "ticket.dispatch",
        "ticket.unflag_urgent",
    ),
    "office_lead": ("ticket.note", "ticket.confirm", "ticket.set_confidential", "ticket.unmerge"),
    "duty_room": ("ticket.note", "ticket.flag_urgent", "ticket.unflag_urgent"),
}
NEXT = {
    "grid_worker": FIELD_NEXT,
    "unit_head": HEAD_NEXT,
    "dispatcher": OFFICE_NEXT,
    "office_lead": OFFICE_NEXT,
    "duty_room": {},
}
LEADS_TO = {
    "ticket.accept": "accepted",
    "ticket.depart": "handling",
    "ticket.arrive": "handling",
    "ticket.on_site_done": "handling",
    "ticket.reply": "reply_review",
    "ticket.return": "returning",
    "ticket.dispatch": "assigned",
    "ticket.approve": "replied",
    "ticket.reject": "handling",
}
POINT = {"lat": 23.0128, "lng": 113.6846, "accuracy_m": 8, "fix_age_s": 1, "crs": "WGS84"}


@functools.cache
def picture(colour: int) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (16, 16), (colour, 90, 120)).save(out, "JPEG")
    return out.getvalue()


class Hand:
    """Taps on one phone, from the simulation's dice."""

    def __init__(self, phone: SturdyPhone, dice: random.Random, tickets: list[str]) -> None:
        self.phone = phone
        self.dice = dice
        self.tickets = tickets  # all there are, in the order in which they came
        self.photos: list[tuple[str, dict[str, Any], bytes]] = []  # those whose bytes are not there yet
        self.delivered: list[tuple[str, dict[str, Any], bytes]] = []

    def tap(self) -> str | None:
        """One operation; its description, None when there is nothing to tap on."""
        if self.dice.random() < 0.08 and (alert := self._ringing()) is not None:
            op = self.phone.act("alert.ack", alert, base=None)
            return f"{self.phone.name} taps alert.ack {op[-6:]} on {alert[-6:]}"
        shown = [id_ for id_ in self.tickets if id_ in self.phone.tickets]
        elsewhere = self.dice.random() < 0.06
        if not self.tickets or (not shown and not elsewhere):
            return None
        mine = [id_ for id_ in shown if self._state(id_) in NEXT[self.phone.user["role"]]]
        waiting = mine if mine and self.dice.random() < 0.85 else shown
        subject = self.dice.choice(self.tickets if elsewhere else waiting)
        if self.dice.random() < 0.04:
            return self._poison(subject)
        name = self._name(self._state(subject))
        if self.phone.user["role"] in {"dispatcher", "office_lead"} and self._doubtful(subject):
            name = self.dice.choice((name, "ticket.confirm"))
        args = self._args(name, subject)
        base: Any = self.dice.choice(("seen",) * 14 + (None, 1))
        op = self.phone.act(name, subject, args, base=base)
        self.photos += [(subject, one, picture(one.pop("colour"))) for one in args.get("photos", ())]
        return f"{self.phone.name} taps {name} {op[-6:]} on {self._no(subject)} {self._short(args)}"

    def _ringing(self) -> str | None:
        """One of the alerts on this phone, also one that was answered."""
        ids = sorted(id_ for type_, id_ in self.phone.base.rows if type_ == "alert")
        return self.dice.choice(ids) if ids else None

    def _state(self, subject: str) -> str | None:
        """As the screen shows it: the row's, or what the own waiting operations make of it."""
        waiting = [p.raw["name"] for p in self.phone.outbox if p.raw["subject"] == subject]
        guesses = [LEADS_TO[name] for name in waiting if name in LEADS_TO]
        return guesses[-1] if guesses else self.phone.tickets.get(subject, {}).get("state")

    def _no(self, subject: str) -> str:
        return f"#{self.tickets.index(subject) + 1}" if subject in self.tickets else subject

    @staticmethod
    def _short(args: dict[str, Any]) -> str:
        return str({k: v for k, v in args.items() if k not in {"photos", "point", "reason", "text", "basis"}})

    def _name(self, state: str | None) -> str:
        role = self.phone.user["role"]
        fitting = NEXT[role].get(state or "", ())
        return self.dice.choice(fitting if fitting and self.dice.random() < 0.8 else ANY[role])

    def _args(self, name: str, subject: str) -> dict[str, Any]:
        made = getattr(self, "_" + name.partition(".")[2], None)
        return made(subject) if made else {}

    def _at(self, back_ms: int = 0) -> str:
        return rfc3339(self.phone.wall_ms() - back_ms)

    def _some_photos(self) -> dict[str, Any]:
        if self.dice.random() < 0.7:
            return {}
        colour = self.dice.randrange(12) * 20
        data = picture(colour)
        one = {"id": self.phone._new_id(), "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        return {"photos": [one | {"width": 16, "height": 16, "taken_at": self._at(), "colour": colour}]}

    def _note(self, _: str) -> dict[str, Any]:
        return {"text": f"现场情况 {self.dice.randrange(100)}"} | self._some_photos()

    def _arrive(self, _: str) -> dict[str, Any]:
        there = {"point": POINT} if self.dice.random() < 0.8 else {"no_fix_reason": "没有信号"}
        return there | (self._some_photos() or {"no_photo_reason": "天太黑"})

    def _on_site_done(self, _: str) -> dict[str, Any]:
        return {"result": "已处理"} | self._some_photos()

    def _callback(self, _: str) -> dict[str, Any]:
        outcome = self.dice.choice(("connected", "connected", "unreachable", "declined"))
        called = {"called_at": self._at(self.dice.randrange(HOUR_MS))} if self.dice.random() < 0.3 else {}
        return {"outcome": outcome, "summary": "回访"} | called

    def _reply(self, _: str) -> dict[str, Any]:
        return {"finding": "true", "resolution": "resolved", "text": "已办结。"}

    def _return(self, _: str) -> dict[str, Any]:
        return {"reason": "不属本村", "basis": "职责清单"}

    def _retract(self, subject: str) -> dict[str, Any]:
        timeline = self.phone.tickets.get(subject, {}).get("timeline", [])
        mine = [e["id"] for e in timeline if e["actor"]["id"] == self.phone.user["id"] and e["name"] in FACTS]
        mine += [
            p.raw["id"] for p in self.phone.outbox if p.raw["name"] in FACTS and p.raw["subject"] == subject
        ]
        return {"op": self.dice.choice(mine or [self.phone._new_id()]), "reason": "记错了"}

    def _doubtful(self, subject: str) -> list[str]:
        timeline = self.phone.tickets.get(subject, {}).get("timeline", [])
        return [e["id"] for e in timeline if e["trust"] == "unverified"]

    def _confirm(self, subject: str) -> dict[str, Any]:
        args = {"op": self.dice.choice(self._doubtful(subject) or [self.phone._new_id()]), "reason": "核对"}
        args |= {"accepted": self.dice.random() < 0.7}
        return args | ({"occurred_at": self._at(self.dice.randrange(HOUR_MS))} if args["accepted"] else {})

    def _approve(self, subject: str) -> dict[str, Any]:
        reply = self.phone.tickets.get(subject, {}).get("reply") or {}
        return {"reply_hash": reply.get("hash") or "0" * 64}

    def _reject(self, subject: str) -> dict[str, Any]:
        return self._approve(subject) | {"reason": "写清楚"}

    def _village(self) -> str:
        return self.dice.choice(VILLAGES)

    def _dispatch(self, _: str) -> dict[str, Any]:
        village = self._village()
        args: dict[str, Any] = {"unit": unit_id(village)}
        if self.dice.random() < 0.6:
            args["assignee"] = person_id(self.dice.choice(WORKERS[village]))
        if self.dice.random() < 0.2:
            args["joint_units"] = [unit_id(next(one for one in VILLAGES if one != village))]
        return args

    def _assign(self, _: str) -> dict[str, Any]:
        return {"assignee": person_id(self.dice.choice(WORKERS[self._village()]))}

    def _decide_return(self, _: str) -> dict[str, Any]:
        return {"approved": self.dice.random() < 0.6, "reason": "核实"}

    def _merge(self, subject: str) -> dict[str, Any]:
        others = [id_ for id_ in self.tickets if id_ != subject]
        return {"into": self.dice.choice(others or self.tickets), "reason": "同一事项"}

    _unmerge = _merge

    def _flag_urgent(self, _: str) -> dict[str, Any]:
        return {"reason": "有危险"}

    _unflag_urgent = _flag_urgent

    def _recategorise(self, _: str) -> dict[str, Any]:
        return {"category": self.dice.choice(("complaint", "report", "help", "consult")), "reason": "归类"}

    def _set_confidential(self, _: str) -> dict[str, Any]:
        handlers = [person_id(self.dice.choice(WORKERS[self._village()]))]
        return {"confidential": self.dice.random() < 0.7, "reason": "来电人要求", "handlers": handlers}

    def _poison(self, subject: str) -> str:
        """What must be refused, consume its number, and never block the next."""
        name, spoil = self.dice.choice(POISON)
        op = self.phone.act("ticket.note", subject, {"text": "好"})
        raw = self.phone.outbox[-1].raw
        spoil(raw)
        if raw["id"] != op:
            self.phone.watch.tapped[raw["id"]] = self.phone.watch.tapped.pop(op)
        return f"{self.phone.name} taps poison ({name}) {raw['id'][-6:]} on {self._no(subject)}"


def _deep() -> Any:
    value: Any = "x"
    for _ in range(60):
        value = [value]
    return value


POISON = (
    ("NUL", lambda raw: raw.update(args={"text": "a\0b"})),
    ("surrogate", lambda raw: raw.update(args={"text": "a\ud800b"})),
    ("too large", lambda raw: raw.update(args={"text": "长" * 70_000})),
    ("too long", lambda raw: raw.update(args={"text": "x" * 2_001})),
    ("deep", lambda raw: raw.update(args={"text": _deep()})),
    ("big number", lambda raw: raw.update(args={"text": "x", "n": 2**60})),
    ("no args", lambda raw: raw.update(args=None)),
    ("unknown field", lambda raw: raw.update(args={"text": "x", "admin": True})),
    ("unknown op", lambda raw: raw.update(name="ticket.explode")),
    ("server op", lambda raw: raw.update(name="ticket.city_result", args={"resolved": True})),
    ("future version", lambda raw: raw.update(v=7)),
    ("broken subject", lambda raw: raw.update(subject="T00001'; --")),
    ("broken base", lambda raw: raw.update(base="5")),
    ("broken id", lambda raw: raw.update(id=f"no-uuid-{raw['id'][-6:]}")),
    ("broken clock", lambda raw: raw.update(at="yesterday", clock={"anchor": 5, "mono_ms": "x"}, name="")),
)
LAPSES_MS = (MINUTE_MS, 3 * MINUTE_MS, 10 * MINUTE_MS, 40 * MINUTE_MS, 3 * HOUR_MS, 9 * HOUR_MS, 26 * HOUR_MS)
