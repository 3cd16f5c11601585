"""An export's request, and the files that it has written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from groundwork_core.resources.resource import Input

ExportedResource = Literal[
    "contents",
    "distributions",
    "documents",
    "embeddings",
    "engagements",
    "entities",
    "mentions",
    "relationships",
    "sources",
]
"""Resources that can be exported: those whose rows belong to no user."""
WITHOUT_CHANGES = frozenset({"mentions"})
"""Resources whose rows have no time of change."""
MANIFEST = "manifest.json"
EXPORTS = "exports/"
"""Prefix of the keys of all files of exports."""

ExportContract = Literal["groundwork/export/1"]


class ExportRows(Input):
    """Export the rows of a resource."""

    resource: ExportedResource
    changed_only: bool = Field(
        default=False,
        description="Only rows that were created or changed since the last successful export of "
        "this schedule, or in the hour before it; the first export has all rows. Deleted rows "
        "are not listed.",
    )

    @model_validator(mode="after")
    def _can_tell_changes(self) -> ExportRows:
        if self.changed_only and self.resource in WITHOUT_CHANGES:
            message = f"{self.resource} have no time of change; export all of them"
            raise ValueError(message)
        return self

    @property
    def permission(self) -> str:
        """The permission to read these rows over the API."""
        return permission_to_read(self.resource)


def permission_to_read(resource: str) -> str:
    """Return the permission that lists of a resource need."""
    return f"{'documents' if resource == 'mentions' else resource}:read"


@dataclass(frozen=True, slots=True)
class RunningExport:
    """An export that is claimed by one worker."""

    run_id: UUID
    schedule_id: UUID
    attempt: int
    """1 for the first; each has a folder of its own."""
    resource: ExportedResource
    changed_only: bool
    made_by: UUID | None
    """The account that set the schedule's action."""

    @property
    def folder(self) -> str:
        """Prefix of the keys of this attempt's files."""
        return f"{EXPORTS}{self.run_id}-{self.attempt}/"


class FileFacts(BaseModel):
    """Size and checksum of one file: gzip, one JSON object a line."""

    model_config = ConfigDict(defer_build=True)

    rows: int
    bytes: int = Field(description="Size of the compressed file.")
    sha256: str = Field(description="SHA-256 of the compressed file, in hexadecimal.")


class ExportFile(FileFacts):
    """One file of an export: gzip, one JSON object a line."""

    key: str


class ExportFacts(BaseModel):
    """The rows that an export holds."""

    model_config = ConfigDict(defer_build=True)

    run_id: UUID
    schedule_id: UUID
    resource: ExportedResource
    snapshot_at: datetime = Field(
        description="The time of the snapshot that all rows were read from."
    )
    since: datetime | None = Field(description="Only rows changed from then on; null: all rows.")
    rows: int
    bytes: int = Field(description="Sum of the files' sizes.")


class ExportManifest(ExportFacts):
    """The last file that an export writes; it lists the others."""

    contract: ExportContract = "groundwork/export/1"
    files: list[ExportFile] = Field(description="In the order of the rows' ids.")

    def summary(self, key: str) -> dict[str, JsonValue]:
        """Return what the run shows; `key` is that of this manifest."""
        shown = self.model_dump(
            mode="json", include={"resource", "snapshot_at", "since", "rows", "bytes"}
        )
        return {"key": key, "files": len(self.files), **shown}
