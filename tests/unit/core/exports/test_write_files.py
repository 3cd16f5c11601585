"""The files of an export: what each holds, and that the manifest comes last."""

import gzip
import hashlib
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest

from groundwork_core.errors import Unavailable
from groundwork_core.exports import write_files as module
from groundwork_core.exports.model import ExportManifest, ExportRows, RunningExport
from groundwork_core.exports.ports import Snapshot
from groundwork_core.exports.resources import EXPORTABLE
from groundwork_core.exports.write_files import write_files
from groundwork_core.resources.resource import Resource

from ....fakes.export_files import MemoryFiles

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
EXPORT = RunningExport(UUID(int=1), UUID(int=2), 1, "documents", changed_only=False, made_by=None)


class Rows:
    """A snapshot of made rows, which are made while they are read."""

    def __init__(self, number: int, length: int = 10) -> None:
        self.number = number
        self._length = length

    @contextmanager
    def of(self, resource: Resource, since: datetime | None) -> Iterator[Snapshot]:
        yield Snapshot(AT, iter(self))

    def __iter__(self) -> Iterator[str]:
        chance = random.Random(7)  # noqa: S311 - the same at each run
        for number in range(self.number):
            yield json.dumps({"id": number, "text": chance.randbytes(self._length).hex()})


def write(rows: Rows, files: MemoryFiles) -> ExportManifest:
    return write_files(EXPORT, None, snapshots=rows, files=files, go_on=lambda _: None)


def test_export_files_are_closed_at_their_size_and_hold_all_rows_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FILE_BYTES", 100_000)
    rows, files = Rows(2_000, 500), MemoryFiles()
    manifest = write(rows, files)
    assert len(manifest.files) > 5
    assert all(100_000 <= one.bytes < 200_000 for one in manifest.files[:-1])
    read = [gzip.decompress(files.files[one.key]).decode() for one in manifest.files]
    assert "".join(read).splitlines() == list(rows)
    assert [text.count("\n") for text in read] == [one.rows for one in manifest.files]
    for one in manifest.files:
        assert one.sha256 == hashlib.sha256(files.files[one.key]).hexdigest()
    assert (manifest.rows, manifest.bytes) == (2_000, sum(one.bytes for one in manifest.files))


def test_the_manifest_is_the_last_file_and_says_what_was_returned() -> None:
    files = MemoryFiles()
    manifest = write(Rows(3), files)
    *_, last = files.files
    assert last == EXPORT.folder + "manifest.json"
    assert ExportManifest.model_validate_json(files.files[last]) == manifest
    assert (manifest.snapshot_at, manifest.since) == (AT, None)


def test_no_rows_are_a_manifest_without_files() -> None:
    files = MemoryFiles()
    assert write(Rows(0), files).files == []
    assert list(files.files) == [EXPORT.folder + "manifest.json"]


def test_a_store_that_fails_during_an_export_has_no_manifest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FILE_BYTES", 10_000)
    files = MemoryFiles(room=2)
    with pytest.raises(Unavailable):
        write(Rows(500, 500), files)
    assert [key[-20:] for key in files.files] == ["part-00000.ndjson.gz", "part-00001.ndjson.gz"]


def test_equal_rows_make_equal_files() -> None:
    first, second = MemoryFiles(), MemoryFiles()
    write(Rows(100), first)
    write(Rows(100), second)
    assert first.files == second.files


def test_each_resource_that_can_be_exported_has_its_definition() -> None:
    named = ExportRows.model_fields["resource"].annotation
    assert set(EXPORTABLE) == set(named.__args__)  # type: ignore[union-attr]
    assert all(resource.owner is None for resource in EXPORTABLE.values())
