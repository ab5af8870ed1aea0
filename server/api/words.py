"""Words for a person, in his language, for the codes of the API itself (the rules' are the domain's)."""

from collections.abc import Mapping
from typing import Any

from server.api.field_words import FIELD_WORDS
from server.domain import refusal

WORDS: dict[str, tuple[str, str]] = {
    "bad_request": ("请求有误，服务器没有处理。", "The request could not be understood."),
    "bad_json": ("请求内容不是有效的 JSON。", "The body is not valid JSON."),
    "bad_encoding": ("请求内容的压缩格式有误。", "The body's compression could not be undone."),
    "invalid_args": ("填写的内容有误，请检查后再试。", "Something filled in is not right; please check it."),
    "unauthenticated": ("请先登录。", "Please sign in."),
    "wrong_credentials": ("用户名或密码不正确。", "The user name or password is not right."),
    "bad_key": ("接入密钥无效。", "The intake key is not valid."),
    "csrf": ("页面已过期，请刷新后再试。", "This page is out of date; reload it and try again."),
    "cross_origin": ("不接受来自其他网站的登录。", "Signing in from another site is not allowed."),
    "forbidden": ("您的角色不能做这项操作。", "Your role may not do this."),
    "password_change_required": ("请先修改初始密码。", "Change your first password before going on."),
    "wrong_password": ("当前密码不正确。", "The present password is not right."),
    "weak_password": (
        "新密码至少 8 位，且不能与用户名或原密码相同。",
        "A new password has at least 8 characters and is neither the user name nor the old one.",
    ),
    "too_many_attempts": (
        "登录失败次数过多，请在 {minutes} 分钟后再试。",
        "Too many failed sign-ins; try again in {minutes} minutes.",
    ),
    "not_found": ("没有找到。", "Nothing was found here."),
    "method_not_allowed": ("这个地址不支持该操作。", "This address does not allow that method."),
    "unsupported_media_type": ("请求内容的类型不对。", "The body is of a type that is not accepted here."),
    "too_large": ("内容太大，服务器没有接收。", "The body is too large and was not taken."),
    "range_not_satisfiable": ("请求的范围无效。", "That range cannot be given."),
    "wrong_user": ("登录的不是这些工作的本人。", "This work belongs to somebody else than is signed in."),
    "device_taken": ("这台设备的编号属于其他用户。", "This device id belongs to somebody else."),
    "push_host_not_allowed": (
        "这个推送服务不在允许的范围内，请联系管理员。",
        "This push service is not one that is allowed here; ask the administrator.",
    ),
    "secrets_anew": (
        "地址改了，请重新填写密钥（令牌、密码），以免原来的发往新地址。",
        "The address has changed: fill in the secrets anew, so that the old ones do not go there.",
    ),
    "not_subscribed": ("这台设备还没有开启通知。", "This device has not subscribed to notifications."),
    "device_revoked": ("这台设备已被停用，请联系管理员。", "This device was revoked; ask the administrator."),
    "person_revoked": ("您的账号已被停用，请联系管理员。", "Your account was revoked; ask the office."),
    "epoch": ("服务器数据已恢复过，将重新发送。", "The server was restored; work will be sent again."),
    "device_forked": ("设备记录与服务器不一致，将重新编号发送。", "This device's record does not fit ours."),
    "gap": ("缺少之前的记录，将从缺处重发。", "Earlier work is missing and will be sent again."),
    "invalid_envelope": ("同步请求的格式有误。", "The sync request is not well formed."),
    "bad_cursor": ("同步位置无效，将重新同步。", "The sync position is not valid; syncing anew."),
    "conflict": ("与已有的内容冲突。", "This conflicts with what is there."),
    "username_taken": ("这个用户名已被使用。", "This user name is taken."),
    "name_taken": ("这个名称已被使用。", "This name is taken."),
    "unknown_unit": ("没有这个单位。", "There is no such unit."),
    "unknown_grid": ("没有这个网格，或它不属于该单位。", "There is no such grid in this unit."),
    "unknown_device": ("没有这台设备。", "There is no such device."),
    "unknown_delegation": ("没有这项授权。", "There is no such delegation."),
    "unknown_turn": ("没有这个班次，或已被撤销。", "There is no such turn, or it was taken back."),
    "turn_past": ("这个班次已经结束，不能再改。", "This turn is over and cannot be changed any more."),
    "rota_overlap": (
        "这个人在这段时间已有值班安排，请换人或调整时间。",
        "This person is on the rota at that time already; choose somebody else or another time.",
    ),
    "turn_taken_over": (
        "这个班次已有人顶替或调换，请先撤销原来的安排。",
        "Somebody else has taken this turn already; take that back first.",
    ),
    "nobody_to_replace": (
        "被顶替的人在这段时间没有（或只有部分时间）值班。",
        "The person to stand in for is not on duty during all of that time.",
    ),
    "unfit_person": (
        "{name}的角色或单位不符合这个岗位。",
        "{name} is not of the role or unit that this post needs.",
    ),
    "impossible_span": (
        "值班时间不对：结束要晚于开始、不能已经过去，一班最长 31 天，也不能排得太远。",
        "These times cannot be: a turn ends after it begins, lasts at most 31 days, is not over yet.",
    ),
    "bad_ladder": (
        "提醒阶梯有误：第一级从 0 分钟开始，之后逐级递增，每级至少一个岗位，不能重复。",
        "The first rung is at minute 0, each later one after the one before, and each names posts, none twice.",
    ),
    "unknown_person": ("没有这个人员。", "There is no such person."),
    "not_own_account": ("不能对自己的账号这样做。", "This cannot be done to one's own account."),
    "too_many_streams": ("实时连接已满，稍后自动重试。", "All live connections are in use; retrying later."),
    "rate_limited": ("请求太频繁，请稍后再试。", "Too many requests; try again a little later."),
    "server_error": ("服务器出错了，您的内容没有丢失，请稍后再试。", "The server failed; try again soon."),
    "database_unavailable": (
        "数据库暂时不可用，请稍后再试。",
        "The database cannot be reached now; try again.",
    ),
    "disk_full": ("服务器存储空间已满，请联系管理员。", "The server's disk is full; tell the administrator."),
    "tus_version": (
        "上传协议的版本不对，需要 {version}。",
        "This upload protocol is not spoken here; use {version}.",
    ),
    "hash_differs": ("这张照片的编号已用于另一张照片。", "This photo id stands for another picture."),
    "too_many_unnamed": (
        "待关联的照片太多（上限 {limit} 张），请先发送记录。",
        "Too many photos ({limit}) wait for their records; send those first.",
    ),
    "offset_mismatch": ("续传位置不对，将从断点继续。", "The upload goes on from another place."),
    "upload_busy": ("这张照片正在上传中。", "This photo is being uploaded at this moment."),
    "piece_damaged": ("这一段在传输中损坏，请重发。", "This piece was damaged on its way; send it again."),
    "already_complete": ("照片已完整送达，不能删除。", "The photo is complete and cannot be deleted."),
    "checksum_mismatch": (
        "照片内容与登记的不一致，将重新上传。",
        "The photo is not the one announced; it will be sent again.",
    ),
    "not_an_image": ("这不是可识别的照片。", "This is not a picture that can be read."),
    "too_many_pixels": ("照片的尺寸过大。", "The picture has too many pixels."),
    "bad_file": ("无法读取这个文件。", "This file could not be read."),
}


def words(code: str, details: Mapping[str, Any], language: str) -> str:
    """The sentence for a code; the domain's own words for the codes that are the domain's."""
    found = WORDS.get(code) or FIELD_WORDS.get(code)
    if found is None:
        return refusal.words(code, details, language)
    text = found[1] if language == "en" else found[0]
    return text.format(**details) if "{" in text else text
