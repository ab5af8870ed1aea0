"""Operations of the server's own, and outbox files brought to the office."""

import pytest

from sync.log import Author, SyncConflict, SyncInvalid, SyncTooLarge
from sync.op import make_op, uuid7
from sync.perform import import_batch, perform, perform_in
from tests.sync.world import Phone, World, outcomes, words

CLERK = "00000000-0000-7000-8000-00000000c1e4"


@pytest.fixture
def mei(world: World) -> Phone:
    world.person("mei", "town")
    return world.phone("mei")


def _bring(world: World, phone: Phone, *ops: dict, **more: object) -> list[dict]:
    file = {
        "format": "jiban-outbox",
        "user": {"id": phone.user},
        "device": phone.device,
        "ops": list(ops),
        **more,
    }
    author = Author(phone.user, actor=world.buckets[phone.user])
    return import_batch(world.log, world.handler, file, author, world.now_ms, imported_by=CLERK, words=words)


def test_a_cause_that_comes_twice_works_once(world: World, mei: Phone) -> None:
    id_, op_id = uuid7(world.now_ms), uuid7(world.now_ms)
    op = make_op(op_id, "thing.put", id_, {"text": "from the city", "buckets": ["town"]}, v=2)
    first = perform(world.log, world.handler, [op], Author("city"), world.now_ms)
    again = perform(world.log, world.handler, [op, op], Author("city"), world.now_ms)
    assert (first[0].outcome, first[0].rev) == ("applied", 1)
    assert again == [first[0], first[0]]
    other = make_op(op_id, "thing.put", id_, {"text": "something else"}, v=2)
    assert perform(world.log, world.handler, [other], Author("city"), world.now_ms)[0].code == "op_mismatch"
    mei.pull()
    assert mei.rows[id_]["rev"] == 1


def test_an_unknown_operation_of_the_servers_own_is_refused_too(world: World) -> None:
    op = make_op(uuid7(1), "thing.fly", uuid7(1), {})
    assert perform(world.log, world.handler, [op], Author("system"), world.now_ms)[0].code == "unknown_op"


def test_one_bad_row_of_an_import_does_not_stop_the_others(world: World, mei: Phone) -> None:
    ids = [uuid7(world.now_ms) for _ in range(3)]
    ops = [
        make_op(uuid7(1), name, id_, {"text": "row", "buckets": ["town"]}, v=v)
        for id_, name, v in zip(ids, ["thing.put", "thing.poison", "thing.put"], [2, 1, 2], strict=True)
    ]
    verdicts = perform(world.log, world.handler, ops, Author("system"), world.now_ms)
    assert [verdict.outcome for verdict in verdicts] == ["applied", "refused", "applied"]
    mei.pull()
    assert set(mei.rows) == {ids[0], ids[2]}


def test_inside_a_transaction_of_the_callers_all_stands_or_falls_together(world: World, mei: Phone) -> None:
    thing = world.thing("town")
    op = make_op(uuid7(1), "thing.put", thing, {"text": "inside"}, v=2)

    def fails_after_it() -> None:
        with world.log.write(world.now_ms) as tx:
            perform_in(tx, world.handler, [op], Author("system"), world.now_ms)
            raise RuntimeError("the caller fails")

    with pytest.raises(RuntimeError):
        fails_after_it()
    mei.pull()
    assert mei.texts()[thing] == "made"
    with world.log.write(world.now_ms) as tx:
        perform_in(tx, world.handler, [op], Author("system"), world.now_ms)
    mei.pull()
    assert mei.texts()[thing] == "inside"


def test_an_outbox_file_is_carried_out_for_its_author_and_the_phones_push_finds_duplicates(
    world: World, mei: Phone
) -> None:
    thing = world.thing("town")
    mei.pull()
    clock = {
        "anchor": mei.anchor,
        "anchor_device_at": "2026-11-22T04:00:00.000Z",
        "anchor_mono_ms": 0,
        "origin": "a",
        "mono_ms": 0,
        "uncertainty_ms": 5,
    }
    ops = [mei.note(thing, "of the file", clock=clock), mei.note(thing, "and more")]
    world.pass_ms(60_000)
    assert [line["outcome"] for line in _bring(world, mei, *ops)] == ["applied", "applied"]
    assert [line["outcome"] for line in _bring(world, mei, *ops)] == ["duplicate", "duplicate"]
    assert outcomes(mei.push(*ops)) == ["duplicate/applied", "duplicate/applied"]
    mei.pull()
    assert len(mei.rows[thing]["doc"]["notes"]) == 2
    receipt = mei.receipts[ops[0]["id"]]
    assert (receipt["outcome"], receipt["first"], receipt["trust"]) == ("duplicate", "applied", "unverified")
    assert receipt["bounds"][0] == "2026-11-22T04:00:00.000Z"
    with world.log.write(world.now_ms) as tx:
        entry = tx.known([ops[0]["id"]])[ops[0]["id"]]
    assert (entry.person, entry.imported_by, entry.device, entry.n) == (mei.user, CLERK, None, None)


def test_a_file_that_comes_after_the_phones_own_push_changes_nothing(world: World, mei: Phone) -> None:
    op = mei.note(world.thing("town"))
    mei.push(op)
    assert [line["outcome"] for line in _bring(world, mei, op)] == ["duplicate"]


def test_broken_lines_of_a_file_are_told_and_stay_the_phones_to_send(world: World, mei: Phone) -> None:
    thing = world.thing("town")
    broken = mei.note(thing, args=None) | {"args": []}
    void = {"id": uuid7(1), "n": 2, "name": "void", "args": {"code": "too_large"}}
    mei.n = 2
    good = mei.note(thing)
    lines = _bring(world, mei, broken, void, good, {"id": 5})
    assert [line["outcome"] for line in lines] == ["refused", "refused", "applied", "refused"]
    assert outcomes(mei.push(broken, void, good)) == [
        "refused/invalid_args",
        "refused/too_large",
        "duplicate/applied",
    ]


def test_a_file_of_somebody_else_is_not_carried_out(world: World, mei: Phone) -> None:
    op = mei.note(world.thing("town"))
    with pytest.raises(SyncConflict, match="wrong_user"):
        _bring(world, mei, op, user="somebody")
    for wrong in ({"ops": None}, {"ops": [5]}):
        with pytest.raises(SyncInvalid):
            _bring(world, mei, **wrong)
    with pytest.raises(SyncTooLarge):
        _bring(world, mei, ops=[{}] * 5_001)
