"""What a push promises, on every store."""

import json

import pytest

from sync.log import SyncConflict, SyncInvalid, SyncTooLarge
from sync.op import uuid7
from tests.sync.world import World, outcomes


@pytest.fixture
def two(world: World) -> World:
    world.person("mei", "town")
    world.person("bo", "town")
    return world


def test_an_operation_is_applied_and_its_receipt_comes_with_the_row(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    op = phone.note(thing, "路面塌陷")
    answer = phone.push(op)
    assert answer["last_n"] == 1
    assert answer["results"] == [{"id": op["id"], "n": 1, "outcome": "applied", "rev": 2}]
    phone.pull()
    assert phone.receipts[op["id"]]["outcome"] == "applied"
    assert phone.rows[thing]["doc"]["notes"][0][1:] == [op["id"], "路面塌陷"]


def test_a_lost_answer_is_asked_again_and_changes_nothing(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    ops = [phone.note(thing), phone.note(thing, "again")]
    phone.push(*ops)
    assert outcomes(phone.push(*ops)) == ["duplicate/applied", "duplicate/applied"]
    phone.pull()
    assert len(phone.rows[thing]["doc"]["notes"]) == 2
    assert len(phone.receipts) == 2


def test_a_batch_may_overlap_the_one_before(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    one, two_, three = (phone.note(thing, text) for text in "abc")
    phone.push(one, two_)
    answer = phone.push(two_, three)
    assert outcomes(answer) == ["duplicate/applied", "applied"]
    assert answer["last_n"] == 3


def test_the_same_operation_twice_in_a_batch_counts_once(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    op = phone.note(thing)
    again = op | {"n": 2}
    assert outcomes(phone.push(op, again)) == ["applied", "duplicate/applied"]
    phone.pull()
    assert len(phone.rows[thing]["doc"]["notes"]) == 1


def test_the_same_operation_from_a_new_device_of_its_author_is_a_duplicate_with_a_receipt(two: World) -> None:
    thing = two.thing("town")
    old, new = two.phone("mei"), two.phone("mei")
    op = old.note(thing)
    old.push(op)
    assert outcomes(new.push(op)) == ["duplicate/applied"]
    new.pull()
    receipt = new.receipts[op["id"]]
    assert (receipt["outcome"], receipt["first"], receipt["n"]) == ("duplicate", "applied", 1)
    assert outcomes(new.push(op)) == ["duplicate/applied"]


def test_a_known_id_with_other_content_is_refused_and_takes_no_number(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    op = phone.note(thing, "one")
    phone.push(op)
    other = op | {"n": 2, "args": {"text": "two"}}
    answer = phone.push(other)
    assert outcomes(answer) == ["refused/op_mismatch"]
    assert answer["last_n"] == 1
    fresh = phone.note(thing, "three") | {"n": 2}
    assert phone.push(fresh)["last_n"] == 2


def test_what_stands_behind_a_mismatch_waits_without_an_error_until_the_number_is_given_up(
    two: World,
) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    op = phone.note(thing, "one")
    phone.push(op)
    clash, after = op | {"n": 2, "args": {"text": "two"}}, phone.note(thing, "later") | {"n": 3}
    answer = phone.push(clash, after)
    assert outcomes(answer) == ["refused/op_mismatch"]
    assert answer["last_n"] == 1
    void = {"id": op["id"], "n": 2, "name": "void", "args": {"code": "op_mismatch"}}
    assert outcomes(phone.push(void, after)) == ["refused/op_mismatch", "applied"]
    assert outcomes(phone.push(void, after)) == ["duplicate/refused", "duplicate/applied"]


def test_another_persons_id_is_told_nothing_of_what_it_is(two: World) -> None:
    thing = two.thing("town")
    op = (mei := two.phone("mei")).note(thing)
    mei.push(op)
    assert outcomes(two.phone("bo").push(op)) == ["refused/op_mismatch"]


def test_an_unknown_id_under_a_used_number_is_a_forked_device_and_nothing_is_stored(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    phone.push(phone.note(thing))
    clone = phone.note(thing, "of the clone") | {"n": 1}
    with pytest.raises(SyncConflict, match="device_forked"):
        phone.push(clone, phone.note(thing))
    assert phone.push()["last_n"] == 1


def test_a_forked_device_renumbers_and_loses_nothing(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    stored = phone.note(thing, "stored")
    phone.push(stored)
    fresh = two.phone("mei")
    mine = fresh.note(thing, "of the clone")
    answer = fresh.push(stored, mine | {"n": 2})
    assert outcomes(answer) == ["duplicate/applied", "applied"]


def test_what_stands_before_a_gap_is_stored_and_nothing_after_it_is_looked_at(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    one, two_, four = phone.note(thing, "1"), phone.note(thing, "2"), phone.note(thing, "4") | {"n": 4}
    with pytest.raises(SyncConflict, match="gap") as caught:
        phone.push(one, two_, four)
    assert caught.value.details == {"expected_n": 3}
    phone.pull()
    assert set(phone.receipts) == {one["id"], two_["id"]}
    with pytest.raises(SyncConflict) as caught:
        two.phone("bo").push(phone.note(thing) | {"n": 7}, user=two.people["bo"])
    assert caught.value.details == {"expected_n": 1}


def test_a_new_phone_that_starts_in_the_middle_is_asked_for_the_beginning(two: World) -> None:
    phone = two.phone("mei")
    phone.n = 8
    with pytest.raises(SyncConflict) as caught:
        phone.push(phone.note(two.thing("town")))
    assert (caught.value.code, caught.value.details) == ("gap", {"expected_n": 1})


def test_work_of_another_user_is_not_looked_at(two: World) -> None:
    phone = two.phone("mei")
    with pytest.raises(SyncConflict, match="wrong_user"):
        phone.push(phone.note(two.thing("town")), as_user=two.people["bo"])


def test_a_device_belongs_to_one_person(two: World) -> None:
    phone = two.phone("mei")
    phone.push(phone.note(two.thing("town")))
    thief = two.phone("bo")
    thief.device = phone.device
    with pytest.raises(SyncConflict, match="device_taken"):
        thief.push()
    with pytest.raises(SyncConflict, match="device_taken"):
        thief.page()


def test_an_epoch_of_another_life_is_told_the_new_one_and_the_last_number(two: World) -> None:
    phone = two.phone("mei")
    phone.push(phone.note(two.thing("town")))
    phone.epoch = "before the restore"
    with pytest.raises(SyncConflict, match="epoch") as caught:
        phone.push(phone.note(two.thing("town")))
    assert caught.value.details == {"epoch": two.log.epoch(), "last_n": 1}


def test_what_was_sent_is_asked_about_under_its_old_numbers_and_nothing_moves(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    ops = [phone.note(thing, text) for text in "abcd"]
    phone.push(*ops)
    phone.pull()
    answer = phone.push(ops[0], ops[2])
    assert (outcomes(answer), answer["last_n"]) == (["duplicate/applied", "duplicate/applied"], 4)
    again = phone.page()
    assert (again["changes"], again["receipts"]) == ([], [])
    with pytest.raises(SyncConflict, match="device_forked"):
        phone.push(ops[1], ops[2] | {"id": uuid7(two.now_ms)})


def test_an_empty_push_asks_how_things_stand(two: World) -> None:
    phone = two.phone("mei")
    answer = phone.push()
    assert (answer["last_n"], answer["results"]) == (0, [])
    assert set(answer["time"]) == {"server_at", "anchor"}


@pytest.mark.parametrize("kind", ["thing.boom", "thing.unsavable", "thing.poison"])
def test_a_poison_operation_is_refused_and_never_blocks_the_next(two: World, kind: str) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    ops = [phone.note(thing, "before"), phone.op(kind, thing), phone.note(thing, "after")]
    answer = phone.push(*ops)
    assert outcomes(answer) == ["applied", "refused/invalid_args", "applied"]
    assert answer["results"][1]["details"] == {"fault": True}
    assert answer["last_n"] == 3
    assert two.faults == [kind]
    phone.pull()
    assert {note[2] for note in phone.rows[thing]["doc"]["notes"]} == {"before", "after"}


BROKEN = {
    "a NUL, which PostgreSQL does not take": {"args": {"text": "a\0b"}},
    "a NUL in a key": {"args": {"a\0": 1}},
    "a number no database takes": {"args": {"text": "x", "k": 10**30}},
    "nesting no reader takes": {"args": {"text": json.loads("[" * 60 + "]" * 60)}},
    "args that are no object": {"args": ["text"]},
    "no subject": {"subject": None},
    "a subject that is no id": {"subject": "'; drop table"},
    "a base that is no rev": {"base": -1},
    "a base beyond counting": {"base": 2**70},
    "a base that is a yes": {"base": True},
}


@pytest.mark.parametrize("wrong", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_operation_is_refused_by_itself(two: World, wrong: dict) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    ops = [phone.note(thing, "before"), phone.note(thing) | wrong, phone.note(thing, "after")]
    for _ in range(2):
        answer = phone.push(*ops)
        assert [result.get("code") for result in answer["results"]] == [None, "invalid_args", None]
        assert answer["last_n"] == 3
    phone.pull()
    assert phone.receipts[ops[1]["id"]]["message"] == "words for invalid_args"
    assert len(phone.rows[thing]["doc"]["notes"]) == 2


def test_a_lone_surrogate_is_refused_by_itself(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    bad = phone.note(thing, "broken emoji \ud83d")
    assert outcomes(phone.push(bad, phone.note(thing))) == ["refused/invalid_args", "applied"]


@pytest.mark.parametrize("wrong", ["", "not-an-id", None, 7, "x" * 5_000, "nul\0", "汉字", {"a": 1}])
def test_an_id_that_is_none_still_takes_its_number_and_gets_a_receipt(two: World, wrong: object) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    ops = [
        phone.note(thing) | {"id": wrong},
        phone.note(thing) | {"id": wrong, "args": {}},
        phone.note(thing),
    ]
    assert outcomes(phone.push(*ops)) == ["refused/invalid_args", "refused/invalid_args", "applied"]
    assert outcomes(phone.push(*ops)) == ["duplicate/refused", "duplicate/refused", "duplicate/applied"]
    page = phone.page()
    assert [receipt["outcome"] for receipt in page["receipts"]] == ["refused", "refused", "applied"]


def test_an_unknown_operation_is_called_so_before_its_arguments_are_judged(two: World) -> None:
    phone = two.phone("mei")
    ops = [phone.op("thing.fly", two.thing("town")), phone.op("thing.note", two.thing("town"), v=9, text="x")]
    ops.append(phone.op("thing.swim", "no id"))
    assert outcomes(phone.push(*ops)) == ["refused/unknown_op"] * 3


def test_an_older_version_is_upcast(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    assert outcomes(phone.push(phone.op("thing.put", thing, v=1, title="old words"))) == ["applied"]
    phone.pull()
    assert phone.texts()[thing] == "old words"


def test_a_number_can_be_given_up(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    void = {"id": uuid7(1), "n": 1, "name": "void", "args": {"code": "too_large"}}
    phone.n = 1
    answer = phone.push(void, phone.note(thing))
    assert outcomes(answer) == ["refused/too_large", "applied"]
    phone.pull()
    assert phone.receipts[void["id"]]["code"] == "too_large"


def test_unknown_fields_of_a_newer_phone_are_no_reason_to_refuse(two: World) -> None:
    phone = two.phone("mei")
    op = phone.note(two.thing("town")) | {"mood": "good"}
    assert outcomes(phone.push(op, hair="grey")) == ["applied"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"user": None},
        {"user": 5},
        {"device": "mine"},
        {"device": None},
        {"ops": None},
        {"ops": {}},
        {"ops": [5]},
        {"ops": [{"id": "x"}]},
        {"ops": [{"n": 0}]},
        {"ops": [{"n": 1.5}]},
        {"ops": [{"n": True}]},
        {"ops": [{"n": 2**60}]},
        {"epoch": 5},
    ],
)
def test_a_malformed_envelope_is_refused_as_a_whole(two: World, wrong: dict) -> None:
    with pytest.raises(SyncInvalid, match="invalid_envelope"):
        two.phone("mei").push(**wrong)


def test_clocks_are_never_a_reason_to_refuse(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    strange: list[object] = [
        None,
        "yesterday",
        5,
        {"a": []},
        "9999-99-99T00:00:00Z",
        "+010000-01-01T00:00:00Z",
    ]
    ops = [phone.note(thing, f"{i}", at=at, clock=at) for i, at in enumerate(strange)]
    ops.append(phone.note(thing, "z", clock={"anchor": "forged", "anchor_device_at": "x", "mono_ms": 1e999}))
    answer = phone.push(*ops, sent_at="now", offset_ms="much", offset_uncertainty_ms=None)
    assert outcomes(answer) == ["applied"] * 7
    phone.pull()
    assert {receipt["trust"] for receipt in phone.receipts.values()} == {"unverified"}
    assert outcomes(phone.push(*ops)) == ["duplicate/applied"] * 7


def test_at_most_a_hundred_operations_come_at_once(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    ops = [phone.note(thing, str(i)) for i in range(101)]
    with pytest.raises(SyncTooLarge, match="too_large"):
        phone.push(*ops)
    assert phone.push(*ops[:100])["last_n"] == 100


def test_one_operation_too_large_is_refused_by_itself(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    ops = [phone.note(thing, "长" * 70_000), phone.note(thing)]
    assert outcomes(phone.push(*ops)) == ["refused/too_large", "applied"]


def test_a_decision_on_an_old_version_is_refused_with_words(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    two.put(thing, text="changed")
    answer = phone.push(phone.op("thing.put", thing, v=2, base=1, text="mine"))
    result = answer["results"][0]
    assert (result["code"], result["message"], result["details"]) == (
        "stale_base",
        "words for stale_base",
        {"rev": 2},
    )


def test_ids_are_compared_in_lower_case(two: World) -> None:
    thing = two.thing("town")
    phone = two.phone("mei")
    op = phone.note(thing)
    phone.push(op | {"id": op["id"].upper(), "subject": thing.upper()})
    assert outcomes(phone.push(op)) == ["duplicate/applied"]
