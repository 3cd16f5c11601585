"""The versions of contents, read-only. A trigger writes them, so that every version is stored."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from groundwork_core.errors import NotFound
from groundwork_core.publishing.contents import ContentVersion, WholeContentVersion
from groundwork_core.resources.page import DIGITS_MAX, page_query
from groundwork_core.resources.ports import ResourceStore
from groundwork_core.resources.resource import Filter, Resource, Sort

VERSIONS = Resource(
    name="content-versions",
    singular="content version",
    model=ContentVersion,
    removable=False,
    filters=(Filter("content_id", "id"), Filter("version", "integer")),
    sorts={"version": Sort("integer")},
)
MISSING = "This version of the content does not exist."
WHOLE_VERSION = replace(VERSIONS, model=WholeContentVersion)


def read_version(content_id: UUID, version: str, *, store: ResourceStore) -> str:
    """Return one version as JSON, with its body. One round trip. Raises NotFound."""
    asked = {"content_id": (str(content_id),), "version": (version,), "limit": ("1",)}
    if not (version.isascii() and version.isdigit() and len(version) <= DIGITS_MAX):
        raise NotFound(MISSING)
    found = store.page(WHOLE_VERSION, page_query(WHOLE_VERSION, asked), None).items
    if not found:
        raise NotFound(MISSING)
    return found[0]
