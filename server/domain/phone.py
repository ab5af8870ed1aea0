"""Phone numbers of staff, as people write them and as a button dials them."""

import re

CHARS_MAX = 32
_WRITTEN = re.compile(r"\+?[0-9(][0-9 ()\-]{1,30}")
_DECORATION = re.compile(r"[ ()\-]")


def plain_phone(text: str) -> str | None:
    """Digits, with a leading + if there was one: "138-0000 1234" → "13800001234"; None if it is no number."""
    written = text.strip()
    if not _WRITTEN.fullmatch(written):
        return None
    number = _DECORATION.sub("", written)
    return number if 3 <= len(number.lstrip("+")) <= 20 else None
