"""Reads the list of matters that may be reported straight to the duty room (突发事件清单, DOMAIN D20)."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Matter:
    """One kind of emergency. `numbers`: whom to phone first, in that order; buttons above all if life is at risk."""

    code: str
    zh: str
    en: str
    life_at_risk: bool
    numbers: tuple[str, ...]

    def name(self, language: str = "zh-CN") -> str:
        """Its name in the reader's language."""
        return self.en if language.startswith("en") else self.zh


def _read() -> dict[str, Matter]:
    raw = json.loads(Path(__file__).with_name("matters.json").read_text("utf-8"))
    return {each["code"]: Matter(**{**each, "numbers": tuple(each["numbers"])}) for each in raw}


MATTERS: dict[str, Matter] = _read()
OTHER = MATTERS["other"]


def matter_of(code: str) -> Matter:
    """The matter of a stored incident; one that left the list since is shown as another emergency."""
    return MATTERS.get(code, OTHER)
