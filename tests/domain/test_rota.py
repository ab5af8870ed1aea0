"""Who is on duty, where the rota has holes, and whom a post means for a call."""

from dataclasses import replace
from typing import Any

from server.domain.call import Call
from server.domain.instants import HOUR_MS
from server.domain.posts import Register, at_post, who
from server.domain.rota import Gap, Turn, clashes, fits, gaps, on_duty
from tests.domain.town import NOON, PEOPLE

URGENT = Call("k", "urgent_ticket", "ticket", "t", "井盖缺失", "闸口村", units=("works", "zhakou"))


def turn(person: str, hours: tuple[float, float] = (0, 8), **more: Any) -> Turn:
    post = more.pop("post", "worker")
    unit = more.pop("unit", "zhakou" if post in {"worker", "backup", "unit_head"} else None)
    from_ms, to_ms = (NOON + int(each * HOUR_MS) for each in hours)
    return Turn(more.pop("id", f"{person}-{post}-{hours}"), post, unit, person, from_ms, to_ms, **more)


def duty(*turns: Turn, at: float = 1) -> list[str]:
    return on_duty(turns, "worker", "zhakou", NOON + int(at * HOUR_MS))


def called(post: str, *turns: Turn, call: Call = URGENT, at: float = 1) -> tuple[str, ...]:
    return who(post, call, PEOPLE, turns, NOON + int(at * HOUR_MS))


def test_a_turn_runs_from_its_start_until_before_its_end() -> None:
    first, second = turn("worker"), turn("worker2", (8, 16))
    assert duty(first, second, at=0) == ["worker"]
    assert duty(first, second, at=8) == ["worker2"]
    assert duty(first, second, at=16) == []
    assert on_duty([first], "backup", "zhakou", NOON) == on_duty([first], "worker", "nancheng", NOON) == []


def test_a_stand_in_takes_the_place_only_while_he_stands_there() -> None:
    regular = turn("worker")
    stand_in = turn("worker2", (2, 4), kind="stand_in", replaces="worker")
    assert [duty(regular, stand_in, at=at) for at in (1, 2, 3.9, 4)] == [
        ["worker"],
        ["worker2"],
        ["worker2"],
        ["worker"],
    ]


def test_a_stand_in_can_be_stood_in_for_and_a_ring_leaves_somebody() -> None:
    regular = turn("worker")
    ill = turn("worker2", (2, 6), kind="stand_in", replaces="worker")
    third = turn("neighbour", (3, 5), kind="stand_in", replaces="worker2")
    assert duty(regular, ill, third, at=4) == ["neighbour"]
    ring = turn("worker", (3, 5), kind="stand_in", replaces="neighbour")
    assert duty(regular, ill, third, ring, at=4) != []


def test_gaps_are_what_nobody_covers() -> None:
    turns = [turn("worker", (1, 3)), turn("worker2", (2, 5)), turn("neighbour", (7, 9))]
    found = gaps(turns, [("worker", "zhakou"), ("duty_room", None)], NOON, NOON + 8 * HOUR_MS)
    at = [NOON + hour * HOUR_MS for hour in range(10)]
    assert found == [
        Gap("worker", "zhakou", at[0], at[1]),
        Gap("worker", "zhakou", at[5], at[7]),
        Gap("duty_room", None, at[0], at[8]),
    ]


def test_a_person_cannot_stand_twice_at_once() -> None:
    one = turn("worker")
    assert clashes([one], turn("worker", (7, 9))) == [one]
    assert clashes([one], turn("worker", (8, 9))) == []
    assert clashes([one], turn("worker", (7, 9), post="backup")) == [one]
    assert clashes([one], turn("worker2", (7, 9))) == []
    assert clashes([turn("lead", post="office")], turn("lead", post="duty_room")) == []


def test_posts_want_their_roles_and_units() -> None:
    assert fits(PEOPLE["worker"], "worker", "zhakou")
    assert not fits(PEOPLE["worker"], "worker", "nancheng")
    assert not fits(PEOPLE["worker"], "leader", None)
    assert fits(PEOPLE["leader"], "leader", None)
    assert fits(PEOPLE["officer"], "duty_room", None)
    assert not fits(PEOPLE["gone"], "worker", "zhakou")


def test_the_rota_decides_and_a_fallback_where_it_names_nobody() -> None:
    later = {"at": 2}  # "gone" has left by then
    assert called("worker", turn("worker2"), **later) == ("worker2",)
    assert called("worker", **later) == ("neighbour", "worker", "worker2")
    assert called("backup", turn("worker"), **later) == ("worker2",), "of the same grid"
    assert called("backup", turn("worker"), turn("neighbour", post="backup"), **later) == ("neighbour",)
    assert called("backup", **later) == (), "everybody is called already"
    assert called("unit_head") == ("head",)
    assert called("duty_room") == ("duty",)
    assert called("leader") == ("leader",)
    assert called("office") == ("lead", "officer")
    assert called("office", turn("officer", post="office")) == ("officer",)


def test_whoever_holds_the_ticket_is_called_too_unless_he_is_off() -> None:
    held = replace(URGENT, assignee="worker")
    assert called("worker", call=held) == ("worker",)
    assert called("worker", turn("worker2"), call=held) == ("worker2", "worker")
    stand_in = turn("worker2", kind="stand_in", replaces="worker")
    assert called("worker", turn("worker"), stand_in, call=held) == ("worker2",)
    backups = (turn("neighbour", kind="stand_in", replaces="worker"),)
    assert called("backup", *backups, at=2) == ("worker2",), "worker is off"
    assert called("worker", call=replace(URGENT, units=(), assignee="worker3")) == ("worker3",)


def test_a_unit_mustered_without_names_sends_its_worker_and_its_head() -> None:
    muster = Call("m", "muster", "incident", "i", "增援", None, units=("nancheng",))
    assert called("named", call=muster) == ("worker3", "head3")
    assert called("named", call=replace(muster, people=("clerk", "gone", "nobody")), at=2) == ("clerk",)


def test_nobody_of_an_accused_unit_is_ever_called() -> None:
    guarded = replace(URGENT, units=("zhakou", "works"), people=("worker", "duty"), barred=("zhakou",))
    turns = (turn("worker"), turn("worker2", post="backup"))
    assert called("named", *turns, call=guarded) == ("duty",)
    assert [called(post, *turns, call=guarded) for post in ("worker", "backup", "unit_head")] == [()] * 3
    assert called("leader", call=guarded) == ("leader",)


def test_a_confidential_ticket_calls_only_its_handlers_and_the_office_that_leads() -> None:
    secret = replace(URGENT, handlers=("clerk", "head"), people=("worker",), assignee="worker")
    assert called("worker", turn("worker"), call=secret) == ("clerk", "head")
    assert called("named", call=secret) == ("clerk", "head")
    assert called("unit_head", call=secret) == ("head",)
    assert called("backup", turn("worker", post="backup"), call=secret) == ()
    assert {called(post, call=secret) for post in ("duty_room", "leader", "office")} == {("lead",)}


def test_the_people_of_a_post_now() -> None:
    named = Register(PEOPLE, [turn("duty", post="duty_room")], NOON)
    assert at_post("duty_room", None, named) == ([PEOPLE["duty"]], True)
    assert at_post("leader", None, named) == ([PEOPLE["leader"]], False)
    assert at_post("backup", "zhakou", named) == ([], False)
