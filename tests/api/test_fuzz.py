"""Whatever is sent, by whomever: no 5xx, and no answer that the OpenAPI description does not foretell."""

from pathlib import Path

import pytest

from server.app import BLUEPRINTS
from tests.api import fuzz, fuzz_town

EXAMPLES = 12  # right ones, and as many wrong ones; by hand as many as wanted: `python -m tests.api.fuzz`


@pytest.fixture(scope="module")
def fuzz_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz-template")
    fuzz_town.settle(folder)
    return folder


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_every_answer_is_one_that_is_described(blueprint: str, fuzz_template: Path, tmp_path: Path) -> None:
    with fuzz.fuzzing(fuzz_template, tmp_path / "town") as first:
        wanted = first.labels(blueprint)
    assert wanted
    for label in wanted:
        with fuzz.fuzzing(fuzz_template, tmp_path / "town") as fresh:
            fuzz.run(fresh, label, EXAMPLES)
