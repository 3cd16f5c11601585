"""Kinds of sources and the configuration that each takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field, JsonValue, StringConstraints, TypeAdapter, ValidationError

from groundwork_core.errors import Fault, Invalid
from groundwork_core.resources.field_types import Whole
from groundwork_core.resources.resource import Input

SourceKind = Literal["feed", "page", "sitemap", "api"]
KINDS: tuple[str, ...] = get_args(SourceKind)

Pointer = Annotated[str, StringConstraints(max_length=200, pattern=r"^(/([^~/]|~0|~1)*)*$")]
"""A JSON pointer (RFC 6901); empty: the whole document."""
Parameter = Annotated[str, StringConstraints(min_length=1, max_length=100)]
MAX_PAGES = 50


class NoConfig(Input):
    """The configuration of a feed or sitemap: nothing."""


class PageConfig(Input):
    """How the readable text of a page is found."""

    favor: Literal["balance", "precision", "recall"] = "balance"
    """`precision`: less text, without what may be navigation. `recall`: more text."""
    tables: bool = True
    """Whether tables belong to the text."""


class FieldPointers(Input):
    """Where an item has its values; each is a JSON pointer within the item."""

    id: Pointer | None = None
    """None: the address identifies an item."""
    title: Pointer | None = None
    url: Pointer | None = None
    date: Pointer | None = None
    text: Pointer | None = None
    author: Pointer | None = None


class NextLink(Input):
    """Each answer has the address of the next one."""

    by: Literal["link"]
    next: Pointer


class PageNumber(Input):
    """The number of the page is a parameter of the address."""

    by: Literal["page"]
    parameter: Parameter = "page"
    first: Whole = Field(1, ge=0, le=1_000_000)


class NextCursor(Input):
    """Each answer has a cursor, which is a parameter of the next address."""

    by: Literal["cursor"]
    parameter: Parameter = "cursor"
    next: Pointer


Paging = Annotated[NextLink | PageNumber | NextCursor, Field(discriminator="by")]


class ApiConfig(Input):
    """Where the items of a JSON API are, what their fields mean, and how to page."""

    items: Pointer = ""
    """The list of items."""
    fields: FieldPointers
    paging: Paging | None = None
    max_pages: Whole = Field(5, ge=1, le=MAX_PAGES)
    """Answers that one poll asks for at most."""
    requests_per_minute: Whole = Field(60, ge=1, le=600)
    """Of one poll; there is a pause between its requests."""


_MODELS: Mapping[str, type[Input]] = {
    "feed": NoConfig,
    "sitemap": NoConfig,
    "page": PageConfig,
    "api": ApiConfig,
}
_PARTS_OF_UNIONS = frozenset({"link", "page", "cursor"})


def check_config(kind: str, config: JsonValue) -> Input:
    """Return the configuration of a source. Raises Invalid with pointers below /config."""
    try:
        found: Input = TypeAdapter(_MODELS[kind]).validate_python(config)
    except ValidationError as error:
        faults = tuple(
            Fault(_pointer(fault["loc"]), fault["msg"])
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        )
        raise Invalid(f"The configuration of this {kind} is invalid.", faults) from error
    if isinstance(found, ApiConfig) and not (found.fields.id or found.fields.url):
        fault = Fault("/config/fields", "must have `id` or `url`, which identify an item")
        raise Invalid("The configuration of this api is invalid.", (fault,))
    return found


def _pointer(place: tuple[int | str, ...]) -> str:
    steps = [str(one) for one in place]
    if len(steps) > 1 and steps[0] == "paging" and steps[1] in _PARTS_OF_UNIONS:
        del steps[1]
    return "/".join(("", "config", *steps))
