"""Write the rows of one export into files."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from io import BytesIO

from groundwork_core.exports.model import MANIFEST, ExportFile, ExportManifest, RunningExport
from groundwork_core.exports.ports import ExportFiles, Snapshot, Snapshots
from groundwork_core.exports.resources import EXPORTABLE

FILE_BYTES = 4_000_000
"""A file is closed at this compressed size: a response of the API may have 6 MB in Base64."""
ROWS_BETWEEN_LOOKS = 1_000


def write_files(
    export: RunningExport,
    since: datetime | None,
    *,
    snapshots: Snapshots,
    files: ExportFiles,
    go_on: Callable[[int], None],
) -> ExportManifest:
    """Write all rows of one moment, then the manifest. Without a manifest there is no export.

    Memory holds one compressed file and one row.

    Args:
        export: what is exported, and where to.
        since: only rows that were changed from then on; None: all.
        snapshots: reads the rows.
        files: stores the files.
        go_on: called with the number of rows before each file and after each 1,000 rows; it raises
            to stop.

    Raises:
        Unavailable: the database or the store is away, or refuses.
    """
    with snapshots.of(EXPORTABLE[export.resource], since) as snapshot:
        written = list(_written(export, snapshot, files, go_on))
    manifest = ExportManifest(
        run_id=export.run_id,
        schedule_id=export.schedule_id,
        resource=export.resource,
        snapshot_at=snapshot.at,
        since=since,
        rows=sum(one.rows for one in written),
        bytes=sum(one.bytes for one in written),
        files=written,
    )
    go_on(manifest.rows)
    files.put(export.folder + MANIFEST, manifest.model_dump_json().encode())
    return manifest


def _written(
    export: RunningExport, snapshot: Snapshot, files: ExportFiles, go_on: Callable[[int], None]
) -> Iterator[ExportFile]:
    earlier = 0
    for number, (content, rows) in enumerate(_compressed(snapshot.rows, go_on)):
        earlier += rows
        go_on(earlier)
        key = f"{export.folder}part-{number:05}.ndjson.gz"
        files.put(key, content)
        yield ExportFile(
            key=key,
            rows=rows,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )


def _compressed(rows: Iterator[str], go_on: Callable[[int], None]) -> Iterator[tuple[bytes, int]]:
    """Yield the content of each file, and its number of rows. No rows: no file."""
    count = 0
    buffer = BytesIO()
    file = _new(buffer)
    for total, row in enumerate(rows, 1):
        file.write(row.encode() + b"\n")
        count += 1
        if total % ROWS_BETWEEN_LOOKS == 0:
            go_on(total)
        if buffer.tell() >= FILE_BYTES:
            file.close()
            yield buffer.getvalue(), count
            count, buffer = 0, BytesIO()
            file = _new(buffer)
    file.close()
    if count:
        yield buffer.getvalue(), count


def _new(buffer: BytesIO) -> gzip.GzipFile:
    # Without a time, equal rows make equal files.
    return gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=6, mtime=0)
