"""Photos over tus 1.0 (core, creation, checksum, termination, expiration), and the way to look at them."""

import base64
import binascii
import hashlib
import re
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, validate
from sqlalchemy.engine import Connection
from werkzeug.http import http_date

from server.actions import photos
from server.actions.photos import Refused, Upload
from server.api.context import engine, photo_desk, settings
from server.api.errors import Problem, answer
from server.api.guard import actor, body_limit, open_to_all, signed_in
from server.clock import now_ms
from server.domain.incident import may_see_incident
from server.domain.roles import may_see
from server.domain.ticket import Ticket
from server.store import incidents, tickets
from server.store import photos as photo_rows
from server.store.engine import reading
from server.store.photos import Photo

blp = Blueprint("photos", __name__, description="Photos: resumable upload (tus 1.0) and download")

TUS = "1.0.0"
EXTENSIONS = "creation,checksum,termination,expiration"
ALGORITHMS = ("sha1", "sha256")
OCTETS = "application/offset+octet-stream"
BODY_BYTES_MAX = 64 << 20  # a piece; the photo's own bound is a setting
SHA256 = re.compile(r"[0-9a-f]{64}")
STATUS = {
    "too_large": 413,
    "not_found": 404,
    "hash_differs": 409,
    "too_many_unnamed": 429,
    "offset_mismatch": 409,
    "upload_busy": 423,
    "piece_damaged": 460,
    "already_complete": 409,
}
P = ParamSpec("P")
TUS_HEADERS = {
    "Tus-Resumable": {"schema": {"type": "string"}, "description": "1.0.0"},
    "Upload-Offset": {"schema": {"type": "integer"}, "description": "bytes that have arrived"},
}

SPOKEN = {"Tus_Resumable": "1.0.0"}


class Size(Schema):
    size = fields.String(load_default="full", validate=validate.OneOf(("full", "thumb")))


def _documented(*statuses: int, **headers: str) -> Any:
    """The refusals of a route, and the headers it reads beside `Tus-Resumable` (`_` stands for `-`)."""
    told = {"description": "the one error shape"}
    asked = [
        {"in": "header", "name": name.replace("_", "-"), "description": what, "schema": {"type": "string"}}
        for name, what in headers.items()
    ]
    return blp.doc(
        responses={str(each): told for each in statuses}, **({"parameters": asked} if asked else {})
    )


def tus(view: Callable[P, Response]) -> Callable[P, Response]:
    """Speak tus: the version is checked and told, and what is refused has the one error shape."""

    @wraps(view)
    def spoken(*args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            _check_version()
            response = view(*args, **kwargs)
        except Refused as refused:
            retry = 2 if refused.code == "upload_busy" else None
            status = STATUS.get(refused.code, 422)
            response = answer(Problem(status, refused.code, retry_after_s=retry, **refused.details))
        except Problem as problem:
            response = answer(problem)
        response.headers["Tus-Resumable"] = TUS
        return response

    return spoken


def _check_version() -> None:
    if request.headers.get("Tus-Resumable") != TUS:
        raise Problem(412, "tus_version", headers={"Tus-Version": TUS}, version=TUS)


@blp.route("/photos", methods=["OPTIONS"])
@open_to_all
@blp.response(204)
def capabilities() -> Response:
    """What this endpoint can do."""
    response = Response(status=204)
    response.headers["Tus-Resumable"] = TUS
    response.headers["Tus-Version"] = TUS
    response.headers["Tus-Extension"] = EXTENSIONS
    response.headers["Tus-Max-Size"] = str(settings().photo_bytes_max)
    response.headers["Tus-Checksum-Algorithm"] = ",".join(ALGORITHMS)
    return response


@blp.route("/photos", methods=["POST"])
@signed_in()
@blp.response(201, headers=TUS_HEADERS)
@_documented(
    404, 409, 412, 413, 429, **SPOKEN, Upload_Metadata="id, ticket, sha256, taken_at", Upload_Length="bytes"
)
@tus
def create() -> Response:
    """Open an upload (`Upload-Metadata`: id, ticket, sha256, taken_at); the same call again finds it as it stands."""
    metadata = _metadata(request.headers.get("Upload-Metadata", ""))
    upload = photos.begin(
        photo_desk(),
        actor().id,
        photo_id=_uuid(metadata, "id"),
        ticket_id=_uuid(metadata, "ticket"),
        sha256=_sha256(metadata),
        length=_number("Upload-Length", least=1),
        now_ms=now_ms(),
    )
    response = _standing(upload, 201)
    response.headers["Location"] = f"{request.path}/{upload.photo.id}"
    return response


@blp.route("/photos/<string:photo_id>", methods=["PATCH"])
@signed_in()
@body_limit(BODY_BYTES_MAX)
@blp.doc(requestBody={"content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}}})
@blp.response(204, headers=TUS_HEADERS)
@_documented(
    404,
    409,
    412,
    413,
    415,
    423,
    460,
    **SPOKEN,
    Upload_Offset="bytes that have arrived",
    Upload_Checksum="sha1 or sha256",
)
@tus
def append(photo_id: str) -> Response:
    """Bytes from `Upload-Offset` on; they may stop anywhere."""
    if request.mimetype != OCTETS:
        raise Problem(415, "unsupported_media_type")
    upload = photos.append(
        photo_desk(),
        actor().id,
        photo_id.lower(),
        _number("Upload-Offset", least=0),
        request.stream,  # type: ignore[arg-type]
        _checksum(request.headers.get("Upload-Checksum")),
        now_ms,
    )
    return _standing(upload, 204)


@blp.route("/photos/<string:photo_id>", methods=["DELETE"])
@signed_in()
@blp.response(204, headers=TUS_HEADERS)
@_documented(404, 409, 412, 423, **SPOKEN)
@tus
def remove(photo_id: str) -> Response:
    """Give up an upload; refused once it is complete, for it is evidence then."""
    photos.remove(photo_desk(), actor().id, photo_id.lower())
    return Response(status=204)


@blp.route("/photos/<string:photo_id>", methods=["HEAD"])
@signed_in()
@blp.response(200, headers=TUS_HEADERS)
@_documented(404, 412, 422, **SPOKEN)
@tus
def progress(photo_id: str) -> Response:
    """How much of an upload has arrived."""
    return _standing(photos.standing(photo_desk(), actor().id, photo_id.lower()), 200)


@blp.route("/photos/<string:photo_id>", methods=["GET"])
@signed_in()
@blp.arguments(Size, location="query", unknown=RAISE)
@blp.response(200, content_type="image/jpeg")
@_documented(404)
def look(query: dict[str, str], photo_id: str) -> Response:
    """The picture or its thumbnail, for whoever may see what it shows, and for its author unless that became secret."""
    photo, secret = _visible(photo_id.lower())
    etag = f'"{photo.sha256[:32]}-{query["size"]}"'
    if request.headers.get("If-None-Match") == etag:
        response = Response(status=304)
    else:
        data, media_type = _bytes(photo, query["size"])
        response = Response(data, mimetype=media_type)
    response.headers["ETag"] = etag
    # Kept, but never shown without asking: rights to the ticket may have gone since.
    response.headers["Cache-Control"] = "no-store" if secret else "private, no-cache"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _visible(photo_id: str) -> tuple[Photo, bool]:
    """The photo and whether its ticket is confidential; 404 in the same words for foreign and unknown ones."""
    with reading(engine()) as connection:
        photo = photo_rows.find(connection, photo_id)
        ticket = tickets.find(connection, photo.ticket_id) if photo is not None else None
        seen = photo is not None and photo.op_id is not None and _may_see(connection, photo, ticket)
    if photo is None or not photo.received:
        raise Problem(404, "not_found")
    secret = ticket is not None and ticket.confidential
    if not seen and (secret or photo.author != actor().id):
        raise Problem(404, "not_found")
    return photo, secret


def _may_see(connection: Connection, photo: Photo, ticket: Ticket | None) -> bool:
    """Whether the reader may see what the photo was taken of: a ticket, or else an incident."""
    if ticket is not None:
        survivor = tickets.find(connection, ticket.merged_into) if ticket.merged_into else None
        return may_see(actor(), ticket, survivor)
    incident = incidents.find(connection, photo.ticket_id)
    into = incidents.find(connection, incident.merged_into) if incident and incident.merged_into else None
    return incident is not None and may_see_incident(actor(), incident, into)


def _bytes(photo: Photo, size: str) -> tuple[bytes, str]:
    blobs = photo_desk().blobs
    if size == "thumb":
        data = blobs.get(photo.thumb or "")
        media_type = "image/jpeg"
    else:
        data = blobs.get(f"{photo.blob}.shown")
        media_type = "image/jpeg" if data is not None else photo.media_type or "image/jpeg"
        data = data if data is not None else blobs.get(photo.blob or "")
    if data is None:
        raise Problem(404, "not_found")
    return data, media_type


def _standing(upload: Upload, status: int) -> Response:
    response = Response(status=status)
    response.headers["Upload-Offset"] = str(upload.offset)
    response.headers["Upload-Length"] = str(upload.length)
    response.headers["Cache-Control"] = "no-store"
    if upload.photo.expires_at is not None and not upload.photo.received:
        response.headers["Upload-Expires"] = http_date(upload.photo.expires_at / 1000)
    return response


def _metadata(header: str) -> dict[str, str]:
    found = {}
    for pair in filter(None, (each.strip() for each in header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            raise Problem(422, "invalid_args", field=f"Upload-Metadata.{name[:40]}") from None
    return found


def _uuid(metadata: dict[str, str], name: str) -> str:
    try:
        return str(uuid.UUID(metadata.get(name, "")))
    except ValueError:
        raise Problem(422, "invalid_args", field=f"Upload-Metadata.{name}") from None


def _sha256(metadata: dict[str, str]) -> str:
    text = metadata.get("sha256", "").lower()
    if not SHA256.fullmatch(text):
        raise Problem(422, "invalid_args", field="Upload-Metadata.sha256")
    return text


def _number(header: str, least: int) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) >= least):
        raise Problem(422, "invalid_args", field=header)
    return int(text)


def _checksum(header: str | None) -> tuple[str, bytes] | None:
    if header is None:
        return None
    algorithm, _, encoded = header.partition(" ")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if algorithm not in ALGORITHMS or len(digest) != hashlib.new(algorithm).digest_size:
        raise Problem(400, "invalid_args", field="Upload-Checksum")
    return algorithm, digest
