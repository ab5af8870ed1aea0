"""Words for what is wrong with a field of a form or a file, in the two languages."""

FIELD_WORDS: dict[str, tuple[str, str]] = {
    "required": ("必填", "must be filled in"),
    "not_text": ("应为文字", "must be text"),
    "too_long": ("太长，最多 {limit} 字", "too long: {limit} characters at most"),
    "unprintable": ("含有无法识别的字符", "holds characters that cannot be stored"),
    "not_one_of": ("内容不在可选范围内", "is not one of the choices"),
    "not_a_flag": ("应填“是”或“否”", "must be yes or no"),
    "not_degrees": ("经纬度有误", "is not a coordinate"),
    "not_a_phone": ("不是电话号码：{value}", "is not a phone number: {value}"),
    "not_a_time": ("时间格式有误", "is not a time"),
    "not_an_object": ("格式有误", "has the wrong form"),
    "unknown_village": ("没有这个村（社区）：{value}", "there is no such village: {value}"),
    "unknown_unit": ("没有这个单位：{value}", "there is no such unit: {value}"),
    "external_no_taken": (
        "工单编号已被另一内容的工单使用，已提醒热线专员核对。",
        "This number belongs to a ticket of other content; the officer was told.",
    ),
    "update_no_taken": (
        "更新编号已用于另一内容的更新。",
        "This update number was used for an update of other content.",
    ),
    "unreadable_file": (
        "无法读取这个文件，请使用模板。",
        "This file cannot be read; please use the template.",
    ),
    "no_headings": ("没有找到表头，请使用模板。", "The headings were not found; please use the template."),
    "no_sheet": ("文件中没有工作表“{sheet}”。", "The file has no sheet “{sheet}”."),
    "too_many_rows": ("行数太多，最多 {limit} 行。", "Too many rows: {limit} at most."),
    "other_format": ("这不是即办导出的待发文件。", "This is not an outbox file of Jiban."),
    "unknown_author": ("文件的作者不是本镇人员。", "The author of this file is nobody of this town."),
}
