"""Reads the vectors that pytest and vitest both replay."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "vectors"


def load(name: str) -> dict[str, Any]:
    """The vectors of `tests/vectors/<name>.json`."""
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return loaded


def named(name: str) -> list[Any]:
    """The cases, for parametrize with their names as ids."""
    import pytest

    return [pytest.param(case, id=case["name"]) for case in load(name)["cases"]]
