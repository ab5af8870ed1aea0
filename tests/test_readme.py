"""What the two READMEs say is so: settings, commands, pictures; and both say the same."""

import dataclasses
import re
from pathlib import Path

import pytest

from server.app import create_app
from server.config import Settings, documented
from server.domain.rules import Rules

ROOT = Path(__file__).resolve().parents[1]
ENGLISH = (ROOT / "README.md").read_text("utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text("utf-8")
BOTH = pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["en", "zh"])


def rows(text: str) -> dict[str, str]:
    """The settings of a README's tables: default by variable."""
    return dict(re.findall(r"^\| `([A-Z0-9_]+)` \| (?:`([^`]*)`)? ?\| .+ \|$", text, re.MULTILINE))


def shown(value: object) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)


@BOTH
def test_every_setting_is_told_with_its_default_and_nothing_else_is(text: str) -> None:
    settings = {variable: default for variable, default, _ in documented()}
    rules = {f"JIBAN_{each.name.upper()}": shown(each.default) for each in dataclasses.fields(Rules)}
    assert rows(text) == settings | rules


@BOTH
def test_the_commands_that_are_told_exist(text: str, tmp_path: Path) -> None:
    known = create_app(Settings(data=tmp_path)).cli.commands
    told = set(re.findall(r"flask --app wsgi ([a-z-]+)", text))
    assert told
    assert told <= known.keys()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z]+)", text, re.MULTILINE)) <= targets


@BOTH
def test_the_pictures_and_pages_that_are_linked_are_there(text: str) -> None:
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert linked
    assert [path for path in linked if not (ROOT / path).exists()] == []


def test_both_languages_give_the_same_commands_and_pictures() -> None:
    def told(text: str) -> list[str]:
        code = re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)
        bare = [re.sub(r"\s*#.*", "", block) for block in code]
        return bare + re.findall(r"docs/pictures/[\w-]+\.png", text)

    assert told(ENGLISH) == told(CHINESE)
