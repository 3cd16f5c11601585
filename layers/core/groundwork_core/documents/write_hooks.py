"""Hooks of writes of documents by clients: the same steps as for an entry of a feed."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from groundwork_core.documents.model import Enclosure, Entry, external_id, wording_hash
from groundwork_core.documents.ports import CleanHtmlOf, DocumentWritesWork
from groundwork_core.documents.resource import CleanDocument, NewDocument
from groundwork_core.errors import Fault, Invalid
from groundwork_core.jobs.model import extract_job
from groundwork_core.resources.bounded_json import TEXTS_BYTES_MAX
from groundwork_core.resources.resource import Input
from groundwork_core.resources.write_hooks import NoWriteHooks


class DocumentWriteHooks(NoWriteHooks[DocumentWritesWork]):
    """Cleans and hashes a new document, and queues its extraction."""

    def __init__(self, clean_html: CleanHtmlOf) -> None:
        """`clean_html` sanitizes HTML."""
        self._clean_html = clean_html

    def prepare(self, given: Input, row_id: UUID | None, work: DocumentWritesWork) -> Input:  # noqa: ARG002 - a port's signature
        """Clean a new document and add its identity and hash; return a change as it is."""
        if row_id is not None:
            return given
        entry = self._entry(cast("NewDocument", given))
        if entry.texts() != (entry.summary, entry.content):
            detail = f"with the summary, must take at most {TEXTS_BYTES_MAX:,} bytes as JSON"
            raise Invalid("The input is invalid; see errors.", (Fault("/content", detail),))
        return CleanDocument(
            **given.model_dump(exclude={"summary", "content"}),
            summary=entry.summary,
            content=entry.content,
            external_id=entry.external_id,
            content_hash=entry.content_hash(),
            metadata=entry.metadata(),
        )

    def after_create(self, row_id: UUID, new: Input, work: DocumentWritesWork) -> None:  # noqa: ARG002 - as above
        """Queue the extraction, in the same transaction."""
        work.jobs.add([extract_job(row_id, 1)])

    def _entry(self, new: NewDocument) -> Entry:
        summary = self._clean_html(new.summary, new.url)
        content = self._clean_html(new.content, new.url)
        return Entry(
            external_id=external_id(None, new.url, ""),
            url=new.url,
            title=new.title,
            author=new.author,
            summary=summary.html,
            content="" if content.html == summary.html else content.html,
            language=new.language,
            published_at=new.published_at,
            authors=(new.author,) if new.author else (),
            links=tuple(dict.fromkeys((*content.links, *summary.links))),
            wording=wording_hash(summary.wording, content.wording),
            enclosures=tuple(Enclosure(one.url, one.type, one.length) for one in new.enclosures),
        )
