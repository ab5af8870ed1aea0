"""The vectors made from the rules are the committed ones, so that the phone replays what the server does."""

import pytest

from tests.vectors import make


@pytest.mark.parametrize("name", make.MADE)
def test_made_vectors_say_what_the_rules_do(name: str) -> None:
    committed = (make.FOLDER / f"{name}.json").read_text("utf-8")
    assert committed == make.text(make.MADE[name]()), "run: python -m tests.vectors.make"
