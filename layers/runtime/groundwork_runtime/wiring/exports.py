"""Exports: where their files are, what reads the rows, whose rights count."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.base import BaseParts

if TYPE_CHECKING:
    from groundwork_core.exports.ports import ExportFiles
    from groundwork_core.exports.run_exports import RunExports


class ExportParts(BaseParts):
    """Exports: where their files are, what reads the rows, whose rights count."""

    @cached_property
    def export_files(self) -> ExportFiles:
        """The files of exports: in a folder or a bucket, as the setting says.

        Raises:
            Unavailable: no place is configured.
        """
        from groundwork_core.errors import Unavailable
        from groundwork_data.export_folder import SCHEME, FolderFiles

        settings = self.settings
        if not settings.export_bucket:
            raise Unavailable("Exports have no place: EXPORT_BUCKET is not set.")
        if settings.export_bucket.startswith(SCHEME):
            return FolderFiles.at(settings.export_bucket)
        from groundwork_data.aws import clients
        from groundwork_data.aws.export_bucket import BucketFiles

        region, endpoint = settings.region, settings.s3_endpoint_url or settings.aws_endpoint_url
        return BucketFiles(lambda: clients.s3(region, endpoint), settings.export_bucket)

    @cached_property
    def run_exports(self) -> RunExports:
        """Runs the exports that wait."""
        from groundwork_core.exports.run_exports import EXPORT_SECONDS, RunExports
        from groundwork_data.postgres.callers import PostgresCallers
        from groundwork_data.postgres.snapshots import PostgresSnapshots

        return RunExports(
            work=self.work(),
            clock=self.database_clock,
            snapshots=PostgresSnapshots(self.new_database, EXPORT_SECONDS),
            files=self.export_files,
            account_of=PostgresCallers(self.database).account_state,
        )
