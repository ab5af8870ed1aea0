"""Refusals: their order, their words, and that every code of the rules can be met."""

from typing import Any

import pytest

from server.domain import refusal
from server.domain.refusal import CODES, words
from tests.domain.town import CALLED, REPLY, Story

BY_SYNC = {"op_mismatch", "too_large"}
"""Codes that `sync` gives before the rules are asked."""


def _confidential() -> Story:
    story = Story().dispatched()
    secret = {"confidential": True, "reason": "保护", "handlers": ["worker"]}
    return story.apply("lead", "ticket.set_confidential", secret)


def reached() -> dict[str, dict[str, Any]]:
    """Every refusal code that the rules give, each with the details of a real case."""
    moved = Story().dispatched()
    base = moved.ticket.rev
    moved.dispatched("nancheng", "worker3")
    secret = _confidential()
    late = {"base": secret.ticket.rev, "received_ms": secret.now + 3_600_000}
    taken = Story().dispatched().apply("worker", "ticket.accept")
    handed = {"reason": "不属", "basis": "清单"}
    return {
        "unknown_op": Story().refused("unknown_op", "worker", "ticket.dance"),
        "invalid_args": Story().refused("invalid_args", "officer", "ticket.dispatch", {"unit": 1}),
        "not_yours": Story().refused("not_yours", "worker", "ticket.accept"),
        "already_accepted": taken.refused("already_accepted", "worker2", "ticket.accept"),
        "reply_changed": Story()
        .in_review()
        .refused("reply_changed", "head", "ticket.approve", {"reply_hash": "x"}),
        "stale_base": moved.refused("stale_base", "worker", "ticket.accept", base=base, held=True),
        "wrong_state": Story().in_review().refused("wrong_state", "worker", "ticket.return", handed),
        "needs_callback": Story().handling().refused("needs_callback", "worker", "ticket.reply", REPLY),
        "past_due": Story().dispatched().refused("past_due", "worker", "ticket.return", handed, at=1440),
        "respondent_unit": Story(respondent_unit="zhakou").refused(
            "respondent_unit", "officer", "ticket.dispatch", {"unit": "zhakou"}
        ),
        "confidential_online_only": secret.refused(
            "confidential_online_only", "worker", "ticket.flag_urgent", {"reason": "急"}, **late
        ),
    }


REACHED = reached()


def test_every_code_of_the_wire_is_reachable() -> None:
    assert set(REACHED) | BY_SYNC == set(CODES)


@pytest.mark.parametrize("lang", ["zh-CN", "en", "en-GB"])
@pytest.mark.parametrize("code", CODES)
def test_every_refusal_has_words_in_both_languages(code: str, lang: str) -> None:
    for details in (REACHED.get(code, {}), {}, {"by": 1, "state": [], "unit": 3, "field": None}):
        said = words(code, details, lang)
        assert len(said) > 5
        assert (
            any("\u4e00" <= c <= "\u9fff" for c in said) != lang.startswith("en")
            or "闸口" in said
            or "南城" in said
        )


def test_the_words_name_people_places_and_times() -> None:
    assert "闸口网格员 12:02 已先签收，您转为协办" in words("already_accepted", REACHED["already_accepted"])
    assert "已改派南城村" in words("stale_base", REACHED["stale_base"])
    assert "待审核" in words("wrong_state", REACHED["wrong_state"])
    assert "unit" in words("invalid_args", REACHED["invalid_args"])
    assert "闸口村" in words("respondent_unit", REACHED["respondent_unit"])


KEPT = [
    ({"reason": "moved", "unit": {"id": "n", "name": "南城村"}}, "南城村"),
    ({"reason": "merged", "into": "DJ2"}, "DJ2"),
    ({"reason": "merged", "into": None}, "并"),
    ({"reason": "cycle"}, "上一轮"),
    ({"reason": "state", "state": "closed"}, "已办结"),
    ({"reason": "moved", "unit": None}, "已有变化"),
]


@pytest.mark.parametrize(("details", "part"), KEPT)
def test_the_author_of_a_kept_fact_is_told_that_it_is_kept_and_why(
    details: dict[str, Any], part: str
) -> None:
    assert part in words("kept", details)
    assert "保留" in words("kept", details)
    assert "kept" in words("kept", details, "en")


def test_the_words_of_a_stale_decision_say_what_became_of_the_ticket() -> None:
    assert "已并入DJ2" in words("stale_base", {"merged": True, "into": "DJ2"})
    assert "merged into DJ2" in words("stale_base", {"merged": True, "into": "DJ2"}, "en")
    assert "由甲办理" in words("stale_base", {"assignee": "甲"})
    assert "现有 2 次" in words(
        "needs_callback", {"attempts": 2, "attempts_needed": 3, "half_days_needed": 2}
    )
    assert "3 attempts over 2" in words(
        "needs_callback", {"attempts": 2, "attempts_needed": 3, "half_days_needed": 2}, "en"
    )
    assert "补充" in words("reply_changed", {"supplement": True})
    assert "already" in words(
        "already_accepted", {"by": {"name": "A"}, "at": "2026-11-18T04:00:00.000Z"}, "en"
    )
    assert "您 12:00 已签收" in words(
        "already_accepted", {"by": {"name": "A"}, "at": "2026-11-18T04:00:00.000Z"}
    )


def test_a_code_of_tomorrow_still_says_something() -> None:
    assert words("of_tomorrow", {}) == "of_tomorrow"


def test_every_reason_of_a_wrong_state_has_words() -> None:
    for reason in refusal._REASONS:
        assert words("wrong_state", {"reason": reason}) != words("wrong_state", {})


def test_refusals_are_looked_for_in_the_order_of_the_protocol() -> None:
    story = Story().dispatched()
    base = story.ticket.rev
    story.apply("worker", "ticket.accept", base=base)
    # Arguments before rights, rights before already accepted, that before stale, stale before state.
    story.refused("invalid_args", "worker3", "ticket.accept", {"x": 1})
    story.refused("not_yours", "worker3", "ticket.accept", base=base)
    story.refused("already_accepted", "worker2", "ticket.accept", base=base)
    story.apply("worker", "ticket.callback", CALLED).apply("worker", "ticket.reply", REPLY)
    story.refused("reply_changed", "head", "ticket.approve", {"reply_hash": "x"}, base=base)
    story.refused("stale_base", "worker2", "ticket.return", {"reason": "x", "basis": "y"}, base=base)
    story.refused("wrong_state", "worker2", "ticket.return", {"reason": "x", "basis": "y"})


def test_server_operations_are_unknown_to_people() -> None:
    story = Story()
    for name, args in (("ticket.city_result", {"resolved": True}), ("ticket.leave_phones", {})):
        story.refused("unknown_op", "officer", name, args)
