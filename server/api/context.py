"""What a request stands on: the app's parts and the reader's language."""

from functools import cached_property
from typing import cast

from flask import current_app, g, has_request_context, request
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from server.actions.desk import Desk
from server.actions.operations import Operations
from server.actions.photos import Bounds, PhotoDesk
from server.api.poke_streams import Streams
from server.clock import now_ms
from server.config import Settings
from server.store.blobs import Blobs, FolderBlobs, S3Blobs
from server.store.contacts import Vault
from server.store.oplog import Oplog
from sync.log import Retry, Unavailable

ZH = "zh-CN"
EN = "en"


class Parts:
    """Made once by the application factory and shared by all threads of a process.

    What needs the master key is made at its first use: `flask create-admin` runs before there is one.
    """

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self.settings = settings
        self.engine = engine
        self.started_at_ms = now_ms()

    @cached_property
    def handler(self) -> Operations:
        """What a client's operations mean."""
        return Operations(self.settings.rules)

    @cached_property
    def desk(self) -> Desk:
        """What the server's own operations need."""
        return Desk(self.engine, self.log, self.handler.inside(), Vault(self.settings.secret("contact")))

    @cached_property
    def photo_desk(self) -> PhotoDesk:
        """What photos need."""
        told = self.settings
        bounds = Bounds(
            told.photo_bytes_max, told.photo_pixels_max, told.photo_unnamed_max, told.photo_unnamed_h
        )
        return PhotoDesk(self.desk, told.data / "uploads", blobs_for(told), bounds)

    @cached_property
    def streams(self) -> Streams:
        """Open event streams; never more than a quarter of the threads."""
        return Streams(self.log, max(1, self.settings.threads // 4))

    @cached_property
    def log(self) -> Oplog:
        return Oplog(self.engine, self.settings.secret("sync"))

    def epoch(self) -> str:
        """The epoch of the data as this process saw it last; empty while the database was never reached."""
        try:
            return self.log.epoch()
        except (SQLAlchemyError, Unavailable, Retry):
            return ""


def blobs_for(settings: Settings) -> Blobs:
    """Where these settings keep photos."""
    if settings.s3_bucket:
        return S3Blobs(settings.s3_bucket, settings.s3_endpoint, settings.s3_region)
    return FolderBlobs(settings.data / "photos")


def parts() -> Parts:
    return cast("Parts", current_app.extensions["jiban"])


def settings() -> Settings:
    return parts().settings


def engine() -> Engine:
    return parts().engine


def log() -> Oplog:
    return parts().log


def handler() -> Operations:
    return parts().handler


def desk() -> Desk:
    return parts().desk


def photo_desk() -> PhotoDesk:
    return parts().photo_desk


def secret(purpose: str) -> bytes:
    """32 bytes for one purpose, from the installation's master key."""
    return parts().settings.secret(purpose)


def language() -> str:
    """`en` if the reader asks for English before Chinese, else `zh-CN`."""
    if not has_request_context():
        return ZH
    if "language" not in g:
        asked = request.accept_languages.best_match(["zh-CN", "zh", "en"], default=ZH)
        g.language = EN if asked == "en" else ZH
    return cast("str", g.language)
