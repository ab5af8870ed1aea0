"""Photo bytes in a folder or in a bucket: the same promises."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from server.store.blobs import Blobs, FolderBlobs, S3Blobs
from sync.log import Unavailable

KEY = "ab/0197f3a2-0000-7000-8000-0000000000ab"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Blobs]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="photos")
        yield S3Blobs("photos", "", "us-east-1")


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return FolderBlobs(tmp_path)
    made: S3Blobs = request.getfixturevalue("bucket")
    return made


def test_what_was_put_is_got_and_the_same_key_again_replaces(blobs: Blobs) -> None:
    assert blobs.get(KEY) is None
    blobs.put(KEY, b"one")
    blobs.put(f"{KEY}.thumb", b"small")
    assert (blobs.get(KEY), blobs.get(f"{KEY}.thumb")) == (b"one", b"small")
    blobs.put(KEY, b"two")
    assert blobs.get(KEY) == b"two"


def test_a_bucket_that_cannot_be_used_is_unavailable_and_no_empty_photo(bucket: S3Blobs) -> None:
    gone = S3Blobs("no-such-bucket", "", "us-east-1")
    with pytest.raises(Unavailable):
        gone.put(KEY, b"one")
    with pytest.raises(Unavailable):
        gone.get(KEY)
    assert bucket.get(KEY) is None
