"""One town per process, put back for every seed."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres
from tests.quick import memory_folder
from tests.sim.ground import Ground


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
        yield Ground(Path(folder))


@pytest.fixture(scope="session")
def postgres_ground(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with postgres.database(postgres_server, f"sim_{os.getpid()}") as url:
        ground = Ground(tmp_path_factory.mktemp("sim"), url)
        yield ground
        ground.engine.dispose()
