"""The reader of each kind of source."""

from __future__ import annotations

from pydantic import JsonValue

from groundwork_core.sources.fetch_outcome import Follow
from groundwork_core.sources.kinds import ApiConfig, PageConfig, check_config
from groundwork_core.sources.ports import FeedReader
from groundwork_data.web.feeds import read_feed


def reader_of(kind: str, config: JsonValue) -> tuple[FeedReader, Follow | None]:
    """Return the reader of a source's responses, and what finds its further requests.

    Raises:
        Invalid: `config` is not a configuration of this kind.
    """
    if kind == "feed":
        return read_feed, None
    if kind == "sitemap":
        from groundwork_data.web.kinds.sitemaps import next_sitemap, read_sitemap

        return read_sitemap, next_sitemap
    checked = check_config(kind, config)
    if isinstance(checked, PageConfig):
        from groundwork_data.web.kinds.pages import PageReader

        return PageReader(checked), None
    if isinstance(checked, ApiConfig):
        from groundwork_data.web.kinds.apis import ApiReader

        api = ApiReader(checked)
        return api, api.next
    message = f"there is no reader of the kind {kind}"
    raise TypeError(message)
