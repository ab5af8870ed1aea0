"""Where photo bytes lie: a folder beside the database, or a bucket of any S3."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sync.log import Unavailable

S3_TIMEOUT_S = 15


class Blobs(Protocol):
    """Bytes by key. Keys are ours (`ab/<photo id>`), never a user's text."""

    def put(self, key: str, data: bytes) -> None:
        """Store durably; the same key again replaces. Raises OSError or Unavailable."""

    def get(self, key: str) -> bytes | None:
        """The bytes, or None if there are none of that key. Raises Unavailable."""


class FolderBlobs:
    """Files below one folder; each is whole or not there at all."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, data: bytes) -> None:
        target = self._root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        made = target.with_name(f"{target.name}.{os.getpid()}.new")
        try:
            with made.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            made.replace(target)
        finally:
            made.unlink(missing_ok=True)
        _sync_folder(target.parent)

    def get(self, key: str) -> bytes | None:
        try:
            return (self._root / key).read_bytes()
        except FileNotFoundError:
            return None


class S3Blobs:
    """Objects of one bucket (Amazon, MinIO, OSS …); the credentials are boto3's own settings.

    boto3 is loaded by who has a bucket: it is 10 MB in each process.
    """

    def __init__(self, bucket: str, endpoint: str, region: str) -> None:
        import boto3
        from botocore.config import Config

        self._bucket = bucket
        timeouts = Config(
            connect_timeout=S3_TIMEOUT_S, read_timeout=S3_TIMEOUT_S, retries={"max_attempts": 3}
        )
        self._client: Any = boto3.client(
            "s3", endpoint_url=endpoint or None, region_name=region or None, config=timeouts
        )

    def put(self, key: str, data: bytes) -> None:
        with _reached():
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data)

    def get(self, key: str) -> bytes | None:
        with _reached():
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key)
            except self._client.exceptions.NoSuchKey:
                return None
            return bytes(answer["Body"].read())


@contextmanager
def _reached() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise Unavailable("photo store") from error


def _sync_folder(folder: Path) -> None:
    """A new name is durable only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
