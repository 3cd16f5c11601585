"""Files of exports: in memory, in a folder, and in a bucket of an S3 over HTTP (MiniStack)."""

import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import boto3
import pytest

from groundwork_command.emulator_bootstrap import make_bucket
from groundwork_command.services.home import Home
from groundwork_core.errors import NotFound, Unavailable
from groundwork_core.exports.ports import ExportFiles
from groundwork_core.ids import first_id
from groundwork_data.aws.clients import s3
from groundwork_data.aws.export_bucket import BucketFiles
from groundwork_data.export_folder import FolderFiles

from ..fakes.export_files import MemoryFiles
from ..plain_ministack import started

BUCKET = "groundwork-exports"
REGION = "eu-central-1"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=40)


def folder_of(moment_id: UUID, attempt: int = 1) -> str:
    return f"exports/{moment_id}-{attempt}/"


def bucket_client(endpoint: str) -> Any:
    session = boto3.session.Session()
    return session.client("s3", endpoint_url=endpoint, region_name=REGION)


@pytest.fixture(scope="module")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = Home(tmp_path_factory.mktemp("s3"))
    home.prepare()
    service, endpoint = started(home, "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        assert make_bucket(bucket_client(endpoint), BUCKET, REGION)
        yield endpoint
    service.stop(patience_seconds=10)


@pytest.fixture(params=["memory", "folder", "bucket"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> ExportFiles:
    if request.param == "memory":
        return MemoryFiles()
    if request.param == "folder":
        return FolderFiles(tmp_path / "there" / "not yet")
    endpoint: str = request.getfixturevalue("s3_endpoint")
    store = BucketFiles(lambda: s3(REGION, endpoint), BUCKET)
    store.remove("exports/")
    return store


def test_a_bucket_that_is_there_stays_as_it_is(s3_endpoint: str) -> None:
    client = bucket_client(s3_endpoint)
    client.put_object(Bucket=BUCKET, Key="other", Body=b"kept")
    assert not make_bucket(client, BUCKET, REGION)
    assert client.get_object(Bucket=BUCKET, Key="other")["Body"].read() == b"kept"


def test_a_stored_file_can_be_read_and_replaced(files: ExportFiles) -> None:
    folder = folder_of(first_id(NOW))
    files.put(folder + "part-00000.ndjson.gz", b"\x1f\x8b\x00first")
    files.put(folder + "part-00000.ndjson.gz", b"\x1f\x8b\x00second")
    assert files.read(folder + "part-00000.ndjson.gz") == b"\x1f\x8b\x00second"


def test_a_file_that_was_never_stored_is_not_found(files: ExportFiles) -> None:
    with pytest.raises(NotFound):
        files.read(folder_of(first_id(NOW)) + "manifest.json")


def test_removing_a_folder_of_files_keeps_others(files: ExportFiles) -> None:
    gone, kept = folder_of(first_id(NOW), 1), folder_of(first_id(NOW), 2)
    for folder in (gone, kept):
        for name in ("part-00000.ndjson.gz", "manifest.json"):
            files.put(folder + name, b"x")
    files.remove(gone)
    files.remove(gone)
    assert files.read(kept + "manifest.json") == b"x"
    with pytest.raises(NotFound):
        files.read(gone + "part-00000.ndjson.gz")


def test_old_runs_are_removed_by_their_ids(files: ExportFiles) -> None:
    old, new = folder_of(first_id(LONG_AGO)), folder_of(first_id(NOW))
    for folder in (old, new):
        files.put(folder + "manifest.json", b"x")
    assert files.remove_before(NOW - timedelta(days=30)) == 1
    assert files.remove_before(NOW - timedelta(days=30)) == 0
    assert files.read(new + "manifest.json") == b"x"
    with pytest.raises(NotFound):
        files.read(old + "manifest.json")


def test_an_address_needs_no_key(s3_endpoint: str) -> None:
    store = BucketFiles(lambda: s3(REGION, s3_endpoint), BUCKET)
    key = folder_of(first_id(NOW)) + "part-00000.ndjson.gz"
    store.put(key, b"\x1f\x8b\x00content")
    address = store.address(key, 60)
    assert address is not None
    assert "X-Amz-Expires=60" in address
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - the emulator's
        assert answer.read() == b"\x1f\x8b\x00content"


def test_a_store_in_a_folder_has_no_addresses_and_leaves_no_partial_files(tmp_path: Path) -> None:
    store = FolderFiles.at((tmp_path / "an é").as_uri())
    key = folder_of(first_id(NOW)) + "manifest.json"
    store.put(key, b"x")
    assert store.address(key, 60) is None
    assert [one.name for one in (tmp_path / "an é").rglob("*") if one.is_file()] == [
        "manifest.json"
    ]


def test_a_refusal_of_the_store_names_its_reason(s3_endpoint: str, tmp_path: Path) -> None:
    nowhere = BucketFiles(lambda: s3(REGION, s3_endpoint), "no-such-bucket-anywhere")
    away = BucketFiles(lambda: s3(REGION, "http://127.0.0.1:9"), BUCKET)
    (tmp_path / "file").touch()
    cases: list[tuple[ExportFiles, str]] = [
        (nowhere, "NoSuchBucket"),
        (away, "cannot be reached"),
        (FolderFiles(tmp_path / "file"), "File exists"),
    ]
    for store, reason in cases:
        with pytest.raises(Unavailable, match=reason):
            store.put(folder_of(first_id(NOW)) + "manifest.json", b"x")
