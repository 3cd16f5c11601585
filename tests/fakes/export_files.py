"""The files of exports in memory."""

from datetime import datetime
from uuid import UUID

from groundwork_core.errors import NotFound, Unavailable
from groundwork_core.ids import first_id


class MemoryFiles:
    """`room` is how many files it takes before it refuses; None: any number."""

    def __init__(self, room: int | None = None, *, at: str | None = None) -> None:
        """`at` is the beginning of addresses; None: there are none."""
        self.files: dict[str, bytes] = {}
        self.room = room
        self._at = at

    def put(self, key: str, content: bytes) -> None:
        if self.room is not None and len(self.files) >= self.room:
            raise Unavailable("The store is full.")
        self.files[key] = content

    def read(self, key: str) -> bytes:
        if key not in self.files:
            raise NotFound("This file does not exist.")
        return self.files[key]

    def address(self, key: str, valid_seconds: int) -> str | None:
        return None if self._at is None else f"{self._at}{key}?seconds={valid_seconds}"

    def remove(self, folder: str) -> None:
        for key in [key for key in self.files if key.startswith(folder)]:
            del self.files[key]

    def remove_before(self, moment: datetime) -> int:
        old = [key for key in self.files if UUID(key.split("/")[1][:36]) < first_id(moment)]
        for key in old:
            del self.files[key]
        return len(old)
