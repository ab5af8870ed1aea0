"""Uploads in trouble: what is on the disk is what is told, and a photo is done only when it is received."""

import base64
import errno
import io
import json
import random
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from server.actions import photos
from server.store.blobs import FolderBlobs
from sync.log import Unavailable
from tests.api.test_photos import announce, jpeg, named, send, state_of, where
from tests.cast import code_of
from tests.device import Phone
from tests.town import Town


@pytest.fixture
def worker(town: Town) -> Phone:
    town.app.testing = False
    return town.phone("worker")


@pytest.fixture
def ticket(town: Town) -> str:
    return town.dispatched()


def large_jpeg() -> bytes:
    """Noise, which no compression makes small: about 2 MB."""
    out = io.BytesIO()
    Image.frombytes("RGB", (1800, 1400), random.Random(1).randbytes(1800 * 1400 * 3)).save(
        out, "JPEG", quality=90
    )
    return out.getvalue()


@contextmanager
def no_file_larger_than(n_bytes: int) -> Iterator[None]:
    """The kernel stops writing there, as at the end of a disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def is_full_disk(answer: TestResponse) -> bool:
    return (answer.status_code, code_of(answer)) == (503, "disk_full") and int(
        answer.headers["Retry-After"]
    ) > 0


def test_on_a_full_disk_the_offset_is_what_was_written_and_the_upload_goes_on_from_there(
    worker: Phone, ticket: str
) -> None:
    data = large_jpeg()
    room = 1_500_000
    assert len(data) > room + 100_000
    photo = named(data)
    worker.do("ticket.note", ticket, {"text": "现场", "photos": [photo]})
    announce(worker, ticket, photo)
    with no_file_larger_than(room):
        assert is_full_disk(send(worker, photo["id"], data))
        assert where(worker, photo["id"]) == str(room)
        assert worker.get("/session").status == 200
    done = send(worker, photo["id"], data[room:], offset=room)
    assert done.status_code == 204
    assert state_of(worker, ticket, photo) == "received"
    assert worker.transport.client.get(f"/api/v1/photos/{photo['id']}").data == data


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (Unavailable("the bucket does not answer"), "database_unavailable"),
    ],
    ids=["full", "gone"],
)
def test_a_photo_that_could_not_be_put_away_is_never_told_complete(
    worker: Phone, ticket: str, monkeypatch: pytest.MonkeyPatch, fault: Exception, code: str
) -> None:
    """All its bytes came; an offset equal to the length would make the phone forget them."""
    data = jpeg()
    photo = named(data)
    worker.do("ticket.note", ticket, {"text": "现场", "photos": [photo]})
    announce(worker, ticket, photo)

    def fail(*_args: Any) -> None:
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(FolderBlobs, "put", fail)
        refused = send(worker, photo["id"], data)
        assert (refused.status_code, code_of(refused)) == (503, code)
    here = int(where(worker, photo["id"]))
    assert here < len(data)
    assert announce(worker, ticket, photo).headers["Upload-Offset"] == str(here)
    assert send(worker, photo["id"], data[here:], offset=here).status_code == 204
    assert state_of(worker, ticket, photo) == "received"


def test_a_photo_whose_commit_failed_is_asked_for_again(
    worker: Phone, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = jpeg()
    photo = named(data)
    worker.do("ticket.note", ticket, {"text": "现场", "photos": [photo]})
    announce(worker, ticket, photo)

    def gone(*_args: Any) -> None:
        raise Unavailable("the database is gone")

    with monkeypatch.context() as patch:
        patch.setattr(photos, "_complete", gone)
        assert code_of(send(worker, photo["id"], data)) == "database_unavailable"
    assert state_of(worker, ticket, photo) == "awaited"
    here = int(where(worker, photo["id"]))
    assert send(worker, photo["id"], data[here:], offset=here).status_code == 204
    assert state_of(worker, ticket, photo) == "received"


def test_an_outbox_file_brings_the_rest_of_a_photo_that_the_phone_had_begun(
    town: Town, worker: Phone, ticket: str
) -> None:
    data = jpeg()
    photo = named(data)
    worker.do("ticket.note", ticket, {"text": "现场", "photos": [photo]})
    announce(worker, ticket, photo)
    send(worker, photo["id"], data[:500])
    brought = {**photo, "ticket": ticket, "data": base64.b64encode(data).decode()}
    file = {"format": "jiban-outbox", "user": worker.user["id"], "ops": [], "photos": [brought]}
    officer = town.phone("officer")
    answer = officer.transport.client.post(
        "/api/v1/imports/outbox",
        data={"file": (io.BytesIO(json.dumps(file).encode()), "outbox.json")},
        headers={"X-CSRF-Token": officer.csrf},
    )
    assert answer.status_code == 200
    assert answer.json["photos"] == [{"id": photo["id"], "state": "received"}]
    assert state_of(worker, ticket, photo) == "received"
    assert worker.transport.client.get(f"/api/v1/photos/{photo['id']}").data == data
