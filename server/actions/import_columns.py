"""The columns of ticket files, their Chinese headings, and what people write into the cells."""

import datetime
from collections.abc import Mapping
from typing import Any

from server.actions.intake_form import CATEGORIES, SHANGHAI
from sync.clock import parse_rfc3339

HEADINGS: dict[str, tuple[str, ...]] = {
    "external_no": ("工单编号", "工单号", "编号"),
    "received_at": ("受理时间", "接收时间", "来电时间"),
    "category": ("诉求类型", "工单类型", "类型"),
    "urgent": ("紧急", "是否紧急", "紧急度"),
    "confidential": ("保密", "是否保密", "保密单"),
    "title": ("标题", "工单标题", "主题"),
    "content": ("内容", "诉求内容", "工单内容"),
    "village": ("村（社区）", "村社区", "村", "社区", "所属村", "place.village", "place_village"),
    "address": ("地址", "事发地址", "详细地址", "place.address", "place_address"),
    "lat": ("纬度", "place.lat", "place_lat"),
    "lng": ("经度", "place.lng", "place_lng"),
    "crs": ("坐标系", "place.crs", "place_crs"),
    "contact_name": ("诉求人", "联系人", "姓名", "contact.name", "name"),
    "contact_phone": ("联系电话", "电话", "手机", "contact.phone", "phone"),
    "respondent_unit": ("被反映单位", "被投诉单位", "被举报单位"),
    "external_due_at": ("办理期限", "规定完成时间", "市级期限"),
}
CATEGORY_WORDS = {
    "投诉": "complaint",
    "举报": "report",
    "求助": "help",
    "咨询": "consult",
    "建议": "suggest",
    "表扬": "praise",
}
_YES = {"是", "紧急", "特急", "保密", "y", "yes", "true", "1", "√", "✓"}
_NO = {"", "否", "一般", "普通", "n", "no", "false", "0", "非紧急", "公开"}
_TIME_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d")


def to_raw(cells: Mapping[str, Any]) -> dict[str, Any]:
    """A row's cells as the intake's request names them; what cannot be understood is passed on to be refused."""
    return {
        "external_no": cells.get("external_no"),
        "category": _category(cells.get("category")),
        "urgent": _flag(cells.get("urgent")),
        "confidential": _flag(cells.get("confidential")),
        "title": cells.get("title"),
        "content": cells.get("content"),
        "place": {
            "village": cells.get("village"),
            "address": cells.get("address"),
            "lat": _number(cells.get("lat")),
            "lng": _number(cells.get("lng")),
            "crs": _crs(cells.get("crs")),
        },
        "contact": {"name": cells.get("contact_name"), "phone": cells.get("contact_phone")},
        "respondent_unit": cells.get("respondent_unit"),
        "received_at": _instant(cells.get("received_at")),
        "external_due_at": _instant(cells.get("external_due_at")),
    }


def _category(cell: Any) -> Any:
    text = str(cell or "").strip()
    for word, category in CATEGORY_WORDS.items():
        if text.startswith(word):
            return category
    return text.lower() if text.lower() in CATEGORIES else text


def _flag(cell: Any) -> Any:
    if cell is None or isinstance(cell, bool):
        return bool(cell)
    text = str(cell).strip().lower()
    if text in _YES:
        return True
    return False if text in _NO else text


def _number(cell: Any) -> Any:
    if isinstance(cell, str) and cell:
        try:
            return float(cell)
        except ValueError:
            return cell
    return cell


def _crs(cell: Any) -> Any:
    text = str(cell or "").strip().upper().replace("-", "")
    return text or None


def _instant(cell: Any) -> Any:
    """Milliseconds UTC. A time without an offset is the town's own, Asia/Shanghai."""
    if isinstance(cell, datetime.datetime):
        return _shanghai_ms(cell)
    if isinstance(cell, datetime.date):
        return _shanghai_ms(datetime.datetime(cell.year, cell.month, cell.day))  # noqa: DTZ001 - set just below
    text = str(cell or "").strip().replace("/", "-").replace("：", ":")
    if not text:
        return None
    for form in _TIME_FORMS:
        try:
            return _shanghai_ms(datetime.datetime.strptime(text, form))  # noqa: DTZ007 - set just below
        except ValueError:
            continue
    try:
        return parse_rfc3339(text)
    except ValueError:
        return text


def _shanghai_ms(naive: datetime.datetime) -> int:
    return int(naive.replace(tzinfo=SHANGHAI).timestamp() * 1000)
