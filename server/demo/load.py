"""Loads the demo town through the same doors as a real one: intake, operations, the city's news."""

import hashlib
import heapq
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import structlog

from server.actions import climbing, closing, passwords, people, photos
from server.actions.desk import Desk
from server.actions.intake import CITY_AUTHOR, Taken, ingest
from server.actions.intake_form import Form, read_form
from server.actions.photos import PhotoDesk
from server.demo import pictures
from server.demo.ids import demo_id
from server.demo.people import CAST, INTAKE_KEY, PASSWORD, PEOPLE
from server.demo.rota import load_rota
from server.demo.scripts import everything
from server.demo.story import DAY_MS, ITS_HEAD, Step, Story
from server.demo.teller import Teller
from server.demo.town import GRIDS, UNITS, unit_named
from server.domain.roles import SYSTEM, Actor, Unit
from server.store import facts, people_rows, sessions, tickets
from server.store.engine import reading
from server.store.people import Directory, Grid, directory
from sync.clock import Moment, rfc3339
from sync.log import Author
from sync.op import make_op
from sync.perform import perform

SEED = 46  # the number of the document that the town's rules come from
_NO_PASSWORD = "!"  # noqa: S105 - a hash that no password has
_NO_PHOTO = "演示数据，未附照片。"
_PHOTOS_BEHIND_MS = 8 * DAY_MS
_UPLOAD_MS = 20_000

logger = structlog.get_logger(__name__)


@dataclass
class Loaded:
    """What came of it: tickets by their city number, operations carried out, and those that the rules refused."""

    tickets: dict[str, str] = field(default_factory=dict)
    operations: int = 0
    refused: list[tuple[str, str, str]] = field(default_factory=list)


def load(desk: Desk, now_ms: int, photo_desk: PhotoDesk | None = None, *, seed: int = SEED) -> Loaded:
    """Fill an empty database with the town, its people and its tickets around `now_ms`.

    Without a `photo_desk` steps are told without photos, and say so.
    """
    load_people(desk, now_ms)
    with desk.log.write(now_ms) as tx:
        load_rota(tx, now_ms)
    done = _Stage(_dispatching(desk), now_ms, photo_desk).play(
        everything(Teller(random.Random(seed), now_ms))
    )
    closing.leave_phones(desk, now_ms)
    climbing.leave_phones(desk, now_ms)
    return done


def _dispatching(desk: Desk) -> Desk:
    """The town's past has emergencies dispatch themselves, whatever the setting is now."""
    rules = replace(desk.handler.rules, urgent_auto_dispatch=True)
    return replace(desk, handler=replace(desk.handler, rules=rules))


def load_people(desk: Desk, now_ms: int) -> None:
    """Units, grids, people and the intake key; repeating it changes nothing."""
    password_hash = passwords.hashed(PASSWORD)
    with desk.log.write(now_ms) as tx:
        connection = tx.connection
        known = directory(connection)
        for unit in UNITS:
            if unit.id not in known.units:
                people_rows.add_unit(
                    connection, Unit(unit.id, unit.name, unit.kind, unit.village, unit.duties), now_ms
                )
        for grid in GRIDS:
            if grid.id not in known.grids:
                people_rows.add_grid(connection, Grid(grid.id, grid.name, unit_named(grid.unit).id))
        for person in PEOPLE:
            if person.id in known.people:
                continue
            form = people.Form(
                person.username,
                person.name,
                person.role,
                unit_named(person.unit).id if person.unit else None,
                next((grid.id for grid in GRIDS if grid.name == person.grid), None),
            )
            hash_ = password_hash if person.login else _NO_PASSWORD
            people.add(tx, "system", form, hash_, now_ms, person_id=person.id, must_change=False)
        if sessions.intake_key_name(connection, INTAKE_KEY) is None:
            sessions.add_intake_key(connection, INTAKE_KEY, "demo", now_ms)
        cast = {"usernames": [person.username for person in CAST], "password": PASSWORD}
        facts.write(connection, facts.DEMO_CAST, orjson.dumps(cast).decode())


class _Stage:
    """Plays the stories in the order in which the server heard of things."""

    def __init__(self, desk: Desk, now_ms: int, photo_desk: PhotoDesk | None) -> None:
        self.desk = desk
        self.photo_desk = photo_desk
        self.now_ms = now_ms
        self.done = Loaded()
        with reading(desk.engine) as connection:
            self.known: Directory = directory(connection)

    def play(self, stories: list[Story]) -> Loaded:
        for _, _, story, step in heapq.merge(*self._lines(stories), key=lambda line: line[:2]):
            if step is None:
                self._call(story)
            elif story.external_no in self.done.tickets:
                self._step(story, step)
        return self.done

    def _lines(self, stories: list[Story]) -> Iterator[list[tuple[int, int, Story, Step | None]]]:
        """For each story its lines up to the present, by the moment at which the server hears of them."""
        for number, story in enumerate(stories):
            lines: list[tuple[int, int, Story, Step | None]] = [(story.received_at_ms, number, story, None)]
            heard = story.received_at_ms
            for step in story.steps:
                heard = max(heard + 1, step.at_ms + step.lag_ms)
                if heard > self.now_ms:
                    break
                lines.append((heard, number, story, step))
            yield lines

    def _call(self, story: Story) -> None:
        raw = story.form | {"external_no": story.external_no, "received_at": rfc3339(story.received_at_ms)}
        form = read_form(raw, self.known)
        if not isinstance(form, Form):
            raise TypeError(f"the demo's own form is wrong: {form}")
        taken: Taken = ingest(self.desk, form, CITY_AUTHOR, story.received_at_ms)
        self.done.tickets[story.external_no] = taken.ticket_id

    def _step(self, story: Story, step: Step) -> None:
        ticket_id = self.done.tickets[story.external_no]
        args = self._args(step, ticket_id)
        taken = self._pictures(story, step)
        if taken:
            args["photos"] = [named for named, _ in taken]
        elif step.photos:
            args["no_photo_reason"] = _NO_PHOTO
        op = make_op(demo_id("op", story.external_no, step.name, str(step.at_ms)), step.name, ticket_id, args)
        heard = step.at_ms + step.lag_ms
        bounds = (story.received_at_ms, heard) if step.trust == "unverified" else (step.at_ms, step.at_ms)
        moment = Moment(step.at_ms, *bounds, step.trust)
        verdict = perform(
            self.desk.log, self.desk.handler, [op], self._author(step.by, ticket_id), heard, moment=moment
        )[0]
        self.done.operations += 1
        for named, data in taken:
            self._upload(named, data, ticket_id, self._author(step.by, ticket_id).person, heard)
        if verdict.outcome == "refused":
            self.done.refused.append(
                (story.external_no, step.name, f"{verdict.code} {dict(verdict.details)}")
            )
            logger.warning(
                "demo_step_refused", name=step.name, code=verdict.code, details=dict(verdict.details)
            )

    def _args(self, step: Step, ticket_id: str) -> dict[str, Any]:
        if callable(step.args):
            with reading(self.desk.engine) as connection:
                ticket = tickets.load(connection, [ticket_id])[ticket_id]
            args = dict(step.args(ticket, self.done.tickets.__getitem__))
        else:
            args = dict(step.args)
        return args

    def _pictures(self, story: Story, step: Step) -> list[tuple[dict[str, Any], bytes]]:
        """Photos of a recent step, each as its operation names it and as bytes."""
        if self.photo_desk is None or step.at_ms < self.now_ms - _PHOTOS_BEHIND_MS:
            return []
        at = rfc3339(step.at_ms)
        found = []
        for number in range(step.photos):
            id_ = demo_id("photo", story.external_no, step.name, str(step.at_ms), str(number))
            data = pictures.scene(id_, f"{story.external_no}  {at[:10]} {at[11:16]}Z  {step.by}")
            width, height = pictures.size()
            named = {
                "id": id_,
                "sha256": hashlib.sha256(data).hexdigest(),
                "bytes": len(data),
                "taken_at": at,
            }
            found.append((named | {"width": width, "height": height}, data))
        return found

    def _upload(self, named: dict[str, Any], data: bytes, ticket_id: str, author: str, heard: int) -> None:
        """The bytes come a little later, through the same door as a phone's."""
        if self.photo_desk is None:
            return
        came = min(heard + _UPLOAD_MS, self.now_ms)
        photos.begin(self.photo_desk, author, named["id"], ticket_id, named["sha256"], len(data), came)
        photos.append(self.photo_desk, author, named["id"], 0, io.BytesIO(data), None, lambda: came)

    def _author(self, by: str, ticket_id: str) -> Author:
        if by == "city":
            return CITY_AUTHOR
        if by == "system":
            return Author("system", None, SYSTEM)
        person = self._head_of(ticket_id) if by == ITS_HEAD else self.known.person_named(by)
        if person is None:
            raise KeyError(by)
        return Author(person.id, None, person)

    def _head_of(self, ticket_id: str) -> Actor | None:
        with reading(self.desk.engine) as connection:
            lead = tickets.load(connection, [ticket_id])[ticket_id].lead_unit
        heads = (p for p in self.known.people.values() if p.role == "unit_head" and p.unit_id == lead)
        return next(heads, None)
