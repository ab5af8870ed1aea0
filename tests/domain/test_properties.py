"""What holds for every sequence: facts commute (SYNC I10), nothing raises, nothing handed in is changed."""

import copy
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.domain.args import SHAPES, fault_in
from server.domain.callbacks import effective
from server.domain.clocks import first_arrival
from server.domain.doc import as_of, render
from server.domain.lifecycle import OPS
from server.domain.refusal import CODES, words
from server.domain.roles import buckets_of_ticket
from server.domain.rules import Rules
from server.domain.ticket import Ticket
from tests.domain.town import CALLED, NOON, PEOPLE, REPLY, UNITS, Story, photo

RULES = Rules()
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORKERS = ("worker", "worker2")
TRUSTS = ("proven", "probable", "unverified")

facts = st.lists(
    st.tuples(
        st.sampled_from(WORKERS),
        st.sampled_from(
            ("ticket.arrive", "ticket.callback", "ticket.on_site_done", "ticket.note", "ticket.depart")
        ),
        st.integers(0, 600),
        st.sampled_from(TRUSTS),
        st.sampled_from(("connected", "unreachable", "declined")),
        st.booleans(),
    ),
    min_size=1,
    max_size=7,
)


def _args(name: str, outcome: str, number: int) -> dict[str, Any]:
    return {
        "ticket.arrive": {"no_fix_reason": "室内", "photos": [photo(number)]},
        "ticket.callback": {"outcome": outcome, "summary": f"第{number}次"},
        "ticket.on_site_done": {"result": "已处理"},
        "ticket.note": {"text": "看到"},
        "ticket.depart": {},
    }[name]


def _play(drawn: list[Any], order: list[int], moved_before: int) -> Ticket:
    """Facts arriving in an order, the ticket moved to another village before one of them."""
    story = Story(urgent=True).dispatched()
    base = story.ticket.rev
    for place, index in enumerate(order):
        if place == moved_before:
            story.apply("officer", "ticket.dispatch", {"unit": "nancheng", "assignee": "worker3"})
        who, name, at, trust, outcome, _ = drawn[index]
        args = _args(name, outcome, index)
        how = {
            "id": f"fact-{index}",
            "at": at,
            "trust": trust,
            "base": base,
            "held": True,
            "received_ms": NOON + 10**9,
        }
        done = story.try_(who, name, args, **how)
        assert done.outcome in ("applied", "kept")
    for index, (who, *_, retracted) in enumerate(drawn):
        if retracted:
            gone = {"op": f"fact-{index}", "reason": "记错"}
            done = story.try_(who, "ticket.retract", gone, id=f"gone-{index}", base=base, held=True, at=700)
            assert done.outcome in ("applied", "kept")
    return story.ticket


def _facts(ticket: Ticket) -> Any:
    """What has to be the same whatever came first."""
    arrival, call = first_arrival(ticket, 1), effective(ticket.timeline, 1, RULES)
    return (
        arrival and arrival["id"],
        call and call["id"],
        sorted((c["kind"], c["met"], c.get("unverified"), c.get("op")) for c in ticket.clocks),
        sorted(
            (e["id"], e["occurred_at"], e.get("retracted_by")) for e in ticket.timeline if e["id"][:2] != "op"
        ),
    )


@CALM
@given(facts, st.data())
def test_facts_commute_whatever_the_order_of_arrival(drawn: list[Any], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(drawn))))
    places = st.integers(0, len(drawn) + 1)
    one = _play(drawn, list(range(len(drawn))), data.draw(places))
    other = _play(drawn, order, data.draw(places))
    assert _facts(one) == _facts(other)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["\0", "\ud800", "x" * 2001, "2026-11-18T04:00:00Z", "zhakou", "worker", 10**400, -1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted(
    {
        "reason",
        "text",
        "result",
        "outcome",
        "op",
        "finding",
        "unit",
        "assignee",
        "point",
        "photos",
        "lat",
        "approved",
    }
    | {
        "category",
        "into",
        "occurred_at",
        "accepted",
        "confidential",
        "handlers",
        "joint_units",
        "called_at",
        "summary",
    }
)
messy_args = json_values | st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=5)


@CALM
@given(st.sampled_from(sorted(SHAPES)), messy_args)
def test_whatever_the_wire_brings_as_arguments_gets_an_answer(name: str, args: Any) -> None:
    fault = fault_in(name, args)
    assert fault is None or (isinstance(fault[0], str) and isinstance(fault[1], str))
    json.dumps(fault)


def _sensible(name: str, story: Story, number: int) -> dict[str, Any]:
    """Arguments that may be taken, from a small choice."""
    targets = [e["id"] for e in story.ticket.timeline]
    target = targets[number % len(targets)]
    units, people = sorted(UNITS), sorted(PEOPLE)
    return {
        "ticket.return": {"reason": "不属", "basis": "清单"},
        "ticket.decide_return": {"approved": bool(number % 2)},
        "ticket.arrive": {"photos": [photo(number)]},
        "ticket.note": {"text": "看到"},
        "ticket.on_site_done": {"result": "好了"},
        "ticket.callback": {"outcome": ("connected", "declined", "unreachable")[number % 3], "summary": "x"},
        "ticket.retract": {"op": target, "reason": "错"},
        "ticket.reply": REPLY,
        "ticket.approve": {"reply_hash": story.ticket.reply["hash"] if story.ticket.reply else "-"},
        "ticket.reject": {
            "reply_hash": story.ticket.reply["hash"] if story.ticket.reply else "-",
            "reason": "补",
        },
        "ticket.dispatch": {"unit": units[number % len(units)]},
        "ticket.assign": {"assignee": people[number % len(people)]},
        "ticket.flag_urgent": {"reason": "急"},
        "ticket.unflag_urgent": {"reason": "误"},
        "ticket.set_confidential": {
            "confidential": bool(number % 3),
            "reason": "x",
            "handlers": ["worker", "head"],
        },
        "ticket.recategorise": {"category": ("consult", "help", "praise")[number % 3], "reason": "x"},
        "ticket.merge": {"into": ("t1", "t2")[number % 2], "reason": "同"},
        "ticket.unmerge": {"into": ("t1", "t2")[number % 2], "reason": "非"},
        "ticket.confirm": {"op": target, "accepted": bool(number % 2), "reason": "x"},
        "ticket.determine": {"unit": units[number % len(units)], "basis": "x"},
        "ticket.city_update": {
            "kind": ("urgent", "supplement", "urge", "due", "withdraw")[number % 5],
            "text": "x",
        },
        "ticket.city_result": {"resolved": (True, False, None)[number % 3]},
        "ticket.photo_received": {"photo": f"photo-{number}", "sha256": photo(number)["sha256"]},
        "ticket.photo_missing": {"photo": f"photo-{number}"},
    }.get(name, {})


commands = st.lists(
    st.tuples(
        st.sampled_from(sorted(set(OPS) - {"ticket.ingest"})),
        st.sampled_from([*sorted(PEOPLE), "worker", "worker", "head", "officer", "lead", "city", "system"]),
        st.integers(0, 30),
        st.integers(-100, 20_000),
        st.sampled_from(TRUSTS),
        st.booleans(),
        st.sampled_from(("t1", "t1", "t1", "t2")),
    ),
    max_size=25,
)


@CALM
@given(commands, st.booleans(), st.booleans())
def test_no_sequence_of_commands_raises_or_changes_what_it_was_handed(
    drawn: list[Any], urgent: bool, confidential: bool
) -> None:
    story = Story(urgent=urgent, confidential=confidential, respondent_unit="xiaohe")
    story.ingest("t2")
    for name, who, number, at, trust, held, subject in drawn:
        before = dict(story.tickets)
        frozen = copy.deepcopy({k: t.to_dict() for k, t in before.items()})
        args = _sensible(name, story, number)
        base = number if number % 2 else None
        how = {"at": at, "trust": trust, "held": held, "subject": subject, "base": base}
        done = story.try_(who, name, args, from_ms=NOON, to_ms=NOON + 10**8, received_ms=NOON + 10**9, **how)
        assert {k: t.to_dict() for k, t in before.items()} == frozen
        if done.outcome == "refused":
            assert done.code in CODES
            assert done.code == "already_accepted" or not done.tickets
            assert words(done.code, done.details)
            assert words(done.code, done.details, "en")
        for changed in done.tickets:
            assert changed.rev == before[changed.id].rev + 1
            _sound(changed)


def _sound(ticket: Ticket) -> None:
    body = json.loads(json.dumps(ticket.to_dict()))
    assert Ticket.from_dict(body).to_dict() == body
    doc = render(ticket, UNITS, PEOPLE, now_ms=NOON)
    assert json.loads(json.dumps(as_of(doc, NOON + 10**9)))["rev"] == ticket.rev
    ids = [(e["id"], e.get("via")) for e in ticket.timeline]
    assert len(set(ids)) == len(ids)
    assert ticket.lead_unit not in ticket.barred_units
    assert not set(ticket.joint_units) & set(ticket.barred_units)
    barred = {f"unit:{u}" for u in ticket.barred_units} | {f"unit-open:{u}" for u in ticket.barred_units}
    assert not barred & buckets_of_ticket(ticket)
    if ticket.confidential:
        assert all(b.startswith(("person:", "town-confidential")) for b in buckets_of_ticket(ticket))


def test_a_body_of_an_older_version_reads_with_defaults() -> None:
    body = Story().ticket.to_dict()
    for new in ("evaluations", "channel", "left_phones"):
        del body[new]
    body["of_tomorrow"] = 1
    read = Ticket.from_dict(body)
    assert (read.evaluations, read.left_phones) == ([], False)


def test_the_calls_constant_is_a_valid_callback() -> None:
    assert fault_in("ticket.callback", CALLED) is None
