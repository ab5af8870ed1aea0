"""Why something was not taken, in words a villager understands (API: refusal codes; UX rule 4).

Codes and details are stored, words never: they are made for the reader's language when he asks.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from server.domain.incident_words import words_about

CODES = (
    "stale_base",
    "not_yours",
    "wrong_state",
    "needs_callback",
    "already_accepted",
    "reply_changed",
    "past_due",
    "respondent_unit",
    "confidential_online_only",
    "op_mismatch",
    "invalid_args",
    "unknown_op",
    "too_large",
)
NOTICES = (
    "kept_fact",
    "unverified_time",
    "far_arrival",
    "assistant",
    "photo_missing",
    "received_in_future",
    "recused",
)
_WORDS: dict[str, tuple[str, str]] = {
    "stale_base": (
        "工单已有变化，请看过最新情况再办；您填写的内容已保留。",
        "The ticket has changed meanwhile. Look at it again; what you typed is kept.",
    ),
    "not_yours": (
        "没有这张工单，或者不由您办理。",
        "There is no such ticket, or it is not yours to handle.",
    ),
    "wrong_state": (
        "工单现在的状态不能这样办理；您填写的内容已保留。",
        "This cannot be done in the ticket's present state; what you typed is kept.",
    ),
    "needs_callback": (
        "还没有回访诉求人，请先回访再提交回复。",
        "The resident has not been called back yet: phone first, then submit the reply.",
    ),
    "already_accepted": ("这张工单已经签收。", "This ticket has been accepted already."),
    "reply_changed": (
        "回复或依据有了变化，请看过最新一版再审核。",
        "The reply or its evidence has changed: look at the latest version before deciding.",
    ),
    "past_due": ("已过办理这一步的期限。", "The time for this step has passed."),
    "respondent_unit": (
        "该单位是被反映单位，应当回避，不能分派给它。",
        "That unit is the one complained about and must not get this ticket.",
    ),
    "confidential_online_only": (
        "保密单只能联网办理。",
        "A confidential ticket can only be worked on online.",
    ),
    "op_mismatch": (
        "这条记录与先前送达的同号记录不一致，未采用。",
        "This record differs from one already delivered under the same id; it was not used.",
    ),
    "invalid_args": ("填写的内容有误，请检查后重填。", "Something filled in is not right: please check it."),
    "unknown_op": (
        "服务器不认识这一步操作，请更新应用。",
        "The server does not know this step: please update the app.",
    ),
    "too_large": ("内容太大，没有送达。", "This is too large to be delivered."),
    "kept": ("工单已有变化；您的记录已保留在工单上。", "The ticket has moved on; your record is kept on it."),
    "void": (
        "这条记录没有送达，内容保留在手机上。",
        "This record was not delivered; it is kept on the phone.",
    ),
}
_STATES = {
    "received": ("待分派", "waiting for dispatch"),
    "assigned": ("待签收", "waiting to be accepted"),
    "accepted": ("已受理", "accepted"),
    "handling": ("办理中", "being handled"),
    "reply_review": ("待审核", "in review"),
    "replied": ("已回复", "replied"),
    "closed": ("已办结", "closed"),
    "determining": ("待判定", "waiting for determination"),
    "returning": ("退单待审", "waiting for a decision on its return"),
    "merged": ("已并单", "merged"),
    "terminated": ("已终止", "terminated"),
}
_REASONS: dict[str, tuple[str, str]] = {
    "determined": (
        "首接单位已由领导小组判定，不能再退单。",
        "The leading group determined the unit: no more returns.",
    ),
    "merged": ("工单已有并单，不能设为保密。", "It has merged tickets and cannot be made confidential."),
    "confidential": (
        "保密单与非保密单不能并单。",
        "A confidential ticket cannot be merged with one that is not.",
    ),
    "has_merged": ("请先拆分已并入的工单。", "Part the tickets merged into it first."),
    "into_closed": ("要并入的工单已不在办理。", "The ticket to merge into is no longer open."),
    "not_urgent": ("工单不是紧急件。", "The ticket is not urgent."),
    "not_confidential": ("工单不是保密单。", "The ticket is not confidential."),
    "not_unverified": ("这条记录的时间不需要核实。", "The time of that record needs no confirmation."),
    "head_approved": ("负责人已同意，等待热线办审核。", "The head has agreed already; the office decides."),
    "praise": ("已分派的工单不能改为表扬。", "A dispatched ticket cannot become praise."),
    "too_early": ("时间未到。", "It is too early."),
}
_FAULTS: dict[str, tuple[str, str]] = {
    "missing": ("缺少", "is missing"),
    "unknown": ("不认识", "is not known"),
    "type": ("格式不对", "has the wrong type"),
    "length": ("太短或太长", "is too short or too long"),
    "characters": ("含有不能保存的字符", "has characters that cannot be stored"),
    "range": ("超出范围", "is out of range"),
    "choice": ("不在可选项内", "is not one of the choices"),
    "format": ("格式不对", "has the wrong form"),
    "duplicate": ("有重复", "has duplicates"),
    "unit": ("不属于该单位", "is not of that unit"),
}


def words(code: str, details: Mapping[str, Any], lang: str = "zh-CN") -> str:
    """The message of a refusal in the reader's language (zh-CN unless it starts with `en`); never raises."""
    en = lang.lower().startswith("en")
    if details.get("about") == "incident" and (told := words_about(code, details, en=en)) is not None:
        return told
    special = _SPECIAL.get(code)
    try:
        made = special(details, en) if special is not None else None
    except (
        KeyError,
        TypeError,
        AttributeError,
        ValueError,
    ):  # details of another version: the plain words do
        made = None
    if made is not None:
        return made
    return _pick(_WORDS.get(code, (code, code)), en=en)


def _pick(pair: tuple[str, str], *, en: bool) -> str:
    return pair[1] if en else pair[0]


def _clock(at: str) -> str:
    """HH:MM in Shanghai of a wire instant."""
    hour = (int(at[11:13]) + 8) % 24
    return f"{hour:02}:{at[14:16]}"


def _day_clock(at: str) -> str:
    """MM-DD HH:MM in Shanghai of a wire instant."""
    return f"{datetime.fromisoformat(at) + timedelta(hours=8):%m-%d %H:%M}"


def _already(details: Mapping[str, Any], en: bool) -> str | None:
    by, at = details.get("by"), details.get("at")
    if not by or not at:
        return None
    if not details.get("assistant"):
        return (
            f"You accepted this ticket at {_clock(at)} already." if en else f"您 {_clock(at)} 已签收此工单。"
        )
    if en:
        return f"{by['name']} accepted it first at {_clock(at)}; you assist now, and your records are kept."
    return f"{by['name']} {_clock(at)} 已先签收，您转为协办；您的记录已保留。"


def _stale(details: Mapping[str, Any], en: bool) -> str | None:
    if details.get("merged"):
        into = details.get("into")
        if en:
            return f"The ticket was merged{f' into {into}' if into else ''}; what you typed is kept."
        return f"工单已并入{into or '其他工单'}；您填写的内容已保留。"
    unit = details.get("unit")
    if unit:
        if en:
            return f"The ticket was moved to {unit['name']} meanwhile; what you typed is kept."
        return f"工单已改派{unit['name']}；您填写的内容已保留。"
    if details.get("assignee"):
        name = details["assignee"]
        return (
            f"{name} has the ticket now; what you typed is kept."
            if en
            else f"工单已由{name}办理；您填写的内容已保留。"
        )
    return None


def _state(details: Mapping[str, Any], en: bool) -> str | None:
    reason = _REASONS.get(details.get("reason", ""))
    if reason is not None:
        return _pick(reason, en=en)
    state = _STATES.get(details.get("state", ""))
    if state is None:
        return None
    if en:
        return f"The ticket is {state[1]} now, so this step cannot be done; what you typed is kept."
    return f"工单现在是“{state[0]}”，不能办这一步；您填写的内容已保留。"


def _calls(details: Mapping[str, Any], en: bool) -> str | None:
    attempts, needed, halves = details["attempts"], details["attempts_needed"], details["half_days_needed"]
    if attempts == 0:
        return None
    if en:
        return (
            f"The resident has not been reached: {needed} attempts over {halves} half-days are needed, "
            f"{attempts} are on record."
        )
    return f"还没有联系上诉求人：需在 {halves} 个半天内至少拨打 {needed} 次，现有 {attempts} 次记录。"


_KEPT = {
    "cycle": ("记录属于上一轮办理，已保留在工单上。", "Your record is kept with the round before."),
    "role": (
        "您的岗位已有变动；您的记录已保留在工单上。",
        "Your post has changed; your record is kept on the ticket.",
    ),
}


def _kept(details: Mapping[str, Any], en: bool) -> str | None:
    reason, unit, into = details.get("reason"), details.get("unit"), details.get("into")
    if reason == "moved" and unit:
        if en:
            return f"The ticket was moved to {unit['name']}; your record is kept on it."
        return f"工单已改派{unit['name']}；您的记录已保留在工单上。"
    if reason == "merged":
        if en:
            return f"The ticket was merged{f' into {into}' if into else ''}; your record is kept there."
        return f"工单已并入{into or '其他工单'}；您的记录已保留在其中。"
    if reason in _KEPT:
        return _pick(_KEPT[reason], en=en)
    state = _STATES.get(details.get("state", ""))
    if state is None:
        return None
    if en:
        return f"The ticket is {state[1]} by now; your record is kept on it."
    return f"工单现在是“{state[0]}”；您的记录已保留在工单上。"


def _changed(details: Mapping[str, Any], en: bool) -> str | None:
    if not details.get("supplement"):
        return None
    if en:
        return "The caller added something after this reply: its author has to confirm it first."
    return "诉求人在回复之后补充了内容，需承办人确认后重新提交。"


def _respondent(details: Mapping[str, Any], en: bool) -> str | None:
    unit = details.get("unit")
    if not unit:
        return None
    if en:
        return f"{unit['name']} is complained about (or close to who is) and must not get this ticket."
    return f"{unit['name']}是被反映单位或与其有关，应当回避。"


def _args(details: Mapping[str, Any], en: bool) -> str | None:
    fault = _FAULTS.get(details.get("reason", ""))
    field = details.get("field")
    if fault is None or not field:
        return None
    if "not_before" in details:
        first, last = _day_clock(details["not_before"]), _day_clock(details["not_after"])
        return (
            f"The time has to lie between {first} and {last}." if en else f"时间应在 {first} 至 {last} 之间。"
        )
    return f"“{field}” {fault[1]}." if en else f"“{field}”{fault[0]}，请检查后重填。"


_SPECIAL = {
    "already_accepted": _already,
    "stale_base": _stale,
    "wrong_state": _state,
    "needs_callback": _calls,
    "reply_changed": _changed,
    "respondent_unit": _respondent,
    "invalid_args": _args,
    "kept": _kept,
}
