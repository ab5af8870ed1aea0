"""What a pull promises, on every store."""

import random

import pytest

from sync import cursor
from sync.bucket import Positions
from sync.log import SyncConflict, SyncInvalid
from sync.memory import MemoryLog
from tests.sync.world import Phone, World, outcomes

DAY_MS = 86_400_000


@pytest.fixture
def mei(world: World) -> Phone:
    world.person("mei", "town", "person:mei")
    world.person("bo", "town", "grid:1")
    return world.phone("mei")


def test_a_first_pull_gets_everything_and_the_second_nothing(world: World, mei: Phone) -> None:
    things = {world.thing("town", text=str(i)) for i in range(5)}
    (page,) = mei.pull()
    assert page["reset"] is None
    assert set(mei.rows) == things
    again = mei.page()
    assert (again["changes"], again["receipts"], again["more"], again["reset"]) == ([], [], False, None)
    assert again["cursor"] == mei.cursor
    mei.assert_whole()


def test_documents_travel_as_they_were_written(world: World, mei: Phone) -> None:
    world.thing("town", text='主干道井盖缺失\u2028"\\ \U0001f6a7')
    mei.pull()
    assert list(mei.texts().values()) == ['主干道井盖缺失\u2028"\\ \U0001f6a7']


def test_only_the_latest_state_of_a_row_comes(world: World, mei: Phone) -> None:
    thing = world.thing("town")
    for i in range(5):
        world.put(thing, text=str(i))
    page = mei.page()
    assert [(change["id"], change["rev"]) for change in page["changes"]] == [(thing, 6)]


def test_pages_hold_no_more_than_was_asked_and_lose_nothing(world: World, mei: Phone) -> None:
    things = {world.thing(*buckets) for buckets in [("town",), ("town", "person:mei"), ("person:mei",)] * 7}
    pages = mei.pull(limit=4)
    assert [len(page["changes"]) for page in pages] == [4, 4, 4, 4, 4, 1]
    assert [page["more"] for page in pages] == [True] * 5 + [False]
    assert set(mei.rows) == things
    mei.assert_whole()


def test_a_page_of_one_row_in_many_buckets_moves_on(world: World) -> None:
    world.person("chief", *(f"b{i}" for i in range(400)))
    chief = world.phone("chief")
    things = {world.thing(*(f"b{i}" for i in range(400))) for _ in range(3)}
    assert len(chief.pull(limit=1)) == 3
    assert set(chief.rows) == things


def test_receipts_and_digest_come_only_with_the_last_page(world: World, mei: Phone) -> None:
    things = [world.thing("town") for _ in range(3)]
    mei.push(*(mei.note(thing) for thing in things))
    pages = mei.pull(limit=1, digest=True)
    assert [bool(page["receipts"]) for page in pages] == [False, False, True]
    assert ["digest" in page for page in pages] == [False, False, True]


def test_no_receipt_comes_before_the_row_that_contains_its_operation(world: World, mei: Phone) -> None:
    things = [world.thing("town") for _ in range(4)]
    mei.take(mei.page(limit=1))
    op = mei.note(things[0])
    mei.push(op)
    while not mei.receipts:
        mei.take(mei.page(limit=1))
    assert mei.rows[things[0]]["doc"]["notes"][0][1] == op["id"]


def test_a_row_that_changes_while_paging_comes_once_more(world: World, mei: Phone) -> None:
    things = [world.thing("town", text=str(i)) for i in range(6)]
    mei.take(mei.page(limit=2))
    world.put(things[0], text="new")
    world.put(things[5], text="new")
    mei.pull(limit=2)
    assert mei.texts()[things[0]] == mei.texts()[things[5]] == "new"
    mei.assert_whole()


def test_nobody_gets_what_is_not_his(world: World, mei: Phone) -> None:
    world.thing("grid:1")
    world.thing("person:bo")
    shared = world.thing("town", "grid:1")
    mei.pull()
    assert set(mei.rows) == {shared}
    assert mei.rows[shared]["buckets"] == ["town"]


def test_receipts_are_the_asking_devices_own(world: World, mei: Phone) -> None:
    thing = world.thing("town")
    other = world.phone("mei")
    other.push(other.note(thing))
    mei.pull()
    assert mei.receipts == {}
    assert thing in mei.rows


def test_a_receipt_tells_when_how_sure_and_in_words(world: World, mei: Phone) -> None:
    thing = world.thing("town")
    mei.pull()
    world.pass_ms(60_000)
    good = mei.note(thing)
    bad = mei.op("thing.put", thing, v=2, base=9, text="x")
    world.pass_ms(60_000)
    mei.push(good, bad)
    mei.pull()
    assert mei.receipts[good["id"]] == {
        "id": good["id"],
        "n": 1,
        "outcome": "applied",
        "rev": 2,
        "occurred_at": "2026-11-22T04:01:00.000Z",
        "bounds": ["1970-01-01T00:00:00.000Z", "2026-11-22T04:02:00.000Z"],
        "trust": "unverified",
        "received_at": "2026-11-22T04:02:00.000Z",
    }
    refused = mei.receipts[bad["id"]]
    assert (refused["outcome"], refused["code"], refused["message"]) == (
        "refused",
        "stale_base",
        "words for stale_base",
    )


def test_a_row_that_left_is_told_once(world: World, mei: Phone) -> None:
    thing = world.thing("town")
    mei.pull()
    world.put(thing, buckets=["grid:1"])
    assert mei.page()["changes"] == [{"type": "thing", "id": thing, "gone": "moved"}]
    mei.pull()
    assert mei.rows == {}
    assert mei.page()["changes"] == []


def test_a_row_stays_while_one_bucket_of_the_reader_holds_it(world: World, mei: Phone) -> None:
    thing = world.thing("town", "person:mei")
    mei.pull()
    world.put(thing, buckets=["person:mei"])
    mei.pull()
    assert mei.rows[thing]["buckets"] == ["person:mei"]
    world.put(thing, buckets=[], gone="closed")
    assert [change["gone"] for change in mei.page()["changes"]] == ["closed"]
    mei.assert_whole()


def test_a_departure_is_not_told_to_who_never_held_the_row(world: World, mei: Phone) -> None:
    mei.pull()
    thing = world.thing("town")
    world.put(thing, buckets=["grid:1"])
    assert mei.page()["changes"] == []
    assert world.phone("mei").page()["changes"] == []


def test_a_row_that_left_and_came_back_and_left_between_two_pulls_goes(world: World, mei: Phone) -> None:
    thing = world.thing("town")
    mei.pull()
    for buckets in ([], ["town"], []):
        world.put(thing, buckets=buckets)
    mei.pull()
    assert mei.rows == {}


def test_merged_is_told_with_the_survivor_only_to_who_may_see_it(world: World, mei: Phone) -> None:
    bo = world.phone("bo")
    survivor = world.thing("grid:1")
    child = world.thing("town")
    for phone in (mei, bo):
        phone.pull()
    world.put(child, buckets=[], gone="merged", into=survivor)
    assert mei.page()["changes"] == [{"type": "thing", "id": child, "gone": "moved"}]
    assert bo.page()["changes"] == [{"type": "thing", "id": child, "gone": "merged", "into": survivor}]


def test_a_cursor_is_bound_to_its_user_and_device(world: World, mei: Phone) -> None:
    bo = world.phone("bo")
    mei.pull()
    for stolen in (mei.cursor, "garbage", "", "汉字", "A" * 5_000, (mei.cursor or "")[:-4] + "AAAA"):
        with pytest.raises(SyncInvalid, match="bad_cursor"):
            bo.page(cursor=stolen)
    other = world.phone("mei")
    with pytest.raises(SyncInvalid, match="bad_cursor"):
        other.page(cursor=mei.cursor)


def test_somebody_elses_session_gets_nothing(world: World, mei: Phone) -> None:
    mei.user, mine = world.people["bo"], mei.user
    page = mei.page()
    assert page["changes"] == []
    mei.user = mine
    with pytest.raises(SyncConflict, match="wrong_user"):
        mei.page(user=world.people["bo"])


@pytest.mark.parametrize(
    "wrong",
    [{"limit": 0}, {"limit": "5"}, {"limit": True}, {"cursor": 5}, {"refill": "town"}, {"refill": [5]}],
)
def test_a_malformed_request_is_refused(mei: Phone, wrong: dict) -> None:
    with pytest.raises(SyncInvalid, match="invalid_envelope"):
        mei.page(**wrong)


def test_after_a_restore_the_phone_rebuilds_and_sends_again(world: World, mei: Phone) -> None:
    thing = world.thing("town")
    stale = world.thing("town")
    mei.pull()
    forgotten = mei.note(thing, "forgotten by the backup")
    world.put(stale, buckets=[])
    _new_epoch(world)
    with pytest.raises(SyncConflict) as caught:
        mei.push(forgotten)
    assert caught.value.details == {"epoch": world.log.epoch(), "last_n": 0}
    mei.epoch = world.log.epoch()
    assert outcomes(mei.push(forgotten)) == ["applied"]
    first, *rest = mei.pull(limit=1)
    assert first["reset"] == "all"
    assert [page["reset"] for page in rest] == [None] * len(rest)
    assert set(mei.rows) == {thing}
    assert forgotten["id"] in mei.receipts
    mei.assert_whole()


def test_a_cursor_from_beyond_the_head_starts_anew(world: World, mei: Phone) -> None:
    world.thing("town")
    mei.pull()
    ahead = Positions(sent={"town": 10_000, "person:mei": 10_000}, receipts=10_000)
    token = cursor.seal(world.log.secret, mei.user, mei.device, world.log.epoch(), ahead)
    assert mei.page(cursor=token)["reset"] == "all"


def test_a_cursor_older_than_the_pruned_departures_starts_anew(world: World, mei: Phone) -> None:
    gone, stays = world.thing("town"), world.thing("town")
    late = world.phone("mei")
    mei.pull()
    late.pull()
    world.put(gone, buckets=[])
    mei.pull()
    world.pass_ms(31 * DAY_MS)
    world.log.prune(world.now_ms, 30)  # type: ignore[attr-defined]
    assert mei.page()["reset"] is None
    (page,) = late.pull()
    assert page["reset"] == "all"
    assert set(late.rows) == {stays}
    mei.assert_whole()
    late.assert_whole()


def test_pruning_spares_what_is_young_and_rows_that_came_back(world: World, mei: Phone) -> None:
    back, young = world.thing("town"), world.thing("town")
    world.put(back, buckets=[])
    world.put(back, buckets=["town"])
    world.pass_ms(31 * DAY_MS)
    mei.pull()
    world.put(young, buckets=[])
    world.log.prune(world.now_ms, 30)  # type: ignore[attr-defined]
    page = mei.page()
    assert page["reset"] is None
    assert page["changes"] == [{"type": "thing", "id": young, "gone": "moved"}]


def test_a_filling_that_began_before_the_pruning_is_not_undone_by_it(world: World) -> None:
    world.person("mei", "town")
    things = [world.thing("town") for _ in range(4)]
    world.put(things[0], buckets=[])
    world.pass_ms(31 * DAY_MS)
    phone = world.phone("mei")
    phone.take(phone.page(limit=1))
    world.log.prune(world.now_ms, 30)  # type: ignore[attr-defined]
    assert [page["reset"] for page in phone.pull(limit=1)] == [None, None]
    phone.assert_whole()


def test_a_bucket_heals_alone(world: World, mei: Phone) -> None:
    things = [world.thing("town") for _ in range(3)]
    own = world.thing("person:mei")
    mei.pull()
    mei.rows[things[0]]["rev"] = 77
    del mei.rows[things[1]]
    mei.rows["ghost"] = {"id": "ghost", "buckets": ["town"], "rev": 1, "doc": {}}
    pages = mei.pull(limit=2, refill=["town", "not mine"])
    assert pages[0]["reset"] == ["town"]
    assert all(change["id"] != own for page in pages for change in page["changes"])
    mei.assert_whole()
    assert "ghost" not in mei.rows


def test_a_bucket_without_rows_has_a_digest_too(world: World, mei: Phone) -> None:
    (page,) = mei.pull(digest=True)
    assert page["digest"] == {
        "person:mei": {"count": 0, "checksum": "0" * 16},
        "town": {"count": 0, "checksum": "0" * 16},
    }


def test_an_evicted_phone_gets_its_receipts_again(world: World, mei: Phone) -> None:
    op = mei.note(world.thing("town"))
    mei.push(op)
    mei.pull()
    mei.cursor, mei.receipts = None, {}
    mei.pull()
    assert op["id"] in mei.receipts


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_between_pages_the_phone_ends_whole(world: World, seed: int) -> None:
    _walk(world, seed)


def test_a_hundred_more_walks_end_whole() -> None:
    for seed in range(100, 200):
        _walk(World(MemoryLog(b"walk")), seed)


def _walk(world: World, seed: int) -> None:
    """Rows come, change, move and go, buckets are gained and lost, some in the middle of paging."""
    dice = random.Random(seed)
    buckets = ["town", "grid:1", "grid:2", "unit:1"]
    world.person("mei", *dice.sample(buckets, 2))
    phone = world.phone("mei")
    things = [world.thing(*dice.sample(buckets, dice.randint(1, 3))) for _ in range(12)]
    for _ in range(60):
        move = dice.random()
        if move < 0.15:
            things.append(world.thing(*dice.sample(buckets, dice.randint(1, 2))))
        elif move < 0.5:
            world.put(dice.choice(things), buckets=dice.sample(buckets, dice.randint(0, 3)), text=str(move))
        elif move < 0.6:
            world.person("mei", *dice.sample(buckets, dice.randint(0, 3)))
        elif move < 0.65:
            phone.take(phone.page(refill=dice.sample(buckets, 1), limit=dice.randint(1, 4)))
        elif move < 0.7:
            world.pass_ms(20 * DAY_MS)
            world.log.prune(world.now_ms, 30)  # type: ignore[attr-defined]
        else:
            phone.take(phone.page(limit=dice.randint(1, 4)))
    phone.assert_whole()
    assert phone.page()["changes"] == []


def _new_epoch(world: World) -> None:
    with world.log.write(world.now_ms) as tx:
        world.log.new_epoch(tx)  # type: ignore[attr-defined]
