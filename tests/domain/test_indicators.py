"""Which rows a ticket gives to the arrival indicator, and what the other rates make of it (DOMAIN §D)."""

import pytest

from server.domain import rates
from server.domain.indicators import arrival_rows, is_told_late, part_of, seconds_of
from server.domain.instants import DAY_MS, HOUR_MS, MINUTE_MS
from server.domain.rates import Period, case_row
from server.domain.rules import Rules
from tests.domain.town import NOON, Story

LATER = NOON + 10 * DAY_MS
ARRIVED = {"no_fix_reason": "室内无信号", "no_photo_reason": "相机损坏"}


def urgent(**ingest: object) -> Story:
    return Story(urgent=True, **ingest)


def headline(story: Story, subject: str = "t1"):
    rows = [row for row in arrival_rows(story.tickets[subject]) if row.scope == "town"]
    assert len(rows) == 1
    return rows[0]


def of_units(story: Story):
    return {row.unit: row for row in arrival_rows(story.ticket) if row.scope == "unit"}


@pytest.mark.parametrize(
    ("minutes", "part"), [(0, "on_time"), (59 + 59 / 60, "on_time"), (60, "on_time"), (60 + 1 / 60, "late")]
)
def test_sixty_minutes_sharp_is_on_time_and_a_second_more_is_late(minutes: float, part: str) -> None:
    story = urgent().dispatched().apply("worker", "ticket.arrive", ARRIVED, at=minutes)
    row = headline(story)
    assert part_of(row, LATER) == part
    assert seconds_of(row) == round(minutes * 60)


def test_nothing_is_judged_before_its_due_and_nobody_there_afterwards_is_late() -> None:
    row = headline(urgent().dispatched())
    assert part_of(row, NOON + 59 * MINUTE_MS) is None
    assert part_of(row, NOON + 61 * MINUTE_MS) == "missing"


def test_a_ticket_that_is_no_emergency_gives_no_row() -> None:
    assert arrival_rows(Story().dispatched().ticket) == []


def test_an_unsure_time_waits_apart_until_the_office_confirms_it() -> None:
    story = urgent().dispatched()
    story.apply("worker", "ticket.arrive", ARRIVED, at=20, trust="unverified", from_ms=NOON, id="arrive")
    assert part_of(headline(story), LATER) == "unverified"
    confirm = {"op": "arrive", "accepted": True, "reason": "有同行人证明"}
    story.apply("officer", "ticket.confirm", confirm)
    assert part_of(headline(story), LATER) == "on_time"


def test_an_unsure_time_that_the_office_rejects_is_a_missing_arrival() -> None:
    story = urgent().dispatched()
    story.apply("worker", "ticket.arrive", ARRIVED, at=20, trust="unverified", from_ms=NOON, id="arrive")
    story.apply("officer", "ticket.confirm", {"op": "arrive", "accepted": False, "reason": "与轨迹不符"})
    assert part_of(headline(story), LATER) == "missing"


def test_a_retracted_arrival_counts_no_more() -> None:
    story = urgent().dispatched().apply("worker", "ticket.arrive", ARRIVED, at=20, id="arrive")
    story.apply("worker", "ticket.retract", {"op": "arrive", "reason": "点错"})
    assert part_of(headline(story), LATER) == "missing"


@pytest.mark.parametrize(("trust", "late"), [("probable", True), ("proven", False)])
def test_a_probable_arrival_heard_of_after_the_due_counts_and_is_listed_apart(trust: str, late: bool) -> None:
    story = urgent().dispatched()
    story.apply("worker", "ticket.arrive", ARRIVED, at=40, trust=trust, received_ms=NOON + 3 * HOUR_MS)
    row = headline(story)
    assert (part_of(row, LATER), is_told_late(row)) == ("on_time", late)


def test_a_merged_child_is_excluded_and_its_survivor_is_not() -> None:
    story = urgent().dispatched()
    story.ingest("t2", urgent=True)
    story.apply("officer", "ticket.merge", {"into": "t1", "reason": "同一井盖"}, subject="t2")
    child = headline(story, "t2")
    assert (part_of(child, NOON), child.excluded) == ("excluded", "merged")
    assert part_of(headline(story), LATER) == "missing"


@pytest.mark.parametrize("came", [False, True])
def test_an_emergency_called_off_before_its_due_is_excluded(came: bool) -> None:
    story = urgent().dispatched()
    if came:
        story.apply("worker", "ticket.arrive", ARRIVED, at=5)
    story.apply("officer", "ticket.unflag_urgent", {"reason": "误报"}, at=30)
    row = headline(story)
    assert (part_of(row, LATER), row.excluded) == ("excluded", "downgraded")


def test_an_emergency_called_off_after_its_due_stays_missed() -> None:
    story = urgent().dispatched()
    story.apply("officer", "ticket.unflag_urgent", {"reason": "误报"}, at=61)
    assert part_of(headline(story), LATER) == "missing"


def test_an_emergency_raised_again_counts_from_the_new_flag() -> None:
    story = urgent().dispatched()
    story.apply("officer", "ticket.unflag_urgent", {"reason": "误报"}, at=30)
    story.apply("officer", "ticket.flag_urgent", {"reason": "确有危险"}, at=50)
    story.apply("worker", "ticket.arrive", ARRIVED, at=100)
    row = headline(story)
    assert (row.start_ms, part_of(row, LATER)) == (NOON + 50 * MINUTE_MS, "on_time")


def test_a_ticket_flagged_later_is_due_an_hour_after_the_flag() -> None:
    story = Story().dispatched()
    story.apply("officer", "ticket.flag_urgent", {"reason": "有人受伤"}, at=300)
    assert headline(story).due_ms == NOON + 360 * MINUTE_MS


def test_a_withdrawn_ticket_is_excluded_if_its_hour_still_ran() -> None:
    early = urgent().dispatched()
    early.apply("city", "ticket.city_update", {"kind": "withdraw"}, at=20)
    assert headline(early).excluded == "withdrawn"
    late = urgent().dispatched()
    late.apply("city", "ticket.city_update", {"kind": "withdraw"}, at=80)
    assert part_of(headline(late), LATER) == "missing"


def test_an_arrival_before_the_withdrawal_counts_even_if_heard_of_later() -> None:
    story = urgent().dispatched()
    story.apply("city", "ticket.city_update", {"kind": "withdraw"}, at=20)
    story.try_("worker", "ticket.arrive", ARRIVED, at=10, held=True)
    assert part_of(headline(story), LATER) == "on_time"


def test_a_units_hour_runs_from_its_own_assignment() -> None:
    story = urgent()
    story.apply("officer", "ticket.dispatch", {"unit": "zhakou", "assignee": "worker"}, at=30)
    story.apply("worker", "ticket.arrive", ARRIVED, at=85)
    unit = of_units(story)["zhakou"]
    assert (part_of(headline(story), LATER), part_of(unit, LATER)) == ("late", "on_time")
    assert seconds_of(unit) == 55 * 60


def test_a_unit_that_lost_the_ticket_before_its_hour_ended_is_not_judged() -> None:
    story = urgent().dispatched()
    story.apply("officer", "ticket.dispatch", {"unit": "nancheng", "assignee": "worker3"}, at=40)
    story.apply("worker3", "ticket.arrive", ARRIVED, at=80)
    assert {unit: part_of(row, LATER) for unit, row in of_units(story).items()} == {"nancheng": "on_time"}


def test_a_unit_that_let_its_hour_pass_is_late_although_another_goes_on() -> None:
    story = urgent().dispatched()
    story.apply("officer", "ticket.dispatch", {"unit": "nancheng", "assignee": "worker3"}, at=90)
    story.apply("worker3", "ticket.arrive", ARRIVED, at=120)
    assert {unit: part_of(row, LATER) for unit, row in of_units(story).items()} == {
        "zhakou": "late",
        "nancheng": "on_time",
    }


def test_a_unit_that_gave_the_ticket_away_before_the_emergency_has_no_row() -> None:
    story = Story().dispatched()
    story.apply("officer", "ticket.dispatch", {"unit": "nancheng", "assignee": "worker3"}, at=40)
    story.apply("officer", "ticket.flag_urgent", {"reason": "塌陷"}, at=60)
    story.apply("worker3", "ticket.arrive", ARRIVED, at=90)
    assert set(of_units(story)) == {"nancheng"}


def test_an_arrival_belongs_to_the_assignee_at_the_due_time() -> None:
    story = urgent().dispatched()
    story.apply("officer", "ticket.dispatch", {"unit": "zhakou", "assignee": "worker2"}, at=50)
    assert headline(story).worker == "worker2"
    story.apply("officer", "ticket.dispatch", {"unit": "zhakou", "assignee": "worker"}, at=70)
    assert headline(story).worker == "worker2"


def rate(name: str, story: Story, first_day: int = 0, days: int = 1, now_ms: int = LATER) -> tuple[int, int]:
    """(numerator, denominator) over the story's tickets, `first_day` days after its Wednesday."""
    midnight = NOON - 12 * HOUR_MS + first_day * DAY_MS
    rows = [case_row(ticket, Rules()) for ticket in story.tickets.values()]
    found = rates.RATES[name](rows, Period(midnight, midnight + days * DAY_MS, now_ms))
    return found.numerator, found.denominator


def test_acceptance_due_at_midnight_belongs_to_the_day_that_midnight_ends() -> None:
    story = Story().dispatched().apply("worker", "ticket.accept")
    assert rate("acceptance", story) == (1, 1)
    assert rate("acceptance", story, first_day=1) == (0, 0)


def test_acceptance_is_not_judged_while_its_day_runs() -> None:
    assert rate("acceptance", Story(), now_ms=NOON + HOUR_MS) == (0, 0)
    assert rate("acceptance", Story()) == (0, 1)


def test_an_overdue_ticket_that_is_still_open_fails_on_time() -> None:
    assert rate("on_time", Story().dispatched(), first_day=7) == (0, 1)
    assert rate("on_time", Story().replied(), first_day=7) == (1, 1)


def test_excluded_tickets_are_left_out_and_counted() -> None:
    story = Story().dispatched()
    story.ingest("t2")
    story.apply("officer", "ticket.merge", {"into": "t1", "reason": "同一工地"}, subject="t2")
    midnight = NOON - 12 * HOUR_MS
    period = Period(midnight, midnight + DAY_MS, LATER)
    rows = [case_row(ticket, Rules()) for ticket in story.tickets.values()]
    for name in ("acceptance", "completion", "returns", "improper_returns", "dispatch_accuracy"):
        assert rates.excluded(name, rows, period) == 1, name
    assert rate("completion", story) == (0, 1)


def test_ratings_count_on_the_day_they_were_given_and_the_unrated_not_at_all() -> None:
    story = Story().replied()
    story.apply("city", "ticket.city_result", {"resolved": True, "satisfaction": "fair"}, at=2 * 24 * 60)
    story.ingest("t2")
    assert rate("satisfaction", story, first_day=2) == (1, 1)
    assert rate("satisfaction", story) == (0, 0)
    assert rate("resolution", story, first_day=2) == (1, 1)
