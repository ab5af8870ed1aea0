"""What follows from an operation: carried out with it, logged for itself, never twice."""

import pytest

from sync.follow import DEPTH_MAX, NUMBER_MAX
from sync.log import Author
from sync.op import make_op, uuid7
from sync.perform import import_batch, perform
from tests.sync.world import Phone, World, outcomes


@pytest.fixture
def mei(world: World) -> Phone:
    world.person("mei", "town")
    return world.phone("mei")


def _entry(world: World, op_id: str):
    with world.log.write(world.now_ms) as tx:
        return tx.known([op_id]).get(op_id)


def _put(world: World, subject: str, text: str = "followed"):
    """A consequence for `then`: its id and itself."""
    op_id = uuid7(world.now_ms)
    return op_id, [op_id, "thing.put", subject, {"text": text}]


def test_a_consequence_is_carried_out_with_its_cause_and_logged_for_itself(world: World, mei: Phone) -> None:
    cause, other = world.thing("town"), world.thing("town")
    mei.pull()
    world.pass_ms(5_000)
    op_id, put = _put(world, other)
    answer = mei.push(mei.op("thing.chain", cause, then=[put]), mei.note(cause))
    assert outcomes(answer) == ["applied", "applied"]
    assert answer["last_n"] == 2
    entry = _entry(world, op_id)
    assert (entry.person, entry.device, entry.n, entry.verdict.outcome) == ("system", None, None, "applied")
    assert (entry.moment.occurred_at_ms, entry.moment.trust) == (world.now_ms, "proven")
    mei.pull()
    assert mei.texts()[other] == "followed"
    assert sorted(mei.receipts[id_]["n"] for id_ in mei.receipts) == [1, 2]
    mei.assert_whole()


def test_a_replay_repeats_no_consequence(world: World, mei: Phone) -> None:
    cause, other = world.thing("town"), world.thing("town")
    _, put = _put(world, other)
    op = mei.op("thing.chain", cause, then=[put])
    mei.push(op)
    world.put(other, text="changed since")
    assert outcomes(mei.push(op)) == ["duplicate/applied"]
    again = mei.op("thing.chain", cause, then=[put])  # another cause of the same consequence
    assert outcomes(mei.push(again)) == ["applied"]
    mei.pull()
    assert mei.texts()[other] == "changed since"


def test_two_causes_in_one_batch_have_one_consequence(world: World, mei: Phone) -> None:
    cause, other = world.thing("town"), uuid7(1)
    _, put = _put(world, other)
    put[3]["buckets"] = ["town"]
    mei.push(*(mei.op("thing.chain", cause, then=[put]) for _ in range(2)))
    mei.pull()
    assert mei.rows[other]["rev"] == 1


def test_what_follows_from_a_consequence_follows_too_but_not_for_ever(world: World, mei: Phone) -> None:
    cause, deep, wide = world.thing("town"), world.thing("town"), world.thing("town")
    many = [_put(world, wide, str(i))[1] for i in range(NUMBER_MAX + 3)]
    mei.push(mei.op("thing.chain", cause, count=2), mei.op("thing.chain", deep, count=DEPTH_MAX + 3))
    assert outcomes(mei.push(mei.op("thing.chain", wide, then=many))) == ["applied"]
    mei.pull()
    links = {id_: row["doc"].get("links") for id_, row in mei.rows.items()}
    assert (links[cause], links[deep]) == (3, 1 + DEPTH_MAX)
    assert mei.texts()[wide] == str(NUMBER_MAX - 1)
    refused = [_entry(world, each[0]).verdict for each in many[NUMBER_MAX:]]
    assert {(verdict.outcome, verdict.details["fault"]) for verdict in refused} == {("refused", True)}


def test_a_refused_or_broken_consequence_leaves_its_cause_alone(world: World, mei: Phone) -> None:
    cause = world.thing("town")
    boom = [uuid7(1), "thing.boom", cause, {}]
    assert outcomes(mei.push(mei.op("thing.chain", cause, then=[boom]), mei.note(cause))) == ["applied"] * 2
    assert _entry(world, boom[0]).verdict.code == "invalid_args"
    assert world.faults == ["thing.boom"]
    mei.pull()
    assert mei.rows[cause]["doc"]["links"] == 1


@pytest.mark.parametrize("curse", ["thing.unsavable", "thing.poison"])
def test_a_consequence_that_cannot_be_saved_takes_nothing_with_it(
    world: World, mei: Phone, curse: str
) -> None:
    cause, other = world.thing("town"), world.thing("town")
    bad, (good, put) = uuid7(1), _put(world, other)
    answer = mei.push(
        mei.op("thing.chain", cause, then=[[bad, curse, cause, {}]]), mei.op("thing.chain", cause, then=[put])
    )
    assert outcomes(answer) == ["applied", "applied"]
    assert _entry(world, bad).verdict.details == {"fault": True}
    assert _entry(world, good).verdict.outcome == "applied"
    mei.pull()
    assert (mei.rows[cause]["doc"]["links"], mei.texts()[other]) == (2, "followed")
    mei.assert_whole()


def test_the_servers_own_operations_and_files_have_consequences_too(world: World, mei: Phone) -> None:
    cause, other = world.thing("town"), world.thing("town")
    _, put = _put(world, other)
    op = make_op(uuid7(1), "thing.chain", cause, {"then": [put]})
    first = perform(world.log, world.handler, [op], Author("city"), world.now_ms)
    assert perform(world.log, world.handler, [op], Author("city"), world.now_ms) == first
    _, again = _put(world, other, "from a file")
    file = {
        "user": {"id": mei.user},
        "device": mei.device,
        "ops": [mei.op("thing.chain", cause, then=[again])],
    }
    author = Author(mei.user, actor=world.buckets[mei.user])
    import_batch(world.log, world.handler, file, author, world.now_ms, imported_by="clerk")
    mei.pull()
    assert mei.texts()[other] == "from a file"
