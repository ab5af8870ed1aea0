"""A month of drills in figures: who answered how fast, by what, and who was never reached."""

from server.domain.drill_report import (
    Alarmed,
    Phone,
    Sending,
    ack_channel,
    by_channel,
    by_person,
    figures,
    first_channel,
    gone,
    unreachable,
    without_permission,
)

S = 1_000


def alarmed(person: str, took_s: int | None, *sendings: Sending, at_s: int = 0, **more) -> Alarmed:
    acked_ms = None if took_s is None else (at_s + took_s) * S
    values = {"alarm": f"a{at_s}", "alert": f"{person}{at_s}", "group": "d", "kind": "urgent_ticket"}
    return Alarmed(
        **values,
        person=person,
        raised_ms=at_s * S,
        acked_ms=acked_ms,
        sendings=sendings,
        **({"informed": False} | more),
    )


def push(state: str, device: str = "p1", **times: int) -> Sending:
    return Sending("push", state, target=device, **{f"{name}_ms": at * S for name, at in times.items()})


def app(state: str, **times: int) -> Sending:
    return Sending("app", state, **{f"{name}_ms": at * S for name, at in times.items()})


def phone(device: str, person: str, permission: str = "granted", **more) -> Phone:
    values = {"subscribed": True, "reason": None, "platform": "Android", "installed": True, "reported_ms": 0}
    return Phone(device, person, permission, **(values | more))


def test_whoever_was_only_informed_is_not_counted_as_silent() -> None:
    rows = [alarmed("a", 10), alarmed("b", 30), alarmed("c", None), alarmed("d", None, informed=True)]
    assert figures(rows) == {"alarms": 3, "acked": 2, "never": 1, "informed": 1, "p50_s": 10, "max_s": 30}


def test_nobody_asked_gives_no_times() -> None:
    assert figures([])["p50_s"] is None
    assert figures([alarmed("a", None)])["max_s"] is None


def test_the_channel_that_came_first_and_the_one_that_was_answered_from() -> None:
    row = alarmed("a", 20, push("acked", delivered=2, seen=9, acked=20), app("acked", seen=5, acked=20))
    assert first_channel(row) == "push"
    assert ack_channel(row) == "push"  # looked at last before the answer
    assert ack_channel(alarmed("a", 20, app("acked", seen=5, acked=20), push("sent", sent=1))) == "app"
    assert ack_channel(alarmed("a", None, app("seen", seen=5))) is None
    assert first_channel(alarmed("a", 20, push("sent", sent=1))) is None


def test_a_channel_is_counted_once_for_an_alert_however_many_devices_it_went_to() -> None:
    row = alarmed("a", 20, push("gone"), push("delivered", "p2", sent=1, delivered=2), app("queued"))
    told = by_channel([row])
    assert told["push"] == {"sent": 1, "delivered": 1, "seen": 0, "acked": 0, "failed": 0, "first": 1}
    assert told["app"] == {"sent": 0, "delivered": 0, "seen": 0, "acked": 0, "failed": 0, "first": 0}


def test_people_who_left_alarms_unanswered_stand_first() -> None:
    rows = [alarmed("a", 90), alarmed("b", None), alarmed("b", 5, at_s=100)]
    assert [(person, told["never"], told["max_s"]) for person, told in by_person(rows)] == [
        ("b", 1, 5),
        ("a", 0, 90),
    ]


def test_a_phone_is_lost_by_its_newest_try() -> None:
    rows = [
        alarmed("a", None, push("gone"), at_s=0),
        alarmed("a", None, push("delivered", delivered=101), at_s=100),
        alarmed("b", None, push("delivered", "p2", delivered=1), at_s=0),
        alarmed("b", None, Sending("push", "failed", target="p2", error="timeout"), at_s=100),
    ]
    assert unreachable(rows, []) == [
        {"person": "b", "device": "p2", "reason": "timeout", "at_ms": 100 * S},
    ]


def test_whoever_has_no_push_and_never_looked_is_unreachable_with_the_reason() -> None:
    rows = [
        alarmed("a", None, app("queued")),
        alarmed("b", None, app("seen", seen=3)),
        alarmed("c", 9, app("queued")),
        alarmed("d", None),
    ]
    told = unreachable(rows, [phone("x", "a", "denied", subscribed=False)])
    assert [(each["person"], each["reason"]) for each in told] == [
        ("a", "permission_denied"),
        ("d", "no_device"),
    ]


def test_permissions_that_were_not_given_and_subscriptions_that_went() -> None:
    phones = [
        phone("1", "b", "default"),
        phone("2", "a", "denied"),
        phone("3", "a", gone_ms=50, subscribed=False),
        phone("4", "a", gone_ms=50),  # subscribed again
        phone("5", "a", gone_ms=500, subscribed=False),
    ]
    assert [each.device for each in without_permission(phones)] == ["2", "1"]
    assert [each.device for each in gone(phones, 0, 100)] == ["3"]
