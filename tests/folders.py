"""Folders for the state of services, in memory if there is enough of it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

MEMORY_BYTES = 3 * 1024**3
"""A worker fills 0.2 GiB at most; its services and the tests themselves need the rest."""


@contextmanager
def state_folder(prefix: str) -> Iterator[Path]:
    """A new folder for the length of a `with` block; its services must have ended by then."""
    folder = new_state_folder(prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_state_folder(prefix: str) -> Path:
    """Create a folder that the caller removes.

    Not in pytest's own folder, which pytest closes to the user that PostgreSQL runs as.
    """
    return Path(tempfile.mkdtemp(prefix=prefix, dir=_memory()))


def _memory() -> Path | None:
    """Return a folder in memory if there is enough of it; None: use the disk.

    A database has 700 files: on a disk they take longer to make than most tests take.
    """
    memory = Path("/dev/shm")  # noqa: S108 - a folder of a made-up name within it
    if not os.access(memory, os.W_OK):
        return None
    free = min(shutil.disk_usage(memory).free, psutil.virtual_memory().available)
    return memory if free > MEMORY_BYTES else None
