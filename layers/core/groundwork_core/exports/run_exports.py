"""Run the exports that wait: one at a time, each with its own time limit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from pydantic import JsonValue

from groundwork_core.clock import Clock
from groundwork_core.errors import Conflict, Forbidden, GroundworkError, LeaseLost, TookTooLong
from groundwork_core.exports.model import (
    MANIFEST,
    ExportManifest,
    RunningExport,
    permission_to_read,
)
from groundwork_core.exports.ports import AccountOf, ExportEnd, ExportFiles, ExportsWork, Snapshots
from groundwork_core.exports.write_files import write_files

log = logging.getLogger(__name__)

EXPORT_SECONDS = 780
"""The longest time of one export. Lambda stops a function after 900 s."""
END_SECONDS = 30
"""Kept free for the manifest and the end of a run."""
LEASE_SECONDS = 300
"""Longer than the store's retries of one file take."""
LOOK_SECONDS = 20
"""A claim is extended when so much of it has passed."""
MOST_ATTEMPTS = 3
"""Claims of an export whose workers were killed, before it is failed."""
TAKEN_OVER = "The export was taken over, or its schedule was deleted."
OVERLAP = timedelta(hours=1)
"""Rows that changed this long before the last snapshot are exported again, because a transaction
that began before the snapshot may commit after it."""


@dataclass(frozen=True, slots=True)
class ExportsRun:
    """Numbers of exports that succeeded and failed, and of the rows written."""

    succeeded: int = 0
    failed: int = 0
    rows: int = 0


class RunExports:
    """Runs exports with the rights that their makers have now."""

    def __init__(
        self,
        *,
        work: ExportsWork,
        clock: Clock,
        snapshots: Snapshots,
        files: ExportFiles,
        account_of: AccountOf,
    ) -> None:
        """`clock` is the clock of the database, which claims use as well."""
        self._work = work
        self._clock = clock
        self._snapshots = snapshots
        self._files = files
        self._account_of = account_of

    def __call__(self, seconds_left: Callable[[], float]) -> ExportsRun:
        """Run exports while another one surely has its whole time."""
        succeeded = failed = rows = 0
        while seconds_left() >= EXPORT_SECONDS + END_SECONDS:
            export = self._claim()
            if export is None:
                break
            manifest = self._run(export, seconds_left)
            succeeded += manifest is not None
            failed += manifest is None
            rows += manifest.rows if manifest else 0
        return ExportsRun(succeeded, failed, rows)

    def _claim(self) -> RunningExport | None:
        now = self._clock.now()
        with self._work as work:
            return work.exports.claim(now, now + timedelta(seconds=LEASE_SECONDS))

    def _run(
        self, export: RunningExport, seconds_left: Callable[[], float]
    ) -> ExportManifest | None:
        """Run one export; return its manifest, or None: it failed, and the run says why."""
        self._remove(export, range(1, export.attempt))
        try:
            return self._write(export, seconds_left)
        except LeaseLost as lost:
            log.warning(
                "an export stopped", extra={"run": str(export.run_id), "detail": lost.detail}
            )
            self._remove(export, (export.attempt,))
        except GroundworkError as error:
            self._fail(export, type(error).__name__.lower(), error.detail)
        except Exception:
            log.exception("an export broke", extra={"run": str(export.run_id)})
            self._fail(export, "internal", "The export broke; the log of Exports says why.")
        return None

    def _write(self, export: RunningExport, seconds_left: Callable[[], float]) -> ExportManifest:
        """Write one export and store that it succeeded. Raises what stopped it."""
        if export.attempt > MOST_ATTEMPTS:
            raise Conflict(f"The export was interrupted {MOST_ATTEMPTS} times.")
        self._check_rights(export)
        with self._work as work:
            last = work.exports.last_snapshot(export.schedule_id, export.resource)
        manifest = write_files(
            export,
            last - OVERLAP if last and export.changed_only else None,
            snapshots=self._snapshots,
            files=self._files,
            go_on=self._look(export, seconds_left),
        )
        shown = manifest.summary(export.folder + MANIFEST)
        with self._work as work:
            kept = work.exports.end(export, ExportEnd("succeeded", result={"export": shown}))
        if not kept:
            raise LeaseLost(TAKEN_OVER)
        return manifest

    def _check_rights(self, export: RunningExport) -> None:
        account = self._account_of(export.made_by) if export.made_by else None
        needed = permission_to_read(export.resource)
        if account is None or not account.active or needed not in account.permissions:
            raise Forbidden(f"The account that set this action lacks the permission {needed} now.")

    def _look(
        self, export: RunningExport, seconds_left: Callable[[], float]
    ) -> Callable[[int], None]:
        """Return what extends the claim now and then, and stops the export at its limits."""
        begun = extended = seconds_left()

        def look(rows: int) -> None:
            nonlocal extended
            left = seconds_left()
            if begun - left > EXPORT_SECONDS:
                raise TookTooLong(
                    f"An export may take {EXPORT_SECONDS} s; this one had {rows} rows by then."
                )
            if extended - left < LOOK_SECONDS:
                return
            extended = left
            until = self._clock.now() + timedelta(seconds=LEASE_SECONDS)
            with self._work as work:
                held = work.exports.extend(export, until)
            if not held:
                raise LeaseLost(TAKEN_OVER)

        return look

    def _fail(self, export: RunningExport, kind: str, text: str) -> None:
        """Store a failure, and remove the files. Raises Unavailable: no database."""
        error: dict[str, JsonValue] = {"class": kind, "message": text[:500]}
        log.warning("an export failed", extra={"run": str(export.run_id), "detail": text})
        with self._work as work:
            kept = work.exports.end(export, ExportEnd("failed", error=error))
        # Otherwise the success was stored, though its confirmation was lost: keep the files.
        if kept:
            self._remove(export, (export.attempt,))

    def _remove(self, export: RunningExport, attempts: Iterable[int]) -> None:
        """Remove files of failed attempts; retention removes those that cannot be removed now."""
        try:
            for attempt in attempts:
                self._files.remove(f"{export.folder.rpartition('-')[0]}-{attempt}/")
        except GroundworkError as error:
            log.warning("files of an export stay", extra={"detail": error.detail})
