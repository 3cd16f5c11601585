"""The API for workers among our functions: with a key, like workers of other teams."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.base import BaseParts

if TYPE_CHECKING:
    from groundwork_client import Client

RETRY_SECONDS = 8.0
"""The time for which a call is tried again; then the queue delivers its message later."""
WORKER = "reference_extractor/2"


class WorkerClient:
    """The client of the API; its key is read at the first use."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        """`connect` reads the key and returns a client."""
        self._connect = connect
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        """The client. Raises NotFound or Unavailable if the key cannot be read."""
        if self._client is None:
            self._client = self._connect()
        return self._client

    def renew(self) -> None:
        """Read the key again at the next use, because it was refused."""
        if self._client is not None:
            self._client.close()
        self._client = None


class WorkerParts(BaseParts):
    """The API for workers among our functions."""

    @cached_property
    def worker_client(self) -> WorkerClient:
        """The client of the built-in worker, with its key from the secret store."""

        def connect() -> Client:
            from groundwork_client import Client

            settings = self.settings
            key = self.secrets.read(settings.worker_key_secret_id).strip()
            return Client(settings.api_url, key, worker=WORKER, retry_seconds=RETRY_SECONDS)

        return WorkerClient(connect)
