"""An alarm's life: raised, climbing, answered, ended; late and early acknowledgements; what the screens are told."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain import alarm as rules
from server.domain import alarm_doc
from server.domain.alarm import Alarm, acknowledge, alarm_id, climb, due, end, inform, next_at, raise_
from server.domain.alarm_doc import render_alarm
from server.domain.call import Call
from server.domain.escalation import DEFAULTS, Ladder, Rung
from server.domain.instants import HOUR_MS, MINUTE_MS, rfc3339
from server.domain.posts import who
from tests.domain.town import NOON, PEOPLE, UNITS

URGENT = Call("urgent/t1", "urgent_ticket", "ticket", "t1", "井盖缺失", "闸口村", units=("zhakou",))
ACK = "alert.ack"


def at(minutes: float) -> int:
    return NOON + int(minutes * MINUTE_MS)


def raised(call: Call = URGENT, ladder: Ladder | None = None) -> Alarm:
    return raise_(call, ladder or DEFAULTS[call.kind], asked(call), NOON)


def render_alert(alarm: Alarm, person: str) -> dict[str, Any]:
    return alarm_doc.render_alert(alarm, person, PEOPLE)


def asked(call: Call) -> Any:
    return lambda post: who(post, call, PEOPLE, (), NOON + 2 * HOUR_MS)  # “gone” has left by then


def swept(alarm: Alarm, now_ms: int) -> Alarm:
    for step in due(alarm, asked(rules.call_of(alarm)), now_ms):
        alarm = climb(alarm, step, now_ms)
    return alarm


def test_an_alarm_calls_its_first_rung_as_it_is_raised() -> None:
    alarm = raised()
    assert alarm.id == alarm_id("urgent/t1") == raised().id
    assert list(alarm.people) == ["neighbour", "worker", "worker2", "head"]
    assert (alarm.state, next_at(alarm)) == ("open", at(5))
    assert len({entry["alert"] for entry in alarm.people.values()}) == 4


def test_unanswered_it_climbs_to_the_top_and_an_answer_still_counts() -> None:
    alarm = swept(swept(swept(raised(), at(5)), at(10)), at(15))
    assert [each["at"] for each in alarm.climbs] == [at(0), at(5), at(10), at(15)]
    assert (alarm.state, next_at(alarm), alarm.explained) == ("unanswered", None, [])
    assert alarm.people["head"]["rung"] == 1
    assert alarm.people["head"]["raised_at"] == at(0)
    answered = acknowledge(alarm, "leader", at(16), at(16), ACK)
    assert (answered.state, answered.acked_by, answered.acked_at) == ("acked", "leader", at(16))


def test_an_answer_stops_the_climb() -> None:
    alarm = acknowledge(swept(raised(), at(5)), "worker", at(6), at(6), "ticket.depart")
    assert next_at(alarm) is None
    assert swept(alarm, at(600)) is alarm
    assert alarm.people["worker"]["ack_via"] == "ticket.depart"


def test_an_answer_made_offline_counts_from_when_it_was_made_and_the_climb_is_explained() -> None:
    alarm = swept(raised(), at(12))
    alarm = acknowledge(alarm, "worker", at(2), at(13), ACK)
    assert (alarm.acked_at, alarm.ack_received_at) == (at(2), at(13))
    assert len(alarm.climbs) == 3, "what was climbed stays"
    assert alarm.explained[-1] == {
        "at": at(13),
        "code": "climbed_while_unsent",
        "person": "worker",
        "acked_at": at(2),
        "rungs": [1, 2],
    }
    assert render_alert(alarm, "worker")["climbed_meanwhile"] is True
    assert render_alert(alarm, "head")["climbed_meanwhile"] is False
    assert render_alert(alarm, "head")["acked_by"] == {
        "id": "worker",
        "name": "闸口网格员",
        "role": "grid_worker",
    }


def test_of_two_answers_the_earlier_made_one_is_the_alarms() -> None:
    alarm = acknowledge(raised(), "head", at(4), at(4), ACK)
    alarm = acknowledge(alarm, "worker", at(2), at(9), ACK)
    assert (alarm.acked_by, alarm.acked_at, alarm.ack_received_at) == ("worker", at(2), at(4))
    assert alarm.explained[-1]["code"] == "acked_earlier"
    assert acknowledge(alarm, "worker", at(3), at(10), ACK) is alarm
    assert acknowledge(alarm, "worker2", at(5), at(11), ACK).acked_by == "worker"


def test_a_wrong_clock_cannot_answer_before_the_call_nor_after_we_know() -> None:
    assert acknowledge(raised(), "worker", at(-90), at(3), ACK).acked_at == at(0)
    assert acknowledge(raised(), "worker", at(90), at(3), ACK).acked_at == at(3)


def test_whom_nobody_called_and_who_is_only_told_stop_nothing() -> None:
    alarm = inform(raised(), ("clerk", "worker", "clerk"), at(1))
    assert [person for person, entry in alarm.people.items() if entry["informed"]] == ["clerk"]
    assert acknowledge(alarm, "admin", at(1), at(1), ACK) is alarm
    told = acknowledge(alarm, "clerk", at(2), at(2), ACK)
    assert told.people["clerk"]["acked_at"] == at(2)
    assert (told.state, next_at(told)) == ("open", at(5))


def test_who_was_told_and_is_called_later_answers_anew() -> None:
    report = Call("r", "direct_report", "incident", "i", "群体性事件", "闸口村", units=("zhakou",))
    ladder = Ladder((Rung(0, ("duty_room",), ("unit_head",)), Rung(5, ("unit_head",))))
    alarm = acknowledge(raised(report, ladder), "head", at(1), at(1), ACK)
    alarm = swept(alarm, at(5))
    assert alarm.people["head"]["informed"] is False
    assert alarm.people["head"]["acked_at"] is None
    assert acknowledge(alarm, "head", at(6), at(6), ACK).state == "acked"


def test_who_was_taken_off_and_is_called_at_a_post_of_the_town_later_answers_anew() -> None:
    alarm = swept(raised(), at(10))
    assert (rules.is_for_town(alarm, "duty"), rules.is_for_town(alarm, "head")) == (True, False)
    off = acknowledge(rules.take_off(alarm, "duty"), "duty", at(11), at(11), ACK)
    assert (off.state, off.people["duty"]["removed"]) == ("open", True)
    step = rules.Climb(3, at(15), ("duty",), posts={"duty": ("leader",)})
    alarm = climb(off, step, at(15))
    assert (alarm.people["duty"]["acked_at"], "removed" in alarm.people["duty"]) == (None, False)
    assert acknowledge(alarm, "duty", at(16), at(16), ACK).state == "acked"


def test_an_ended_alarm_climbs_no_more_and_keeps_late_answers() -> None:
    alarm = end(raised(), "ticket_closed", at(4))
    assert (alarm.state, next_at(alarm), swept(alarm, at(60)).climbs) == ("ended", None, alarm.climbs)
    assert end(alarm, "other", at(9)) is alarm
    late = acknowledge(alarm, "worker", at(6), at(6), ACK)
    assert (late.state, late.acked_at, late.people["worker"]["acked_at"]) == ("ended", None, at(6))
    assert late.explained[-1]["code"] == "acked_after_end"
    sent_late = acknowledge(alarm, "worker", at(3), at(6), ACK)
    assert (sent_late.state, sent_late.acked_at) == ("ended", at(3))


def test_after_an_outage_the_rungs_are_dated_at_their_deadlines_and_said_to_be_late() -> None:
    alarm = swept(raised(), at(75))
    assert [each["at"] for each in alarm.climbs] == [at(0), at(5), at(10), at(15)]
    assert [(each["code"], each["rung"], each["at"]) for each in alarm.explained] == [
        ("climbed_late", rung, at(75)) for rung in (1, 2, 3)
    ]


def test_a_repeated_climb_changes_nothing() -> None:
    alarm = raised()
    (step,) = due(alarm, asked(URGENT), at(5))
    once = climb(alarm, step, at(5))
    assert climb(once, step, at(5)) is once
    answered = acknowledge(alarm, "worker", at(4), at(5), ACK)
    assert climb(answered, step, at(5)) is answered, "the answer came between looking and climbing"


def test_whom_the_call_names_is_called_with_the_first_rung_whatever_its_posts() -> None:
    alarm = raised(replace(URGENT, people=("works_clerk",), informs=("group",)))
    assert alarm.people["works_clerk"]["posts"] == ["named"]
    assert alarm.people["group"]["informed"] is True
    assert "named" not in DEFAULTS["urgent_ticket"].rungs[0].posts


def test_a_ladder_of_one_rung_waits_for_no_answer() -> None:
    reminder = Call("d", "reminder", "ticket", "t1", "井盖缺失", None, people=("worker",))
    alarm = raised(reminder)
    assert (alarm.state, next_at(alarm), list(alarm.people)) == ("open", None, ["worker"])


steps = st.lists(
    st.tuples(
        st.sampled_from(("sweep", "ack", "inform", "end")),
        st.sampled_from((*PEOPLE, "nobody")),
        st.integers(-60, 60),
        st.integers(0, 60),
    ),
    max_size=14,
)


@settings(deadline=None)
@given(steps)
def test_for_every_sequence(played: list[tuple[str, str, int, int]]) -> None:
    """Rungs in order and once, none after an answer was received, the stored form whole, documents made."""
    alarm = raised()
    for what, person, moment, lag in played:
        before = alarm
        stored = json.dumps(before.to_dict())
        if what == "sweep":
            alarm = swept(alarm, at(moment))
        elif what == "ack":
            alarm = acknowledge(alarm, person, at(moment), at(moment + lag), ACK)
        elif what == "inform":
            alarm = inform(alarm, (person,), at(moment))
        else:
            alarm = end(alarm, "done", at(moment))
        assert json.dumps(before.to_dict()) == stored, "what was handed out is never changed"
        assert [each["rung"] for each in alarm.climbs] == list(range(len(alarm.climbs)))
        assert [each["at"] for each in alarm.climbs] == [at(m) for m in (0, 5, 10, 15)[: len(alarm.climbs)]]
        if before.state in {"acked", "ended"}:
            assert alarm.climbs == before.climbs
            assert next_at(alarm) is None
        called = [e for e in alarm.people.values() if not e["informed"]]
        if alarm.state in {"open", "unanswered"}:
            assert all(entry["acked_at"] is None for entry in called)
        assert Alarm.from_dict(json.loads(json.dumps(alarm.to_dict()))) == alarm
        render_alarm(alarm, PEOPLE, UNITS, {})
        for each in alarm.people:
            render_alert(alarm, each)


def test_a_persons_alert() -> None:
    told = render_alert(raised(replace(URGENT, life_at_risk=True, numbers=("119",))), "worker")
    assert told == {
        "id": raised().people["worker"]["alert"],
        "rev": 1,
        "alarm": alarm_id("urgent/t1"),
        "kind": "urgent_ticket",
        "drill": False,
        "drill_title": None,
        "subject": {"type": "ticket", "id": "t1"},
        "raised_at": rfc3339(NOON),
        "acked_at": None,
        "ack_received_at": None,
        "rung": 0,
        "rung_at": rfc3339(NOON),
        "title": "井盖缺失",
        "title_en": None,
        "village": "闸口村",
        "informed": False,
        "posts": ["worker"],
        "acked_by": None,
        "life_at_risk": True,
        "numbers": ["119"],
        "state": "open",
        "ended_at": None,
        "end_why": None,
        "climbed_meanwhile": False,
    }


def test_a_drill_and_a_task_say_so() -> None:
    told = render_alert(
        raised(replace(URGENT, drill="d1", drill_title="防汛演练", task="k1", task_text="送沙袋")), "worker"
    )
    assert (told["drill"], told["drill_title"], told["task"], told["task_text"]) == (
        True,
        "防汛演练",
        "k1",
        "送沙袋",
    )


def test_a_confidential_ticket_is_named_nowhere() -> None:
    alarm = swept(raised(replace(URGENT, handlers=("clerk",))), at(60))
    for told in (render_alert(alarm, "clerk"), render_alarm(alarm, PEOPLE, UNITS, {})):
        assert (told["title"], told["title_en"], told["village"]) == ("保密单", "Confidential ticket", None)
    assert set(alarm.people) == {"clerk", "lead"}


def test_the_duty_room_sees_everybody_and_the_whole_ladder() -> None:
    alarm = acknowledge(swept(raised(), at(6)), "worker", at(4), at(7), ACK)
    told = render_alarm(alarm, PEOPLE, UNITS, {"worker": "13800001111"})
    assert [(each["rung"], each["climbed_at"] is not None) for each in told["ladder"]] == [
        (0, True),
        (1, True),
        (2, False),
        (3, False),
    ]
    assert told["ladder"][2]["due_at"] == rfc3339(at(10))
    worker = next(each for each in told["people"] if each["person"]["id"] == "worker")
    assert worker["person"]["phone"] == "13800001111"
    assert worker["person"]["unit"] == {"id": "zhakou", "name": "闸口村"}
    assert told["acked_by"] == {"id": "worker", "name": "闸口网格员"}
    assert told["explained"][0]["person"] == {"id": "worker", "name": "闸口网格员"}
    assert told["explained"][0]["acked_at"] == rfc3339(at(4))
