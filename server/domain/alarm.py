"""The alarm: one event, the persons called for it, who acknowledged, how far its ladder has climbed (DOMAIN D10, D20).

Pure: every function answers with another alarm (or the same one where nothing changes, so a repeat is harmless).
Instants are ms UTC. An acknowledgement counts from when it was made; what climbed before it was received stays and
is explained (SYNC: honest time).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from server.domain import escalation
from server.domain.call import Call
from server.domain.derived import derived_id
from server.domain.escalation import Climb, Ladder, Run, Rung, Who
from server.domain.instants import MINUTE_MS
from server.domain.rota import TOWN_POSTS

Json = dict[str, Any]
LATE_MS = MINUTE_MS
"""A rung taken longer than this after its deadline is explained: the server was out."""
STOPPED = frozenset({"acked", "ended"})


@dataclass
class Alarm:
    """One alarm. Lists and dicts are never changed in place: `evolve` copies, and a function replaces what it touches.

    - call: the Call as a dict; ladder: rungs as dicts, as the settings were when it was raised; scale: of its minutes.
    - climbs: {rung, at, done_at, people, informed} in order; `at` is the deadline, `done_at` when it was taken.
    - people: by person {alert, rung, posts, informed, raised_at, rung_at, acked_at, ack_received_at, ack_via};
      `removed`: he was taken off what it is about since.
    - explained: {at, code, …}: climbed_while_unsent, climbed_late, acked_earlier, acked_after_end.
    """

    id: str
    call: Json
    ladder: list[Json]
    scale: float
    raised_at: int
    rev: int = 1
    state: str = "open"
    climbs: list[Json] = field(default_factory=list)
    people: dict[str, Json] = field(default_factory=dict)
    acked_at: int | None = None
    acked_by: str | None = None
    ack_received_at: int | None = None
    ended_at: int | None = None
    end_why: str | None = None
    explained: list[Json] = field(default_factory=list)
    left_phones: bool = False

    @property
    def kind(self) -> str:
        return str(self.call["kind"])

    @property
    def key(self) -> str:
        return str(self.call["key"])

    @property
    def drill(self) -> str | None:
        found: str | None = self.call["drill"]
        return found

    @property
    def subject(self) -> tuple[str, str]:
        """(type, id) of what it is about."""
        return self.call["subject_type"], self.call["subject_id"]

    def to_dict(self) -> Json:
        """A JSON-able dict for the `body` column; it shares lists with the alarm."""
        return dict(self.__dict__)

    @classmethod
    def from_dict(cls, body: Json) -> "Alarm":
        """The alarm of a stored `body`; fields that an older version did not write take their defaults."""
        return cls(**{k: v for k, v in body.items() if k in _FIELDS})

    def evolve(self, **changed: Any) -> "Alarm":
        """A copy with some fields replaced; the untouched lists are shared."""
        made = Alarm.__new__(Alarm)
        made.__dict__.update(self.__dict__)
        made.__dict__.update(changed)
        return made


_FIELDS = {f.name for f in fields(Alarm)}


def alarm_id(key: str) -> str:
    """The id of the alarm that a call's key asks for."""
    return derived_id("alarm", key)


def alert_id(alarm: str, person: str) -> str:
    """The id of one person's alert in an alarm."""
    return derived_id("alert", alarm, person)


def climb_op_id(alarm: str, rung: int) -> str:
    """The operation of one climb: the same for every worker, so none climbs twice."""
    return derived_id("alarm-climb", alarm, str(rung))


def call_of(alarm: Alarm) -> Call:
    """The call again, for `who`."""
    return Call.from_dict(alarm.call)


def ladder_of(alarm: Alarm) -> Ladder:
    """The ladder as it stood when the alarm was raised; later settings change only later alarms."""
    return Ladder(
        tuple(
            Rung(
                each["after_min"],
                tuple(each["posts"]),
                tuple(each["informs"]),
                None if each["channels"] is None else tuple(each["channels"]),
            )
            for each in alarm.ladder
        )
    )


def run_of(alarm: Alarm) -> Run:
    """How far the ladder has got."""
    stopped = alarm.ack_received_at if alarm.ended_at is None else alarm.ended_at
    return Run(
        alarm.raised_at,
        tuple((each["rung"], each["at"]) for each in alarm.climbs),
        stopped,
        frozenset(each["rung"] for each in alarm.climbs if not each["people"]),
    )


def next_at(alarm: Alarm) -> int | None:
    """When the next rung is due; None once answered, ended or at the top."""
    return escalation.next_at(ladder_of(alarm), run_of(alarm), alarm.scale)


def due(alarm: Alarm, who: Who, now_ms: int) -> list[Climb]:
    """The rungs to climb by now."""
    return escalation.due(ladder_of(alarm), run_of(alarm), who, now_ms, alarm.scale)


def raise_(call: Call, ladder: Ladder, who: Who, now_ms: int, scale: float = 1.0) -> Alarm:
    """The alarm, its first rung climbed (and those that an empty one passes on to)."""
    rungs = ladder.to_list()
    if call.people and "named" not in rungs[0]["posts"]:
        rungs[0]["posts"].insert(0, "named")  # whom a call names is always called
    alarm = Alarm(alarm_id(call.key), call.to_dict(), rungs, scale, now_ms)
    for each in due(alarm, who, now_ms):
        alarm = climb(alarm, each, now_ms)
    told = {
        person: alarm.people[person] | {"informed": True} for person in call.knows if person in alarm.people
    }
    alarm = alarm.evolve(people=alarm.people | told)
    return inform(alarm, call.informs, now_ms)


def climb(alarm: Alarm, step: Climb, now_ms: int) -> Alarm:
    """One rung taken; the same alarm if it was taken before, is not the next, or the alarm has been answered."""
    if alarm.state in STOPPED or step.rung != len(alarm.climbs):
        return alarm
    people = dict(alarm.people)
    for person in step.people:
        people[person] = _called(alarm, people.get(person), person, step, informed=False)
    for person in step.informed:
        if person not in people:
            people[person] = _called(alarm, None, person, step, informed=True)
    taken = {
        "rung": step.rung,
        "at": step.at_ms,
        "done_at": now_ms,
        "people": list(step.people),
        "informed": list(step.informed),
    }
    # The top is reached and nobody has answered: said at once, an acknowledgement still takes it back.
    # A ladder of one rung only tells and waits for no answer.
    at_top = step.rung == len(alarm.ladder) - 1 and len(alarm.ladder) > 1
    late = [{"at": now_ms, "code": "climbed_late", "rung": step.rung, "due_at": step.at_ms}]
    return alarm.evolve(
        people=people,
        climbs=[*alarm.climbs, taken],
        state="unanswered" if at_top else alarm.state,
        explained=alarm.explained + (late if now_ms - step.at_ms > LATE_MS else []),
    )


def _called(alarm: Alarm, before: Json | None, person: str, step: Climb, *, informed: bool) -> Json:
    posts = step.posts.get(person, ())
    if before is not None:
        again = before | {
            "rung": step.rung,
            "rung_at": step.at_ms,
            "informed": informed,
            "posts": list(dict.fromkeys((*before["posts"], *posts))),
        }
        removed = again.pop("removed", False)
        if (before["informed"] or removed) and before["acked_at"] is not None:
            # his 收到 was to the news, or stopped nothing any more; now he is asked himself, and answers anew
            again |= {"acked_at": None, "ack_received_at": None, "ack_via": None}
            again["news_acked_at"] = before["acked_at"]
        return again
    return {
        "alert": alert_id(alarm.id, person),
        "rung": step.rung,
        "posts": list(posts),
        "informed": informed,
        "raised_at": step.at_ms,
        "rung_at": step.at_ms,
        "acked_at": None,
        "ack_received_at": None,
        "ack_via": None,
    }


def inform(alarm: Alarm, persons: Iterable[str], now_ms: int) -> Alarm:
    """Tell persons who are not among those called; their acknowledgement stops nothing."""
    new = [person for person in dict.fromkeys(persons) if person not in alarm.people]
    if not new:
        return alarm
    step = Climb(max(len(alarm.climbs) - 1, 0), now_ms, (), tuple(new))
    told = {person: _called(alarm, None, person, step, informed=True) for person in new}
    return alarm.evolve(people=alarm.people | told)


def acknowledge(alarm: Alarm, person: str, occurred_at_ms: int, received_at_ms: int, via: str) -> Alarm:
    """A person says 收到, made at `occurred_at_ms` and known since `received_at_ms`; `via`: alert.ack, ticket.depart …

    Unknown persons change nothing. Of two acknowledgements of one person the earlier made one counts.
    """
    mine = alarm.people.get(person)
    if mine is None:
        return alarm
    # A phone's clock may be a little off: nobody answers before he is called, nor after we know of it.
    made_at = min(max(occurred_at_ms, mine["raised_at"]), max(received_at_ms, mine["raised_at"]))
    if mine["acked_at"] is not None and mine["acked_at"] <= made_at:
        return alarm
    first_known = mine["ack_received_at"] if mine["ack_received_at"] is not None else received_at_ms
    entry = mine | {"acked_at": made_at, "ack_received_at": first_known, "ack_via": via}
    alarm = alarm.evolve(people=alarm.people | {person: entry})
    if mine["informed"] or mine.get("removed"):
        return alarm
    if alarm.state == "ended":
        return _acked_after_end(alarm, person, made_at, received_at_ms)
    return _answered(alarm, person, made_at, received_at_ms)


def _answered(alarm: Alarm, person: str, made_at: int, received_at: int) -> Alarm:
    told = {"at": received_at, "person": person, "acked_at": made_at}
    if alarm.acked_at is not None:
        if made_at >= alarm.acked_at:
            return alarm
        explained = [*alarm.explained, told | {"code": "acked_earlier", "before": alarm.acked_by}]
        return alarm.evolve(acked_at=made_at, acked_by=person, explained=explained)
    rungs = [each["rung"] for each in alarm.climbs if each["at"] > made_at]
    explained = list(alarm.explained)
    if rungs:
        explained.append(told | {"code": "climbed_while_unsent", "rungs": rungs})
    return alarm.evolve(
        state="acked", acked_at=made_at, acked_by=person, ack_received_at=received_at, explained=explained
    )


def _acked_after_end(alarm: Alarm, person: str, made_at: int, received_at: int) -> Alarm:
    """Recorded all the same; one made before the end but sent later is still the alarm's own."""
    code = {"at": received_at, "code": "acked_after_end", "person": person, "acked_at": made_at}
    alarm = alarm.evolve(explained=[*alarm.explained, code])
    before_end = alarm.ended_at is not None and made_at <= alarm.ended_at
    if before_end and (alarm.acked_at is None or made_at < alarm.acked_at):
        known = alarm.ack_received_at if alarm.ack_received_at is not None else received_at
        return alarm.evolve(acked_at=made_at, acked_by=person, ack_received_at=known)
    return alarm


def take_off(alarm: Alarm, person: str) -> Alarm:
    """He was taken off what it is about: his alert leaves his phone, and no later rung calls him for a unit.

    His 收到 stops nothing from now on; the same alarm if it names him for a task that is still his.
    """
    if alarm.call["task"] is not None and person in alarm.call["people"]:
        return alarm
    call = alarm.call | {"removed": sorted({*alarm.call.get("removed", ()), person})}
    mine = alarm.people.get(person)
    people = alarm.people if mine is None else alarm.people | {person: mine | {"removed": True}}
    return alarm.evolve(call=call, people=people)


def is_for_town(alarm: Alarm, person: str) -> bool:
    """Whether he was called or told at a post of the town, whatever unit he belongs to."""
    return any(post in TOWN_POSTS for post in alarm.people[person]["posts"])


def end(alarm: Alarm, why: str, at_ms: int) -> Alarm:
    """The cause is gone (`why`: a code): no more climbing; the phones stop ringing. Only the first end counts."""
    if alarm.state == "ended":
        return alarm
    return alarm.evolve(state="ended", ended_at=at_ms, end_why=why)


def leave_phones(alarm: Alarm) -> Alarm:
    """Off the phones, some time after its end."""
    return alarm if alarm.left_phones else alarm.evolve(left_phones=True)
