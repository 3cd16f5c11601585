"""Write the exports that wait, and remove the files of old ones."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import timedelta

from chalice.app import CloudWatchEvent

from groundwork_runtime import metrics
from groundwork_runtime.events import EventApp, remaining_seconds
from groundwork_runtime.wiring import wiring

log = logging.getLogger(__name__)
handler = EventApp("exports")

CLEANING_MINUTE = 17
"""Files are removed once an hour, not in the minutes that most schedules name."""


@handler.schedule("rate(1 minute)")
def every_minute(event: CloudWatchEvent) -> dict[str, int]:
    """Write one export after the other, while there is time for a whole one."""
    parts = wiring()
    ran = parts.run_exports(lambda: remaining_seconds(event))
    if ran.succeeded or ran.failed:
        log.info("exported", extra=asdict(ran))
    # Zeros too: a counter that appears with its first failure shows no increase.
    metrics.emit("ExportsSucceeded", ran.succeeded)
    metrics.emit("ExportsFailed", ran.failed)
    metrics.emit("ExportedRows", ran.rows)
    now = parts.database_clock.now()
    removed = 0
    if now.minute == CLEANING_MINUTE:
        removed = parts.export_files.remove_before(now - timedelta(days=parts.settings.export_days))
    return asdict(ran) | {"removed": removed}
