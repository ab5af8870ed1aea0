"""Whatever is sent, by whomever: no 5xx, and no answer that the OpenAPI description does not foretell."""

import os
from collections.abc import Iterator

import pytest

from server.app import BLUEPRINTS
from tests.api import fuzz, fuzz_town
from tests.api.fuzz import Fuzz

# Right requests, and as many wrong ones, for each operation. By hand as many as wanted: `python -m tests.api.fuzz`.
EXAMPLES = int(os.environ.get("JIBAN_TEST_EXAMPLES", "6"))


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzz]:
    folder = tmp_path_factory.mktemp("fuzz")
    fuzz_town.settle(folder / "template")
    with fuzz.fuzzing(folder / "template", folder / "town") as made:
        yield made


@pytest.mark.fuzz
@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_every_answer_is_one_that_is_described(blueprint: str, fuzzed: Fuzz) -> None:
    wanted = fuzzed.labels(blueprint)
    assert wanted
    for label in wanted:
        fuzz.run(fuzzed, label, EXAMPLES)
