"""What the tests of alerts may ask for."""

from collections.abc import Iterator

import pytest

from tests.alerts import receivers
from tests.alerts.receivers import Receiver, Service


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    with receivers.running_receiver() as running:
        yield running


@pytest.fixture
def service() -> Iterator[Service]:
    with receivers.running_service() as running:
        yield running
