"""Read and write secrets in local files that only their owner may read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from groundwork_core.errors import NotFound, Unavailable

SCHEME = "file:"
PRIVATE = 0o600
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SecretFiles:
    """Implements `groundwork_core.identity.ports.Secrets`; a secret's id is a file: URL."""

    def read(self, secret_id: str) -> str:
        """Return a secret's text.

        Raises:
            NotFound: the file does not exist.
            Unavailable: the file cannot be read, or other users may read it.
        """
        try:
            with _path(secret_id).open(encoding="utf-8") as file:
                if os.fstat(file.fileno()).st_mode & OTHERS:
                    raise Unavailable("Other users may read the secret's file: chmod 600 it.")
                return file.read()
        except FileNotFoundError:
            raise NotFound("The secret does not exist.") from None
        except OSError as error:
            raise Unavailable("The secret's file cannot be read.") from error

    def write(self, secret_id: str, text: str) -> None:
        """Set a secret's text atomically.

        Raises:
            Unavailable: the file cannot be written.
        """
        path = _path(secret_id)
        draft = path.with_name(f".{path.name}.{uuid4().hex}")
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise Unavailable("The secret's file cannot be written.") from error


def _path(secret_id: str) -> Path:
    parts = urlsplit(secret_id)
    if f"{parts.scheme}:" != SCHEME or parts.netloc or not parts.path.startswith("/"):
        raise NotFound("The secret does not exist.")
    return Path(unquote(parts.path))
