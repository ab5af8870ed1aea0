"""The outbox: everything is sent once, by whoever gets hold of it, or given up for a reason."""

import threading
import time
from collections import Counter

import pytest
import sqlalchemy as sa
from flask import Flask

from server.alerts import outbox as outbox_module
from server.alerts import vapid
from server.alerts.couriers import vapid_of
from server.alerts.outcome import SENT, Outcome
from server.clock import now_ms
from server.store import deliveries, people_rows, subscriptions
from server.store.deliveries import Claimed
from server.store.engine import reading, writing
from server.store.tables_alerts import alarm, alert, delivery, push_device, push_subscription
from tests.alerts.post import engine_of, outbox, put, row, settings_of, states, subscribe
from tests.alerts.receivers import Receiver, Service, answers, hangs, in_turn
from tests.cast import person_id


class Counting:
    """A courier that remembers what it was given; safe for threads."""

    def __init__(self, *outcomes: Outcome, pause_s: float = 0.0) -> None:
        self.given: list[str] = []
        self._outcomes = outcomes or (SENT,)
        self._pause_s = pause_s
        self._lock = threading.Lock()

    def __call__(self, row: Claimed, _now: int) -> Outcome:
        with self._lock:
            n = len(self.given)
            self.given.append(row.id)
        time.sleep(self._pause_s)
        return self._outcomes[min(n, len(self._outcomes) - 1)]


def at_once(app: Flask) -> None:
    """What waits for another try is due now."""
    with writing(engine_of(app)) as connection:
        connection.execute(sa.update(delivery).values(next_at=now_ms()))


def test_everything_is_sent_once_and_noted(any_app: Flask):
    counting = Counting()
    box = outbox(any_app, counting)
    ids = put(engine_of(any_app), *(f"device-{n}" for n in range(50)))
    assert box.flush() == 50
    assert sorted(counting.given) == sorted(ids)
    assert states(engine_of(any_app)) == {"sent": 50}
    assert box.flush() == 0
    found = row(engine_of(any_app), ids[0])
    assert found.sent_at >= found.queued_at
    assert (found.attempts, found.claim, found.error) == (1, None, None)
    box.close()


def test_an_emergency_goes_before_drills_and_before_what_failed_already(any_app: Flask):
    engine = engine_of(any_app)
    past = now_ms() - 5_000
    (drill,) = put(engine, "drill", drill=True, at_ms=past - 2)
    (failed,) = put(engine, "failed", at_ms=past - 1)
    with writing(engine) as connection:
        connection.execute(sa.update(delivery).where(delivery.c.id == failed).values(attempts=1))
    (fresh,) = put(engine, "fresh", at_ms=past)
    with writing(engine) as connection:
        taken = [deliveries.claim(connection, "one", now_ms(), 1)[0].id for _ in range(3)]
    assert taken == [fresh, failed, drill]


def test_two_workers_at_once_never_send_one_row_twice(any_app: Flask):
    counting = Counting(pause_s=0.002)
    boxes = [outbox(any_app, counting, threads=8) for _ in range(3)]
    ids = put(engine_of(any_app), *(f"device-{n}" for n in range(150)))
    workers = [threading.Thread(target=box.flush) for box in boxes]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert Counter(counting.given) == dict.fromkeys(ids, 1)
    assert states(engine_of(any_app)) == {"sent": 150}
    for box in boxes:
        box.close()


def test_what_fails_for_now_is_tried_again_and_what_fails_for_good_is_not(any_app: Flask):
    counting = Counting(Outcome("retry", "http_503"), Outcome("retry", "timeout"), SENT)
    box = outbox(any_app, counting)
    (id_,) = put(engine_of(any_app), "device")
    box.flush()
    first = row(engine_of(any_app), id_)
    assert (first.state, first.error, first.attempts) == ("queued", "http_503", 1)
    assert now_ms() < first.next_at <= now_ms() + 1_000
    assert box.flush() == 0  # not before its time
    for _ in range(2):
        at_once(any_app)
        box.flush()
    assert row(engine_of(any_app), id_).state == "sent"
    assert counting.given == [id_] * 3
    (bad,) = put(engine_of(any_app), "other")
    lost = outbox(any_app, Counting(Outcome("failed", "http_413")))
    lost.flush()
    assert (row(engine_of(any_app), bad).state, row(engine_of(any_app), bad).error) == ("failed", "http_413")


def test_a_service_that_asks_for_patience_beyond_the_alerts_life_is_not_waited_for(app: Flask):
    box = outbox(app, Counting(Outcome("retry", "http_429", 120.0)))
    patient, urgent = put(engine_of(app), "a"), put(engine_of(app), "b", life_ms=60_000)
    box.flush()
    waits = row(engine_of(app), patient[0])
    assert waits.state == "queued"
    assert waits.next_at > now_ms() + 110_000
    assert (row(engine_of(app), urgent[0]).state, row(engine_of(app), urgent[0]).error) == (
        "failed",
        "http_429",
    )


def test_what_came_too_late_is_given_up(any_app: Flask):
    (id_,) = put(engine_of(any_app), "device", life_ms=1_000, at_ms=now_ms() - 5_000)
    counting = Counting()
    outbox(any_app, counting).flush()
    assert counting.given == []
    assert (row(engine_of(any_app), id_).state, row(engine_of(any_app), id_).error) == ("failed", "expired")


def test_nothing_is_sent_to_who_answered_already_or_of_an_alarm_that_ended(any_app: Flask):
    acked, ended, open_ = put(engine_of(any_app), "a", "b", "c")
    with writing(engine_of(any_app)) as connection:
        for id_, state in ((acked, "acked"), (ended, "ended"), (open_, "acked")):
            found = connection.execute(sa.select(delivery).where(delivery.c.id == id_)).one()
            connection.execute(sa.update(delivery).where(delivery.c.id == id_).values(alarm_id=id_))
            connection.execute(
                sa.insert(alarm).values(
                    id=id_, rev=1, kind="muster", subject_type="ticket", subject_id=id_, state=state,
                    raised_at=1, body="{}",
                )
            )  # fmt: skip
            connection.execute(
                sa.insert(alert).values(
                    id=found.alert_id, alarm_id=id_, person_id=person_id("worker"), rung=0, informed=False,
                    raised_at=1, acked_at=2 if id_ == acked else None,
                )
            )  # fmt: skip
    counting = Counting()
    outbox(any_app, counting).flush()
    assert counting.given == [open_]  # another's acknowledgement stops the climb, not the news to this one
    found = {id_: row(engine_of(any_app), id_) for id_ in (acked, ended)}
    assert found[acked].state == "acked"
    assert (found[ended].state, found[ended].error) == ("failed", "ended")


@pytest.mark.parametrize(
    ("state", "error", "is_sent"),
    [("open", None, True), ("unanswered", "worker_lost", True), ("open", "timeout", False), ("acked", None, False)],
)  # fmt: skip
def test_after_an_hour_without_a_worker_whoever_was_not_told_is_told_while_nobody_has_answered(
    any_app: Flask, state: str, error: str | None, is_sent: bool
):
    engine = engine_of(any_app)
    (id_,) = put(engine, "device", at_ms=now_ms() - deliveries.LIFE_MS)
    with writing(engine) as connection:
        connection.execute(sa.update(delivery).where(delivery.c.id == id_).values(alarm_id=id_, error=error))
        connection.execute(
            sa.insert(alarm).values(
                id=id_, rev=1, kind="urgent_ticket", subject_type="ticket", subject_id=id_, state=state,
                raised_at=1, body="{}",
            )
        )  # fmt: skip
    counting = Counting()
    outbox(any_app, counting).flush()
    assert counting.given == ([id_] if is_sent else [])
    assert row(engine, id_).state == ("sent" if is_sent else "failed")


def test_a_receipt_that_overtakes_the_answer_is_kept(any_app: Flask):
    engine = engine_of(any_app)

    def courier(row: Claimed, now: int) -> Outcome:
        with writing(engine) as connection:
            connection.execute(
                sa.update(delivery).where(delivery.c.id == row.id).values(delivered_at=now, seen_at=now)
            )
        return SENT

    (id_,) = put(engine, "device")
    outbox(any_app, courier).flush()
    found = row(engine, id_)
    assert found.state == "seen"
    assert found.sent_at is not None


def test_an_open_apps_rows_are_nobodys_to_send(app: Flask):
    put(engine_of(app), "device", channel="app")
    counting = Counting()
    outbox(app, counting).flush()
    assert counting.given == []
    with reading(engine_of(app)) as connection:
        assert deliveries.waiting(connection) == (0, None)


def test_a_courier_that_breaks_loses_nothing(app: Flask, monkeypatch):
    """The database is away while answers are to be written: they are kept, and written when it is back."""
    box = outbox(app, Counting())
    (id_,) = put(engine_of(app), "device")
    real, broken = outbox_module.note, []

    def note(*args):
        if not broken:
            broken.append(1)
            raise OSError("the database is away")
        real(*args)

    monkeypatch.setattr(outbox_module, "note", note)
    with pytest.raises(OSError, match="away"):
        box.flush()
    assert row(engine_of(app), id_).state == "sending"
    box.flush()
    assert row(engine_of(app), id_).state == "sent"
    box.close()


def test_the_claim_of_a_server_that_vanished_is_taken_over_after_a_while(any_app: Flask):
    engine = engine_of(any_app)
    (id_,) = put(engine, "device")
    with writing(engine) as connection:
        assert [each.id for each in deliveries.claim(connection, "elsewhere", now_ms(), 10)] == [id_]
    counting = Counting()
    box = outbox(any_app, counting)
    box.recover()
    box.flush()
    assert counting.given == []  # it may be at it
    with writing(engine) as connection:
        connection.execute(sa.update(delivery).values(claimed_at=now_ms() - outbox_module.STALE_MS - 1_000))
    assert box.recover() == 1
    box.flush()
    assert counting.given == [id_]
    with writing(engine) as connection:  # the lost one comes back and has nothing to say any more
        deliveries.write(connection, "elsewhere", [deliveries.Result(id_, "failed", "late", now_ms())])
    assert row(engine, id_).state == "sent"


def test_a_worker_that_stood_still_does_not_send_what_others_may_have_taken(app: Flask):
    counting = Counting()
    box = outbox(app, counting)
    (id_,) = put(engine_of(app), "device")
    with writing(engine_of(app)) as connection:
        (claimed,) = deliveries.claim(connection, box.journal.claim, now_ms(), 10)
    box._clock = lambda: now_ms() + outbox_module.STALE_MS
    box._send(claimed)
    assert counting.given == []
    assert row(engine_of(app), id_).state == "sending"


def test_a_subscription_that_is_gone_is_forgotten_and_said_of_the_device(any_app: Flask, receiver: Receiver):
    engine = engine_of(any_app)
    key = vapid.public_key(vapid_of(settings_of(any_app)))
    gone, well = receiver.subscribe(key), receiver.subscribe(key)
    receiver.expire(gone)
    devices = [subscribe(engine, each["endpoint"], each["keys"]) for each in (gone, well)]
    ids = put(engine, *devices)
    box = outbox(any_app, push_hosts=receiver.host)
    box.flush()
    assert [row(engine, id_).state for id_ in ids] == ["gone", "sent"]
    assert len(receiver.messages(well)) == 1
    with reading(engine) as connection:
        left = connection.execute(sa.select(push_subscription.c.device, push_subscription.c.ok_at)).all()
        said = connection.execute(sa.select(push_device).where(push_device.c.device == devices[0])).one()
    assert [each.device for each in left] == [devices[1]]
    assert left[0].ok_at is not None
    assert (said.subscribed, said.reason) == (False, "gone")
    assert said.gone_at is not None
    (again,) = put(engine, devices[0])
    box.flush()
    assert (row(engine, again).state, row(engine, again).error) == ("gone", "no_subscription")


def test_a_device_that_changed_hands_or_was_revoked_gets_nothing_of_the_former_owner(
    app: Flask, service: Service
):
    engine = engine_of(app)
    his = subscribe(engine, f"{service.url}/p/1")
    (id_,) = put(engine, his, person="head")
    lost = subscribe(engine, f"{service.url}/p/2")
    (other,) = put(engine, lost)
    with writing(engine) as connection:
        people_rows.revoke_device(connection, lost, person_id("worker"), now_ms())
    outbox(app, push_hosts=service.host).flush()
    assert service.calls == []
    assert {row(engine, each).error for each in (id_, other)} == {"no_subscription"}


def test_a_push_service_in_trouble_gets_every_message_in_the_end(app: Flask, service: Service):
    service.behave = in_turn(answers(500), answers(429, Retry_After="1"), answers(503), answers(201))
    engine = engine_of(app)
    (id_,) = put(engine, subscribe(engine, f"{service.url}/p/1"))
    box = outbox(app, push_hosts=service.host)
    for _ in range(4):
        at_once(app)
        box.flush()
    assert row(engine, id_).state == "sent"
    assert row(engine, id_).attempts == 4


def test_one_service_that_hangs_does_not_hold_up_the_others(app: Flask, service: Service):
    def behave(request, n):
        (hangs(3) if request.path == "/p/slow" else answers(201))(request, n)

    service.behave = behave
    engine = engine_of(app)
    slow = put(engine, subscribe(engine, f"{service.url}/p/slow"))
    quick = put(engine, *(subscribe(engine, f"{service.url}/p/{n}") for n in range(20)))
    box = outbox(app, push_hosts=service.host)
    began = time.monotonic()
    flushing = threading.Thread(target=box.flush)
    flushing.start()
    while states(engine).get("sent", 0) < 20 and time.monotonic() - began < 5:
        time.sleep(0.02)
    assert time.monotonic() - began < 2.5
    assert all(row(engine, id_).state == "sent" for id_ in quick)
    flushing.join()
    assert row(engine, slow[0]).error in {"unreachable", "timeout"}
    assert row(engine, slow[0]).state == "queued"


def test_an_endpoint_has_one_owner(any_app: Flask):
    engine = engine_of(any_app)
    first = subscribe(engine, "https://fcm.googleapis.com/x", person="worker")
    second = subscribe(engine, "https://fcm.googleapis.com/x", person="head")
    with reading(engine) as connection:
        found = subscriptions.devices_of(connection, [person_id("worker"), person_id("head")])
    assert found == {person_id("head"): [second]}
    assert first != second
