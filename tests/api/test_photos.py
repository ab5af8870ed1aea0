"""Photos come in piece by piece, whole or not at all, for those whose they are."""

import base64
import hashlib
import io
import uuid
from typing import Any

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from server.actions.photos import purge
from tests.device import Phone
from tests.town import Town

OCTETS = "application/offset+octet-stream"


def jpeg(colour: str = "red", size: tuple[int, int] = (640, 480), exif: Image.Exif | None = None) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG", **({"exif": exif} if exif else {}))
    return out.getvalue()


def named(data: bytes) -> dict[str, Any]:
    """The photo as an operation names it."""
    return {
        "id": str(uuid.uuid4()),
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "width": 640,
        "height": 480,
        "taken_at": "2026-11-22T04:05:00.000Z",
    }


def call(phone: Phone, method: str, path: str, headers: dict[str, str], data: bytes = b"") -> TestResponse:
    headers = {"X-CSRF-Token": phone.csrf, "Tus-Resumable": "1.0.0", **headers}
    return phone.transport.client.open(f"/api/v1{path}", method=method, headers=headers, data=data)


def announce(phone: Phone, ticket: str, photo: dict[str, Any], length: int | None = None) -> TestResponse:
    told = {"id": photo["id"], "ticket": ticket, "sha256": photo["sha256"], "taken_at": photo["taken_at"]}
    metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in told.items())
    length = photo["bytes"] if length is None else length
    return call(phone, "POST", "/photos", {"Upload-Metadata": metadata, "Upload-Length": str(length)})


def send(phone: Phone, id_: str, data: bytes, offset: int = 0, **headers: str) -> TestResponse:
    told = {"Upload-Offset": str(offset), "Content-Type": OCTETS, **headers}
    return call(phone, "PATCH", f"/photos/{id_}", told, data)


def where(phone: Phone, id_: str) -> str:
    return call(phone, "HEAD", f"/photos/{id_}", {}).headers["Upload-Offset"]


def state_of(phone: Phone, ticket: str, photo: dict[str, Any]) -> str:
    phone.sync()
    entries = phone.ticket(ticket)["timeline"]
    return next(p["state"] for entry in entries for p in entry["photos"] if p["id"] == photo["id"])


@pytest.fixture
def worker(town: Town) -> Phone:
    return town.phone("worker")


@pytest.fixture
def ticket(town: Town) -> str:
    return town.dispatched()


def test_an_upload_goes_on_where_it_was_cut_and_the_ticket_says_when_it_is_here(
    town: Town, worker: Phone, ticket: str
) -> None:
    data = jpeg()
    photo = named(data)
    worker.do("ticket.note", ticket, {"text": "现场", "photos": [photo]})
    assert state_of(worker, ticket, photo) == "awaited"
    rev = worker.ticket(ticket)["rev"]
    opened = announce(worker, ticket, photo)
    assert opened.status_code == 201
    assert opened.headers["Location"].endswith(f"/photos/{photo['id']}")
    assert send(worker, photo["id"], data[:1000]).headers["Upload-Offset"] == "1000"
    assert where(worker, photo["id"]) == "1000"
    assert announce(worker, ticket, photo).headers["Upload-Offset"] == "1000"
    wrong = send(worker, photo["id"], data[500:], offset=500)
    assert (wrong.status_code, wrong.json["error"]["code"]) == (409, "offset_mismatch")
    last = send(worker, photo["id"], data[1000:], offset=1000)
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(data)))
    assert state_of(worker, ticket, photo) == "received"
    assert worker.ticket(ticket)["rev"] > rev
    assert town.phone("head").get(f"/photos/{photo['id']}").status == 200
    assert call(worker, "GET", f"/photos/{photo['id']}", {}).data == data


def test_bytes_that_come_before_their_operation_count_when_it_names_them(worker: Phone, ticket: str) -> None:
    data = jpeg("green")
    photo = named(data)
    announce(worker, ticket, photo)
    assert send(worker, photo["id"], data).status_code == 204
    worker.do("ticket.note", ticket, {"text": "现场", "photos": [photo]})
    assert state_of(worker, ticket, photo) == "received"


def test_a_foreign_photo_looks_like_one_that_is_not_there(town: Town, worker: Phone, ticket: str) -> None:
    data = jpeg()
    photo = named(data)
    announce(worker, ticket, photo)
    stranger = town.phone("worker3")
    for answer in (
        announce(stranger, ticket, photo),
        send(stranger, photo["id"], data),
        call(stranger, "HEAD", f"/photos/{photo['id']}", {}),
        call(stranger, "DELETE", f"/photos/{photo['id']}", {}),
    ):
        assert answer.status_code == 404
    send(worker, photo["id"], data)
    foreign = call(stranger, "GET", f"/photos/{photo['id']}", {})
    unknown = call(stranger, "GET", f"/photos/{uuid.uuid4()}", {})
    assert (foreign.status_code, foreign.json) == (unknown.status_code, unknown.json)


def test_the_same_persons_bytes_are_not_sent_twice_and_never_open_anothers(
    town: Town, worker: Phone, ticket: str
) -> None:
    data = jpeg("blue")
    first, again = named(data), named(data)
    announce(worker, ticket, first)
    send(worker, first["id"], data)
    worker.do("ticket.note", ticket, {"text": "同一张", "photos": [again]})
    assert announce(worker, ticket, again).headers["Upload-Offset"] == str(len(data))
    assert state_of(worker, ticket, again) == "received"
    assert call(worker, "GET", f"/photos/{again['id']}", {}).data == data
    other = named(data)
    assert announce(town.phone("worker2"), ticket, other).headers["Upload-Offset"] == "0"


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"<html>not a picture</html>" * 40, "not_an_image"), (jpeg()[:4000], "not_an_image")],
    ids=["text", "half a picture"],
)
def test_what_is_no_picture_is_refused_and_the_record_stays(
    worker: Phone, ticket: str, data: bytes, code: str
) -> None:
    photo = named(data)
    worker.do("ticket.note", ticket, {"text": "现场", "photos": [photo]})
    announce(worker, ticket, photo)
    refused = send(worker, photo["id"], data)
    assert (refused.status_code, refused.json["error"]["code"]) == (422, code)
    assert state_of(worker, ticket, photo) == "awaited"
    assert where(worker, photo["id"]) == "0"


def test_a_decompression_bomb_is_refused_by_its_header(worker: Phone, ticket: str) -> None:
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    photo = named(out.getvalue())
    announce(worker, ticket, photo)
    refused = send(worker, photo["id"], out.getvalue())
    assert (refused.status_code, refused.json["error"]["code"]) == (422, "too_many_pixels")


def test_other_bytes_than_were_announced_are_refused_and_may_come_again(worker: Phone, ticket: str) -> None:
    right, wrong = jpeg("red"), jpeg("lime")
    photo = named(right)
    announce(worker, ticket, photo, length=len(wrong))
    refused = send(worker, photo["id"], wrong)
    assert (refused.status_code, refused.json["error"]["code"]) == (422, "checksum_mismatch")
    assert where(worker, photo["id"]) == "0"


def test_a_damaged_piece_is_not_kept(worker: Phone, ticket: str) -> None:
    data = jpeg()
    photo = named(data)
    announce(worker, ticket, photo)
    good = base64.b64encode(hashlib.sha256(data[:500]).digest()).decode()
    damaged = send(worker, photo["id"], b"x" * 500, **{"Upload-Checksum": f"sha256 {good}"})
    assert (damaged.status_code, damaged.json["error"]["code"]) == (460, "piece_damaged")
    assert where(worker, photo["id"]) == "0"
    kept = send(worker, photo["id"], data[:500], **{"Upload-Checksum": f"sha256 {good}"})
    assert kept.headers["Upload-Offset"] == "500"


def test_an_upload_can_be_given_up_until_it_is_complete(worker: Phone, ticket: str) -> None:
    data = jpeg()
    photo = named(data)
    announce(worker, ticket, photo)
    send(worker, photo["id"], data[:100])
    assert call(worker, "DELETE", f"/photos/{photo['id']}", {}).status_code == 204
    assert call(worker, "HEAD", f"/photos/{photo['id']}", {}).status_code == 404
    announce(worker, ticket, photo)
    send(worker, photo["id"], data)
    refused = call(worker, "DELETE", f"/photos/{photo['id']}", {})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "already_complete")


def test_where_the_camera_was_is_not_shown_to_others(worker: Phone, ticket: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera's maker"
    data = jpeg(exif=exif)
    photo = named(data)
    announce(worker, ticket, photo)
    send(worker, photo["id"], data)
    shown = call(worker, "GET", f"/photos/{photo['id']}", {}).data
    assert not Image.open(io.BytesIO(shown)).getexif()
    thumb = Image.open(io.BytesIO(call(worker, "GET", f"/photos/{photo['id']}?size=thumb", {}).data))
    assert max(thumb.size) == 320


def test_the_bounds_are_told_and_held(worker: Phone, ticket: str) -> None:
    limit = int(call(worker, "OPTIONS", "/photos", {}).headers["Tus-Max-Size"])
    photo = named(b"x")
    assert announce(worker, ticket, photo, length=limit + 1).status_code == 413
    announce(worker, ticket, photo, length=10)
    assert send(worker, photo["id"], b"x" * 11).status_code == 413
    assert where(worker, photo["id"]) == "0"
    unversioned = call(worker, "HEAD", f"/photos/{photo['id']}", {"Tus-Resumable": "0.2.2"})
    assert (unversioned.status_code, unversioned.headers["Tus-Version"]) == (412, "1.0.0")


def test_a_confidential_tickets_photos_are_for_its_handlers_and_never_stored(
    town: Town, worker: Phone, ticket: str
) -> None:
    data = jpeg()
    photo = named(data)
    worker.do("ticket.note", ticket, {"text": "现场", "photos": [photo]})
    announce(worker, ticket, photo)
    send(worker, photo["id"], data)
    assert town.phone("worker2").get(f"/photos/{photo['id']}").status == 200
    lead = town.phone("lead")
    handler = worker.user["id"]
    lead.do(
        "ticket.set_confidential", ticket, {"confidential": True, "reason": "涉密", "handlers": [handler]}
    )
    assert town.phone("worker2").get(f"/photos/{photo['id']}").status == 404
    mine = worker.get(f"/photos/{photo['id']}")
    assert (mine.status, mine.headers["Cache-Control"]) == (200, "no-store")


def test_a_photo_is_never_shown_again_without_asking_for_the_rights_to_its_ticket(
    town: Town, worker: Phone, ticket: str
) -> None:
    data = jpeg()
    photo = named(data)
    worker.do("ticket.note", ticket, {"text": "现场", "photos": [photo]})
    announce(worker, ticket, photo)
    send(worker, photo["id"], data)
    seen = worker.get(f"/photos/{photo['id']}")
    assert (seen.status, seen.headers["Cache-Control"]) == (200, "private, no-cache")
    again = call(worker, "GET", f"/photos/{photo['id']}", {"If-None-Match": seen.headers["ETag"]})
    assert again.status_code == 304
    town.phone("lead").do(
        "ticket.set_confidential",
        ticket,
        {"confidential": True, "reason": "涉密", "handlers": [town.phone("head").user["id"]]},
    )
    gone = call(worker, "GET", f"/photos/{photo['id']}", {"If-None-Match": seen.headers["ETag"]})
    assert gone.status_code == 404


def test_bytes_that_no_operation_ever_names_are_forgotten_complete_or_not(
    town: Town, worker: Phone, ticket: str
) -> None:
    data = jpeg("navy")
    unnamed, kept = named(data), named(jpeg("olive"))
    announce(worker, ticket, unnamed)
    send(worker, unnamed["id"], data)
    announce(worker, ticket, kept)
    send(worker, kept["id"], jpeg("olive"))
    worker.do("ticket.note", ticket, {"text": "现场", "photos": [kept]})
    desk = town.app.extensions["jiban"].photo_desk
    assert purge(desk, town.clock.go(hours=25)) == 1
    assert call(worker, "HEAD", f"/photos/{unnamed['id']}", {}).status_code == 404
    assert worker.get(f"/photos/{kept['id']}").status == 200
