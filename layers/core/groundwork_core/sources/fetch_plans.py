"""Make the requests for a batch of sources, with credentials, and find their readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from groundwork_core.encryption.ports import Encryption
from groundwork_core.errors import Invalid, SecretUnreadable
from groundwork_core.sources.credentials import SecretHeader, place_of, secret_header
from groundwork_core.sources.fetch_outcome import Download, Failed, Failure, FetchRequest, Follow
from groundwork_core.sources.model import WatchedSource
from groundwork_core.sources.ports import FeedReader, Fetcher, ReaderOf
from groundwork_core.sources.rows import FetchDetails


class FetchPlans:
    """The requests and readers of a batch of sources."""

    def __init__(
        self, details: Mapping[UUID, FetchDetails], encryption: Encryption, reader_of: ReaderOf
    ) -> None:
        """`details` returns what sources need beyond an address, such as credentials."""
        self._details = details
        self._encryption = encryption
        self._reader_of = reader_of
        self._readers: dict[UUID, FeedReader] = {}

    def reader(self, source: WatchedSource) -> FeedReader | None:
        """Return the reader of a source that is not a feed."""
        return self._readers.get(source.source_id)

    def fetch(
        self, fetch: Fetcher, sources: Sequence[WatchedSource], now: datetime
    ) -> Iterator[tuple[int, Download]]:
        """Fetch sources, and yield each outcome with the index of its source; the time is `now`.

        A source whose credentials cannot be decrypted is not fetched.

        Raises:
            Unavailable: the secret store cannot be reached; nothing was fetched.
        """
        requests: list[FetchRequest] = []
        places: list[int] = []
        for place, source in enumerate(sources):
            try:
                request = self._request(source, now)
            except SecretUnreadable as error:
                yield place, Failed(Failure.CREDENTIALS, error.detail)
                continue
            except Invalid as error:
                yield place, Failed(Failure.BAD_CONFIG, error.detail)
                continue
            requests.append(request)
            places.append(place)
        for number, download in fetch(requests):
            yield places[number], download

    def _request(self, source: WatchedSource, now: datetime) -> FetchRequest:
        wait = max(0.0, (source.fetch_at - now).total_seconds()) if source.fetch_at else 0.0
        return FetchRequest(
            source.next_url,
            source.etag,
            source.last_modified,
            secret=self._secret(source),
            wait_seconds=wait,
            follow=self._follow(source),
            robots=source.robots,
            host=source.host or None,
            onward=source.onward,
        )

    def _secret(self, source: WatchedSource) -> SecretHeader | None:
        found = self._details.get(source.source_id)
        if found is None or found.encrypted is None or source.onward is not None:
            return None  # credentials are never sent to another host
        place = place_of(source.source_id)
        return secret_header(self._encryption.decrypt(found.encrypted, place))

    def _follow(self, source: WatchedSource) -> Follow | None:
        found = self._details.get(source.source_id)
        if found is None or found.kind == "feed":
            return None
        reader, follow = self._reader_of(found.kind, found.config)
        self._readers[source.source_id] = reader
        return follow


MakePlans = Callable[[Mapping[UUID, FetchDetails]], FetchPlans]
"""Makes the plans of a batch from the details of its sources."""
