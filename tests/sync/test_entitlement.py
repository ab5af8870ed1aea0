"""Buckets gained and lost, and who ever had what."""

import pytest

from tests.sync.world import Phone, World, outcomes


@pytest.fixture
def mei(world: World) -> Phone:
    world.person("mei", "grid:1")
    return world.phone("mei")


def test_a_bucket_gained_is_filled(world: World, mei: Phone) -> None:
    old = world.thing("town")
    mei.pull()
    world.person("mei", "grid:1", "town")
    mei.pull()
    assert set(mei.rows) == {old}
    mei.assert_whole()


def test_a_bucket_gained_in_the_middle_of_paging_is_filled_from_its_beginning(
    world: World, mei: Phone
) -> None:
    early = [world.thing("town") for _ in range(3)]
    own = [world.thing("grid:1") for _ in range(6)]
    mei.take(mei.page(limit=4))
    world.person("mei", "grid:1", "town")
    mei.pull(limit=2)
    assert set(mei.rows) == {*early, *own}
    mei.assert_whole()


def test_a_bucket_lost_is_taken_back_in_one_pull(world: World, mei: Phone) -> None:
    stays = world.thing("grid:1")
    world.person("mei", "grid:1", "town")
    for _ in range(7):
        world.thing("town")
    both = world.thing("town", "grid:1")
    mei.pull()
    world.person("mei", "grid:1")
    pages = mei.pull(limit=3)
    assert set(mei.rows) == {stays, both}
    assert mei.rows[both]["buckets"] == ["grid:1"]
    assert all(len(page["changes"]) <= 3 for page in pages)
    mei.assert_whole()


def test_what_came_after_the_loss_is_not_even_named(world: World, mei: Phone) -> None:
    world.person("mei", "grid:1", "town")
    old = world.thing("town")
    mei.pull()
    world.person("mei", "grid:1")
    new = world.thing("town")
    world.put(old, text="changed after the loss")
    named = {change["id"] for page in mei.pull() for change in page["changes"]}
    assert named == {old}
    assert new not in named


def test_a_row_that_left_a_bucket_after_the_bucket_was_lost_goes_too(world: World, mei: Phone) -> None:
    thing = world.thing("grid:1")
    mei.pull()
    world.person("mei", "town")
    world.put(thing, buckets=["grid:2"])
    mei.pull()
    assert mei.rows == {}


def test_a_bucket_lost_and_regained_before_it_was_taken_back_ends_whole(world: World, mei: Phone) -> None:
    things = [world.thing("grid:1") for _ in range(6)]
    mei.pull()
    world.person("mei")
    mei.take(mei.page(limit=2))
    world.put(things[5], buckets=[])
    world.put(things[0], text="changed")
    world.person("mei", "grid:1")
    mei.pull(limit=2)
    assert set(mei.rows) == set(things[:5])
    mei.assert_whole()


def test_a_bucket_lost_and_regained_between_two_pulls_costs_nothing(world: World, mei: Phone) -> None:
    world.thing("grid:1")
    mei.pull()
    world.person("mei")
    world.person("mei", "grid:1")
    assert mei.page()["changes"] == []
    mei.assert_whole()


def test_who_lost_everything_holds_nothing(world: World, mei: Phone) -> None:
    world.thing("grid:1")
    mei.pull()
    world.person("mei")
    mei.pull()
    assert mei.rows == {}
    mei.assert_whole()


def test_a_fact_of_who_once_had_the_row_is_kept_and_he_is_told(world: World, mei: Phone) -> None:
    thing = world.thing("grid:1")
    mei.pull()
    fact = mei.note(thing, "I was there")
    world.put(thing, buckets=["grid:2"])
    assert outcomes(mei.push(fact)) == ["kept"]
    mei.pull()
    assert mei.receipts[fact["id"]]["outcome"] == "kept"
    assert thing not in mei.rows


def test_who_was_entitled_had_it_even_if_he_never_pulled(world: World, mei: Phone) -> None:
    thing = world.thing("grid:1")
    fact = mei.note(thing)
    world.person("mei", "grid:2")
    assert outcomes(mei.push(fact)) == ["kept"]


def test_who_never_had_it_is_refused_as_if_it_did_not_exist(world: World, mei: Phone) -> None:
    thing, nothing = world.thing("grid:2"), "01935189-0000-7000-8000-000000000000"
    refused = mei.push(mei.note(thing), mei.note(nothing))["results"]
    assert [(r["outcome"], r["code"], r["message"]) for r in refused] == [
        ("refused", "not_yours", "words for not_yours")
    ] * 2


def test_to_have_had_it_both_must_have_held_at_the_same_time(world: World, mei: Phone) -> None:
    """The row left the grid before the person came to it: he never had it, however close."""
    thing = world.thing("grid:2")
    world.put(thing, buckets=["grid:3"])
    world.person("mei", "grid:2")
    other = world.thing("grid:9")
    world.person("mei", "grid:1")
    world.put(other, buckets=["grid:2"])
    with world.log.write(world.now_ms) as tx:
        assert tx.ever_held(mei.user, [thing, other], "thing") == set()
    world.person("mei", "grid:2")
    with world.log.write(world.now_ms) as tx:
        assert tx.ever_held(mei.user, [thing, other], "thing") == {other}
