"""Why an operation on an incident was not taken, in words; `refusal.py` asks here when the details say so."""

from collections.abc import Mapping
from typing import Any

_WORDS: dict[str, tuple[str, str]] = {
    "stale_base": (
        "这起突发事件已有变化，请看过最新情况再办；您填写的内容已保留。",
        "The incident has changed meanwhile. Look at it again; what you typed is kept.",
    ),
    "not_yours": (
        "没有这起突发事件，或者不由您处置。",
        "There is no such incident, or it is not yours to deal with.",
    ),
    "wrong_state": (
        "突发事件现在的状态不能这样办理；您填写的内容已保留。",
        "This cannot be done in the incident's present state; what you typed is kept.",
    ),
    "respondent_unit": (
        "该单位是被反映单位，应当回避，不能调派。",
        "That unit is the one complained about and must not be called in.",
    ),
    "kept": ("您的记录已保留在这起突发事件上。", "Your record is kept on the incident."),
}
_STATES = {
    "closed": ("已结束", "closed"),
    "merged": ("已并入另一起", "merged into another one"),
    "open": ("处置中", "open"),
}
_REASONS: dict[str, tuple[str, str]] = {
    "level": (
        "响应等级没有这样变化：请选择更高（升级）或更低（降级）的等级。",
        "That is no change of level in this direction: choose a graver one to upgrade, a lesser one to downgrade.",
    ),
    "into_closed": ("要并入的突发事件已不在处置。", "The incident to merge into is no longer open."),
    "has_merged": ("请先拆分已并入的事件。", "Part the reports merged into it first."),
    "drill_differs": ("演练与真实事件不能合并。", "A drill cannot be merged with a real incident."),
    "confidential_ticket": (
        "保密单不能转为突发事件。",
        "A confidential ticket cannot be made an incident.",
    ),
    "not_urgent": ("工单不是紧急件，请先标为紧急。", "The ticket is not urgent: flag it first."),
    "too_early": ("时间未到。", "It is too early."),
}
_KEPT: dict[str, tuple[str, str]] = {
    "merged": (
        "这起突发事件已并入另一起，您的记录保留在那里。",
        "The incident was merged into another one; your record is kept there.",
    ),
    "moved": (
        "您已不在这起突发事件中，记录已保留。",
        "You are no longer on this incident; your record is kept.",
    ),
}


def words_about(code: str, details: Mapping[str, Any], *, en: bool) -> str | None:
    """The sentence for a code, or None where the words for tickets do as well."""
    state = _STATES.get(details.get("state", ""))
    pair = _WORDS.get(code)
    if code == "wrong_state":
        pair = _REASONS.get(details.get("reason", "")) or _stopped(state) or pair
    elif code == "kept":
        pair = _KEPT.get(details.get("reason", "")) or _kept(state) or pair
    return None if pair is None else pair[1 if en else 0]


def _stopped(state: tuple[str, str] | None) -> tuple[str, str] | None:
    if state is None:
        return None
    return (
        f"这起突发事件现在是“{state[0]}”，不能办这一步；您填写的内容已保留。",
        f"The incident is {state[1]} now, so this step cannot be done; what you typed is kept.",
    )


def _kept(state: tuple[str, str] | None) -> tuple[str, str] | None:
    if state is None:
        return None
    return (
        f"这起突发事件现在是“{state[0]}”；您的记录已保留。",
        f"The incident is {state[1]} by now; your record is kept on it.",
    )
