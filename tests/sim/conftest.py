"""One town per process, put back for every seed."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sim.ground import Ground, roomy_folder


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    with tempfile.TemporaryDirectory(dir=roomy_folder()) as folder:
        yield Ground(Path(folder))


@pytest.fixture(scope="session")
def postgres_ground(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    ground = Ground(tmp_path_factory.mktemp("sim"), postgres_url)
    yield ground
    ground.engine.dispose()
