"""One seed: a few people with phones, a town that goes on, trouble of every kind, and then quiet."""

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from server.actions import climbing
from server.actions.desk import Desk
from sync.log import Retry, Unavailable
from tests.sim import invariants
from tests.sim.ground import Ground
from tests.sim.misfortunes import Misfortunes
from tests.sim.phone import SturdyPhone
from tests.sim.trouble import BadLine, Trouble
from tests.sim.uploads import try_upload
from tests.sim.watch import Watch
from tests.sim.work import LAPSES_MS, Hand
from tests.town import MINUTE_MS, PASSWORD, Town

STEPS = (16, 40)
ROUNDS_MAX = 15
RUSH_EVERY = 8


class NotQuiet(AssertionError):
    """Work went on moving after the trouble had ended."""


class World(Misfortunes):
    """Everybody of one seed, and the trace of what they did."""

    def __init__(self, ground: Ground, town: Town, dice: random.Random, trace: list[str]) -> None:
        self.ground, self.town, self.dice, self.trace = ground, town, dice, trace
        self.trouble = Trouble(dice, trace.append)
        self.trouble.on = False
        self.watch = Watch(town.desk.log.secret)
        self.calls: list[dict[str, Any]] = []
        self.tickets: list[str] = []
        self.hands: list[Hand] = []
        self.revoked: set[str] = set()
        self.memories: list[tuple[SturdyPhone, dict[str, Any]]] = []
        self.backup: Path | None = None
        self.restored = 0
        extra = dice.sample(("worker3", "worker", "duty", "lead", "head3"), dice.randrange(4))
        for username in ("officer", "head", "worker", "worker2", *extra):
            self._take_phone(username)

    # Whom there is

    def _take_phone(self, username: str) -> SturdyPhone:
        line = BadLine(self.town.app.test_client(), lambda: self.town.clock.now_ms, self.trouble)
        name = f"{username}/{1 + sum(h.phone.username == username for h in self.hands)}"
        with self.trouble.paused():
            phone = SturdyPhone(line, username, PASSWORD, self.watch, self.trouble, name)
        self.hands.append(Hand(phone, self.dice, self.tickets))
        return phone

    def note(self, text: str) -> None:
        self.trace.append(text)

    # One seed

    def run(self) -> list[str]:
        """Live through it; what is wrong at the end, empty if all is well."""
        for _ in range(self.dice.randrange(1, 5)):
            self._call()
        officer = self.hands[0]
        officer.phone.try_sync()
        for id_ in self.tickets:
            if self.dice.random() < 0.8:
                officer.phone.act("ticket.dispatch", id_, officer._dispatch(id_))
        for hand in self.hands:
            hand.phone.try_sync()
            self.memories.append((hand.phone, hand.phone.memory()))
        if self.ground.sqlite and self.dice.random() < 0.5:
            self._backup()
        self.trouble.on = True
        self.ground.commits.trouble = self.trouble
        for step in range(self.dice.randrange(*STEPS)):
            self._step()
            if not self.ground.sqlite and step % RUSH_EVERY == 0:
                self._rush()
        self._quiet()
        return [*self.watch.wrong, *invariants.check(self)]

    def _step(self) -> None:
        what: list[tuple[float, Callable[[], None]]] = [
            (52, self._work),
            (18, self._sync),
            (2, self._call),
            (5, self._news),
            (8, self._time_goes),
            (5, self._upload),
            (7, self._phone_trouble),
            (4, self._town_trouble),
        ]
        self.dice.choices([do for _, do in what], [weight for weight, _ in what])[0]()

    def _work(self) -> None:
        hand = self.dice.choice(self.hands)
        if hand.phone.user["role"] != "grid_worker" and self.dice.random() < 0.6:
            self._sync(hand.phone)  # who sits at a desk sees what there is
        for _ in range(self.dice.choice((1, 2, 3, 5))):
            told = hand.tap()
            if told:
                self.note(told)
            if self.dice.random() < 0.2:
                self.town.clock.now_ms += self.dice.randrange(5 * MINUTE_MS)
        if self.dice.random() < 0.5:
            self._sync(hand.phone)

    def _sync(self, phone: SturdyPhone | None = None) -> None:
        phone = phone or self.dice.choice(self.hands).phone
        self.note(f"{phone.name} syncs, {len(phone.outbox)} in the outbox")
        through = phone.try_sync(digest=self.dice.random() < 0.2)
        self.note(f"  {'through' if through else 'not through'}, {len(phone.outbox)} left")

    def _time_goes(self) -> None:
        by = self.dice.choice(LAPSES_MS)
        self.town.clock.now_ms += by
        self.note(f"{by // 60_000} minutes pass")
        if self.dice.random() < 0.5:  # the alarm worker may be down for a while
            for chore in (climbing.climb_due, climbing.remind_due):
                self._timer(chore)

    def _timer(self, chore: Callable[[Desk, int], int]) -> None:
        """As the alarm worker does it: what the database refuses is tried again with the next round."""
        try:
            self.note(f"  {chore.__name__}: {chore(self.town.desk, self.town.clock.now_ms)}")
        except (Retry, Unavailable, sa.exc.SQLAlchemyError) as error:
            self.note(f"  {chore.__name__}: {type(error).__name__}")

    def _upload(self) -> None:
        hand = self.dice.choice(self.hands)
        if hand.photos:
            try_upload(hand, self.trouble)

    # The city

    def _call(self) -> None:
        call = self.town.call(urgent=self.dice.random() < 0.6, confidential=self.dice.random() < 0.08)
        self.calls.append(call)
        self._deliver(call)

    def _deliver(self, call: dict[str, Any]) -> None:
        """The gateway repeats a call until it is taken."""
        for _ in range(20):
            answer = self.town.city("POST", "/intake/tickets", call)
            if answer.status in {200, 201}:
                break
        else:
            raise AssertionError(f"intake: {answer.status} {answer.json}")
        if answer.json["id"] not in self.tickets:
            self.tickets.append(answer.json["id"])
            self.note(f"the city calls: #{len(self.tickets)} {call['external_no']} {answer.json['id'][-6:]}")

    def _news(self) -> None:
        if not self.calls:
            return
        call = self.dice.choice(self.calls)
        kind = self.dice.choice(
            ("supplement", "urge", "urgent", "due", "withdraw", "result", "result", "result")
        )
        news: dict[str, Any] = {"update_no": f"U{self.dice.randrange(10**9)}", "kind": kind, "text": "补充"}
        if kind == "result":
            news |= {"resolved": self.dice.random() < 0.4, "satisfaction": "satisfied"}
        if kind == "due":
            news["external_due_at"] = "2026-12-01T16:00:00.000Z"
        for _ in range(self.dice.choice((1, 2))):
            answer = self.town.city("POST", f"/intake/tickets/{call['external_no']}/updates", news)
            self.note(f"the city tells {kind} of {call['external_no']}: {answer.status}")

    # Quiet

    def living(self) -> list[Hand]:
        """Those who may still sign in."""
        return [hand for hand in self.hands if hand.phone.username not in self.revoked]

    def _quiet(self) -> None:
        """The trouble ends; everybody syncs until nothing moves any more."""
        self.trouble.on = False
        self.ground.commits.trouble = None
        self.note("quiet")
        if self.dice.random() < 0.6:
            self._bring_back()
        late = [hand.phone for hand in self.hands if self.dice.random() < 0.5]
        for hand in self.hands:
            if hand.phone not in late:
                hand.phone.transport.deliver()
        before: Any = None
        for _ in range(ROUNDS_MAX):
            for hand in self.living():
                if not hand.phone.try_sync(digest=True):
                    raise NotQuiet(f"{hand.phone.name} does not get through on a good line")
                while hand.photos and try_upload(hand, self.trouble):
                    pass
            for phone in late:
                phone.transport.deliver()
            now = [(h.phone.base.cursor, len(h.phone.outbox), h.phone.device) for h in self.living()]
            if now == before:
                return
            before = copy.copy(now)
        raise NotQuiet(f"something still moves after {ROUNDS_MAX} rounds: {now}")


def run_seed(ground: Ground, seed: int, trace: list[str]) -> list[str]:
    """What went wrong, empty if nothing did; what happened is appended to the trace."""
    dice = random.Random(seed)
    with ground.fresh(dice) as town:
        try:
            return World(ground, town, dice, trace).run()
        except NotQuiet as error:
            return [str(error)]
