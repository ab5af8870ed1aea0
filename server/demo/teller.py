"""Tells the demo's stories: what typically happens to a ticket, step by step, with believable times."""

import random
from typing import Any

from server.demo.matters import Matter
from server.demo.people import PEOPLE
from server.demo.story import DAY_MS, HOUR_MS, MINUTE_MS, Story
from server.demo.town import DemoUnit, unit_named
from server.domain.ticket import Ticket

_CALLERS = (
    "陈先生",
    "李女士",
    "黄先生",
    "张女士",
    "梁先生",
    "叶女士",
    "王先生",
    "何女士",
    "刘先生",
    "卢女士",
)
_SPOTS = ("祠堂路口", "市场东门", "文化广场旁", "小学后门", "工业区二路", "旧村三巷", "沿河路", "公交站对面")


class Teller:
    """Draws everything from one seeded source, so that the same moment gives the same town."""

    def __init__(self, rng: random.Random, now_ms: int) -> None:
        self.rng = rng
        self.now_ms = now_ms

    def minutes(self, least: float, most: float) -> int:
        """A random span in ms."""
        return int(self.rng.uniform(least, most) * MINUTE_MS)

    def call(self, matter: Matter, village: DemoUnit, received_at_ms: int, **more: Any) -> Story:
        """The city passes a call on: place, caller and words filled in."""
        lat, lng = village.point or (None, None)
        form = {
            "category": matter.category,
            "urgent": False,
            "confidential": False,
            "title": matter.title,
            "content": matter.content.format(v=village.name),
            "place": {
                "village": village.name,
                "address": village.name + self.rng.choice(_SPOTS),
                "lat": round((lat or 0) + self.rng.uniform(-0.002, 0.002), 6),
                "lng": round((lng or 0) + self.rng.uniform(-0.002, 0.002), 6),
                "crs": "WGS84",
            },
            "contact": {
                "name": self.rng.choice(_CALLERS),
                "phone": f"13{self.rng.randrange(10)}{self.rng.randrange(10**8):08}",
            },
        }
        return Story(received_at_ms, form | more)

    def team(self, unit: str) -> tuple[str, str]:
        """User names of somebody who works for the unit and of its head."""
        workers = [p.username for p in PEOPLE if p.unit == unit and p.role in {"grid_worker", "unit_clerk"}]
        heads = [p.username for p in PEOPLE if p.unit == unit and p.role == "unit_head"]
        return workers[0], heads[0]

    def lead(self, matter: Matter, village: DemoUnit) -> str:
        """By duty where the matter names a unit, else by place."""
        return matter.unit or village.name

    def dispatch(
        self, story: Story, at_ms: int, unit: str, worker: str | None, joint: tuple[str, ...] = ()
    ) -> int:
        """The officer gives it to a unit, and to somebody there."""
        args: dict[str, Any] = {"unit": unit_named(unit).id}
        if worker is not None:
            args["assignee"] = next(p.id for p in PEOPLE if p.username == worker)
        if joint:
            args["joint_units"] = [unit_named(name).id for name in joint]
        return story.then(at_ms, "officer", "ticket.dispatch", args)

    def arrive(self, story: Story, at_ms: int, worker: str, *, trust: str = "proven", lag_ms: int = 0) -> int:
        """At the scene, a few metres from the ticket's point."""
        place = story.form["place"]
        point = {
            "lat": round(place["lat"] + self.rng.uniform(-0.0004, 0.0004), 6),
            "lng": round(place["lng"] + self.rng.uniform(-0.0004, 0.0004), 6),
            "accuracy_m": self.rng.randint(5, 25),
            "fix_age_s": self.rng.randint(0, 8),
            "crs": "WGS84",
        }
        return story.then(
            at_ms,
            worker,
            "ticket.arrive",
            {"point": point},
            trust=trust,
            lag_ms=lag_ms,
            photos=self.rng.choice((1, 2)),
        )

    def on_site_done(self, story: Story, at_ms: int, worker: str, matter: Matter) -> int:
        return story.then(at_ms, worker, "ticket.on_site_done", {"result": matter.result}, photos=1)

    def callback(self, story: Story, at_ms: int, worker: str, outcome: str = "connected") -> int:
        """A call to the resident; what he said depends on the outcome."""
        words = {
            "connected": "已向来电人说明办理情况，来电人表示认可。",
            "unreachable": "拨打两次无人接听。",
            "declined": "来电人表示不需要回访。",
        }
        args: dict[str, Any] = {"outcome": outcome, "summary": words[outcome]}
        if outcome == "connected":
            args |= {
                "resolved": self.rng.random() < 0.92,
                "satisfaction": self.rng.choice(("very_satisfied", "satisfied", "satisfied", "fair")),
            }
        return story.then(at_ms, worker, "ticket.callback", args)

    def reply(self, story: Story, at_ms: int, worker: str, matter: Matter) -> int:
        args = {
            "finding": self.rng.choice(("true", "true", "partly_true")),
            "resolution": "explained" if matter.category in {"consult", "suggest"} else "resolved",
            "text": matter.reply,
            "public_text": matter.reply,
        }
        return story.then(at_ms, worker, "ticket.reply", args)

    def approve(self, story: Story, at_ms: int, head: str) -> int:
        return story.then(at_ms, head, "ticket.approve", lambda ticket, _: {"reply_hash": _hash(ticket)})

    def reject(self, story: Story, at_ms: int, head: str, reason: str) -> int:
        return story.then(
            at_ms, head, "ticket.reject", lambda ticket, _: {"reply_hash": _hash(ticket), "reason": reason}
        )

    def city_result(self, story: Story, at_ms: int, *, good: bool = True) -> int:
        """The citizen's rating closes it, or sends it round again."""
        satisfaction = self.rng.choice(("very_satisfied", "satisfied", "fair")) if good else "unsatisfied"
        return story.then(
            at_ms, "city", "ticket.city_result", {"resolved": good, "satisfaction": satisfaction}
        )

    def after(self, at_ms: int, least_min: float, most_min: float) -> int:
        """A moment some minutes later, in waking hours for what nobody does at night."""
        return at_ms + self.minutes(least_min, most_min)

    def by_day(self, at_ms: int, latest_hour: int) -> int:
        """The same moment, or an earlier one between 8:00 and `latest_hour` in Shanghai: office work is done by day."""
        day_ms = (at_ms + 8 * HOUR_MS) % DAY_MS
        if day_ms < 8 * HOUR_MS:
            return at_ms - day_ms - DAY_MS + latest_hour * HOUR_MS - self.minutes(0, 120)
        return (
            at_ms
            - max(0, day_ms - latest_hour * HOUR_MS)
            - (day_ms > latest_hour * HOUR_MS) * self.minutes(0, 120)
        )

    def ago(self, *, hours: float = 0, minutes: float = 0) -> int:
        return self.now_ms - int(hours * HOUR_MS + minutes * MINUTE_MS)


def _hash(ticket: Ticket) -> str:
    return str((ticket.reply or {}).get("hash", ""))
