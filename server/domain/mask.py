"""What everybody but the handlers sees of a caller: 陈**, 138****0000, numbers inside the text too (DOMAIN §E PII)."""

import re

# A run of digits as people write numbers: blanks, dashes, full-width digits between; 7 digits or more.
_NUMBER = re.compile(r"(?<![0-9０-９A-Za-z*])\+?[0-9０-９](?:[ \-－—]?[0-9０-９]){6,19}[XxＸ]?(?![0-9０-９])")
_DIGIT = re.compile(r"[0-9０-９Xx]")
_DATE = re.compile(r"(?:19|20)\d{2}[- ]?(?:0[1-9]|1[0-2])[- ]?(?:0[1-9]|[12]\d|3[01])(?: \d{1,2})?")
_COMPOUND = ("欧阳", "司徒", "上官", "诸葛", "司马", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "长孙")


def name(text: str | None) -> str | None:
    """陈某某 → 陈**, 欧阳锋 → 欧阳**; a name already masked stays as it is."""
    if text is None:
        return None
    text = text.strip()
    if not text:
        return None
    kept = text[:2] if text.startswith(_COMPOUND) else text[:1]
    return kept + "**"


def phone(text: str | None) -> str | None:
    """13800000000 → 138****0000; shorter numbers keep only their last two digits."""
    if text is None:
        return None
    text = text.strip()
    if not text:
        return None
    if "*" in text:
        return text
    digits = (
        "".join(_DIGIT.findall(text)).removeprefix("86")
        if text.startswith("+")
        else "".join(_DIGIT.findall(text))
    )
    if len(digits) >= 11:
        return f"{digits[:3]}****{digits[-4:]}"
    return "****" + digits[-2:] if len(digits) > 4 else "****"


def _masked(found: re.Match[str]) -> str:
    whole = found.group()
    if _DATE.fullmatch(whole):
        return whole
    digits = "".join(_DIGIT.findall(whole))
    keep = 3 if len(digits) >= 11 else 0
    return f"{digits[:keep]}****{digits[-4:] if len(digits) >= 11 else digits[-2:]}"


def content(text: str) -> str:
    """Phone, identity-card and account numbers inside a text, masked; dates stay. Masking twice changes nothing."""
    return _NUMBER.sub(_masked, text)
