"""Show an export, with an address for each of its files."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import Field

from groundwork_core.caller import Caller
from groundwork_core.clock import Clock
from groundwork_core.errors import Conflict, NotFound
from groundwork_core.exports.model import (
    ExportFacts,
    ExportFile,
    ExportManifest,
    FileFacts,
    permission_to_read,
)
from groundwork_core.exports.ports import ExportFiles, ExportsWork

FAILED = "This export failed; its run says why."
ADDRESS_SECONDS = 300
"""Seconds for which an address of a file is valid; a download that has begun continues."""


class ExportedFile(FileFacts):
    """One file: gzip, one JSON object a line."""

    url: str = Field(
        description="Download it from there. A path of this API needs your token; any other "
        "address needs none, and is valid until `expires_at`."
    )


class ShownExport(ExportFacts):
    """A finished export with addresses of its files."""

    files: list[ExportedFile]
    expires_at: datetime = Field(
        description="When the addresses expire; request the export again for new ones."
    )


def show_export(
    run_id: UUID, *, by: Caller, work: ExportsWork, clock: Clock, files: ExportFiles
) -> ShownExport:
    """Return an export with addresses of its files.

    Raises:
        NotFound: there is no such export, or its files were removed.
        Conflict: it still runs, or failed.
        Forbidden: the caller may not read these rows.
        Unavailable: the store cannot be reached or refuses.
    """
    manifest = _manifest(run_id, by, work, files)
    expires_at = clock.now() + timedelta(seconds=ADDRESS_SECONDS)
    return ShownExport(
        **manifest.model_dump(include=set(ExportFacts.model_fields)),
        files=[
            ExportedFile(
                url=files.address(one.key, ADDRESS_SECONDS)
                or f"/api/v1/exports/{run_id}/files/{number}",
                **one.model_dump(exclude={"key"}),
            )
            for number, one in enumerate(manifest.files)
        ],
        expires_at=expires_at,
    )


def file_of_export(
    run_id: UUID, number: int, *, by: Caller, work: ExportsWork, files: ExportFiles
) -> ExportFile:
    """Return one file of an export, counted from 0. Raises as `show_export`."""
    listed = _manifest(run_id, by, work, files).files
    if not 0 <= number < len(listed):
        raise NotFound("This export has no such file.")
    return listed[number]


def _manifest(run_id: UUID, by: Caller, work: ExportsWork, files: ExportFiles) -> ExportManifest:
    with work:
        run = work.exports.find(run_id)
    shown = run.result.get("export") if run is not None and run.result is not None else None
    if run is None or not isinstance(shown, dict):
        raise NotFound("This export does not exist.")
    by.must(permission_to_read(str(shown["resource"])))
    if run.status != "succeeded":
        raise Conflict("This export still runs." if run.status == "running" else FAILED)
    try:
        return ExportManifest.model_validate_json(files.read(str(shown["key"])))
    except NotFound:
        raise NotFound(
            "The files of this export were removed, as they are after some days."
        ) from None
