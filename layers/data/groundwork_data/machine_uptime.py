"""The uptime of this machine, by a clock that cannot be set."""

from __future__ import annotations

import time
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def machine_uptime() -> tuple[str, float]:
    """Return an id of this machine's start, and the seconds since, including suspension.

    On systems other than Linux the id is empty.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    try:
        boot = BOOT_ID.read_text().strip()
    except OSError:
        return "", 0.0
    return ("", 0.0) if clock is None else (boot, time.clock_gettime(clock))
