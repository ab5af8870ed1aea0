"""What happens to phones and to the town, besides the line: all of it from the simulation's dice."""

import random
import threading
from pathlib import Path
from typing import Any

from server.actions import closing, people
from server.domain.roles import Actor
from server.store.engine import reading
from server.store.people import directory
from sync.log import Retry, Unavailable
from tests.sim.ground import Ground
from tests.sim.phone import SturdyPhone
from tests.sim.trouble import Trouble
from tests.sim.watch import Watch
from tests.sim.work import VILLAGES, Hand
from tests.town import DAY_MS, HOUR_MS, PASSWORD, Town, person_id, unit_id

PHONES_MAX = 9
RUSH_PHONES = 4
RUSH_TAPS = 4
RUSH_LINGER_S = 0.02
YEAR_MS = 365 * DAY_MS


class Misfortunes:
    """The part of a `World` that goes wrong."""

    ground: Ground
    town: Town
    dice: random.Random
    trouble: Trouble
    watch: Watch
    calls: list[dict[str, Any]]
    hands: list[Hand]
    revoked: set[str]
    memories: list[tuple[SturdyPhone, dict[str, Any]]]
    backup: Path | None
    restored: int

    def note(self, text: str) -> None:
        raise NotImplementedError

    def living(self) -> list[Hand]:
        raise NotImplementedError

    def _take_phone(self, username: str) -> SturdyPhone:
        raise NotImplementedError

    def _deliver(self, call: dict[str, Any]) -> None:
        raise NotImplementedError

    # What happens to phones

    def _phone_trouble(self) -> None:
        phone = self.dice.choice(self.hands).phone
        kinds = ("restart", "remember", "roll back", "clone", "evict", "damage", "clock", "clock", "switch")
        kind = self.dice.choice((*kinds, "another"))
        self.note(f"{phone.name}: {kind}")
        getattr(self, "_phone_" + kind.replace(" ", "_"))(phone)

    def _phone_restart(self, phone: SturdyPhone) -> None:
        phone.restart()

    def _phone_remember(self, phone: SturdyPhone) -> None:
        self.memories.append((phone, phone.memory()))

    def _phone_roll_back(self, _: SturdyPhone) -> None:
        phone, memory = self.dice.choice(self.memories)
        phone.roll_back(memory)

    def _phone_clone(self, phone: SturdyPhone) -> None:
        if self._room_for_another(phone):
            self._take_phone(phone.username).roll_back(phone.memory())

    def _phone_another(self, phone: SturdyPhone) -> None:
        if self._room_for_another(phone):
            self._take_phone(phone.username)

    def _room_for_another(self, phone: SturdyPhone) -> bool:
        return len(self.hands) < PHONES_MAX and phone.username not in self.revoked

    def _phone_evict(self, phone: SturdyPhone) -> None:
        phone.evict()

    def _phone_damage(self, phone: SturdyPhone) -> None:
        phone.lose_a_row()

    def _phone_clock(self, phone: SturdyPhone) -> None:
        phone.skew_ms = self.dice.choice((0, 0, -3 * DAY_MS, YEAR_MS, 7_000, -HOUR_MS))
        if self.dice.random() < 0.5:
            phone.offset = None  # it noticed the step
        if self.dice.random() < 0.5:
            phone.restart()

    def _phone_switch(self, phone: SturdyPhone) -> None:
        """Somebody else signs in on the same browser: the cookie is his, the outbox is not."""
        other = self.dice.choice([h.phone.username for h in self.hands if h.phone.username != phone.username])
        body = {"username": other, "password": PASSWORD}
        phone.transport.client.post("/api/v1/session", json=body)

    # What happens to the town

    def _town_trouble(self) -> None:
        kind = self.dice.choice(("backup", "restore", "restore", "revoke", "move", "sweep", "bring back"))
        if kind in {"backup", "restore"} and not self.ground.sqlite:
            return
        self.note(f"the town: {kind}")
        try:
            getattr(self, "_" + kind.replace(" ", "_"))()
        except (Retry, Unavailable) as error:
            self.note(f"  in vain: {error}")
            self._see_who_is_revoked()  # a COMMIT whose answer was lost has happened

    def _rush(self) -> None:
        """Several phones at the same moment, their transactions open for a while; PostgreSQL only."""
        self.note("a rush")
        hands = [hand for hand in self.living() if hand.phone.tickets][:RUSH_PHONES]
        for hand in hands:
            hand.phone.batch = 1
            for _ in range(RUSH_TAPS):
                self.note(f"  {hand.tap()}")
        with self.trouble.paused():
            self.ground.commits.linger_s = RUSH_LINGER_S
            crowd = [threading.Thread(target=self._hurry, args=(hand.phone,)) for hand in hands]
            for each in crowd:
                each.start()
            for each in crowd:
                each.join()
            self.ground.commits.linger_s = 0.0

    @staticmethod
    def _hurry(phone: SturdyPhone) -> None:
        for _ in range(3):
            phone.try_sync()
        phone.batch = 100

    def _backup(self) -> None:
        self.backup = self.ground.file.with_name("backup.db")
        self.ground.save(self.backup)

    def _restore(self) -> None:
        if self.backup is None:
            return self._backup()
        copy = self._part_ways() if self.dice.random() < 0.5 else None
        self.ground.put_back(self.backup)
        log = self.town.desk.log
        with self.trouble.paused():
            with log.write(self.town.clock.now_ms) as tx:
                log.new_epoch(tx)
            self.restored += 1
            self._see_who_is_revoked()
            for call in self.calls:  # the gateway delivers again what it has: an outage was announced to it
                self._deliver(call)
        if copy is not None:
            self.note(f"  {copy.name} syncs: {copy.try_sync()}")
        return None

    def _part_ways(self) -> SturdyPhone | None:
        """A phone is copied: the one sends its work, the other comes first after the restore, with equal numbers."""
        one = self.dice.choice(self.living())
        if not self._room_for_another(one.phone):
            return None
        self._phone_clone(one.phone)
        other = self.hands[-1]
        for hand in (one, other):
            for _ in range(self.dice.choice((1, 2, 3))):
                self.note(f"  {hand.tap()}")
        one.phone.try_sync()
        return other.phone

    def people(self) -> dict[str, Actor]:
        with reading(self.town.desk.engine) as connection:
            return dict(directory(connection).people)

    def _see_who_is_revoked(self) -> None:
        with self.trouble.paused():
            self.revoked = {one.username for one in self.people().values() if one.revoked_at_ms is not None}

    def _admin(self) -> Actor:
        return self.people()[person_id("admin")]

    def _revoke(self) -> None:
        username = self.dice.choice(("worker", "worker2", "worker3"))
        self.note(f"  {username}")
        people.revoke(self.town.desk.log, self._admin(), person_id(username), self.town.clock.now_ms)
        self.revoked.add(username)

    def _bring_back(self) -> None:
        for username in sorted(self.revoked):
            now_ms = self.town.clock.now_ms
            people.restore(self.town.desk.log, self._admin(), person_id(username), now_ms)
        self.revoked.clear()

    def _move(self) -> None:
        username = self.dice.choice(("worker", "worker2", "worker3"))
        village, place = self.dice.choice(VILLAGES), self.dice.choice(("第一网格", "第二网格", None))
        with reading(self.town.desk.engine) as connection:
            grids = {grid.name: grid.id for grid in directory(connection).grids.values()}
        values = {"unit_id": unit_id(village), "grid_id": grids.get(f"{village}{place}")}
        self.note(f"  {username} to {village}{place or ''}")
        now_ms = self.town.clock.now_ms
        people.change(self.town.desk, self._admin(), person_id(username), values, now_ms)

    def _sweep(self) -> None:
        closing.close_unrated(self.town.desk, self.town.clock.now_ms)
        closing.leave_phones(self.town.desk, self.town.clock.now_ms)
        closing.notice_missing_photos(self.town.desk, self.town.clock.now_ms)
