"""Store the files of exports in a folder of this machine."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from uuid import UUID

from groundwork_core.errors import NotFound, Unavailable
from groundwork_core.exports.model import EXPORTS
from groundwork_core.ids import first_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

SCHEME = "file:"
PRIVATE_FOLDER = 0o700


class FolderFiles:
    """Implements `ExportFiles`; only this process's user may read the files."""

    def __init__(self, folder: Path) -> None:
        """`folder` is created with the first file."""
        self._folder = folder

    @classmethod
    def at(cls, url: str) -> FolderFiles:
        """Return the store in the folder of a `file:` URL."""
        return cls(Path(unquote(urlsplit(url).path)))

    def put(self, key: str, content: bytes) -> None:
        """Store a file: written beside its place, then moved there."""
        path = self._folder / key
        with _as_unavailable():
            self._folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(path.name + ".unfinished")
            with unfinished.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)

    def read(self, key: str) -> bytes:
        """Return a file's content. Raises NotFound: it is not there."""
        with _as_unavailable():
            try:
                return (self._folder / key).read_bytes()
            except FileNotFoundError:
                raise NotFound("This file does not exist.") from None

    def address(self, key: str, valid_seconds: int) -> str | None:  # noqa: ARG002 - a port's signature
        """Return None: the API sends the content."""
        return None

    def remove(self, folder: str) -> None:
        """Remove a folder of files."""
        with _as_unavailable():
            path = self._folder / folder
            if path.exists():
                shutil.rmtree(path)

    def remove_before(self, moment: datetime) -> int:
        """Remove the folders of runs that began before a time; their ids say when."""
        removed = 0
        bound = first_id(moment)
        with _as_unavailable():
            root = self._folder / EXPORTS
            for folder in sorted(root.iterdir()) if root.exists() else ():
                if UUID(folder.name[:36]) < bound:
                    removed += sum(1 for _ in folder.iterdir())
                    shutil.rmtree(folder)
        return removed


@contextmanager
def _as_unavailable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unavailable(f"The folder of exports cannot be used: {reason}.") from error
