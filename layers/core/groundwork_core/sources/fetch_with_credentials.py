"""Fetch sources with their credentials; one whose credentials are unreadable is not fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from groundwork_core.encryption.ports import Encryption
from groundwork_core.errors import SecretUnreadable
from groundwork_core.sources.credentials import SecretHeader, place_of, secret_header
from groundwork_core.sources.fetch_outcome import Download, Failed, Failure, FetchRequest
from groundwork_core.sources.model import WatchedSource
from groundwork_core.sources.ports import Fetcher


class SourceSecrets:
    """The credentials of a batch of sources."""

    def __init__(self, encrypted: Mapping[UUID, str], encryption: Encryption) -> None:
        """`encrypted` has those of sources with credentials."""
        self._encrypted = encrypted
        self._encryption = encryption

    def of(self, source: WatchedSource) -> SecretHeader | None:
        """Return the header with the credentials of a source; None: it has none.

        Raises:
            SecretUnreadable: they cannot be decrypted.
            Unavailable: the secret store cannot be reached.
        """
        text = self._encrypted.get(source.source_id)
        if text is None:
            return None
        return secret_header(self._encryption.decrypt(text, place_of(source.source_id)))


def fetch_with(
    secrets: SourceSecrets, fetch: Fetcher, sources: Sequence[WatchedSource], now: datetime
) -> Iterator[tuple[int, Download]]:
    """Fetch sources, and yield each outcome with the index of its source; the time is `now`.

    Raises:
        Unavailable: the secret store cannot be reached; nothing was fetched.
    """
    requests: list[FetchRequest] = []
    places: list[int] = []
    for place, source in enumerate(sources):
        try:
            secret = secrets.of(source)
        except SecretUnreadable as error:
            yield place, Failed(Failure.CREDENTIALS, error.detail)
            continue
        wait = max(0.0, (source.fetch_at - now).total_seconds()) if source.fetch_at else 0.0
        requests.append(FetchRequest(source.url, source.etag, source.last_modified, secret, wait))
        places.append(place)
    for number, download in fetch(requests):
        yield places[number], download
