"""Kinds of sources, and the configuration of each kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field, JsonValue, StringConstraints, TypeAdapter, ValidationError

from groundwork_core.errors import Fault, Invalid
from groundwork_core.resources.field_types import INTEGRAL
from groundwork_core.resources.resource import Input
from groundwork_core.validation_faults import validation_faults

SourceKind = Literal["feed", "page", "sitemap", "api"]
KINDS: tuple[str, ...] = get_args(SourceKind)

Pointer = Annotated[str, StringConstraints(max_length=200, pattern=r"^(/([^~/]|~0|~1)*)*$")]
"""A JSON pointer (RFC 6901); empty: the whole document."""
Parameter = Annotated[str, StringConstraints(min_length=1, max_length=100)]
MAX_PAGES = 50


class NoConfig(Input):
    """The configuration of a feed or sitemap, which has no fields."""


class PageConfig(Input):
    """Settings for finding the readable text of a page."""

    favor: Literal["balance", "precision", "recall"] = "balance"
    """`precision`: less text, without what may be navigation. `recall`: more text."""
    tables: bool = True
    """True if tables belong to the text."""


class FieldPointers(Input):
    """JSON pointers, within an item, to the values of its fields."""

    id: Pointer | None = None
    """Where an item has its id; None if its address identifies it."""
    title: Pointer | None = None
    url: Pointer | None = None
    date: Pointer | None = None
    text: Pointer | None = None
    author: Pointer | None = None


class NextLink(Input):
    """Each response has the address of the next one."""

    by: Literal["link"]
    next: Pointer


class PageNumber(Input):
    """The number of the page is a parameter of the address."""

    by: Literal["page"]
    parameter: Parameter = "page"
    first: Annotated[int, Field(ge=0, le=1_000_000), INTEGRAL] = 1


class NextCursor(Input):
    """Each response has a cursor, which is a parameter of the next address."""

    by: Literal["cursor"]
    parameter: Parameter = "cursor"
    next: Pointer


Paging = Annotated[NextLink | PageNumber | NextCursor, Field(discriminator="by")]


class ApiConfig(Input):
    """The places of a JSON API's items and of their fields, and its paging."""

    items: Pointer = ""
    """The list of items."""
    fields: FieldPointers
    paging: Paging | None = None
    max_pages: Annotated[int, Field(ge=1, le=MAX_PAGES), INTEGRAL] = 5
    """Responses that one poll asks for at most."""
    requests_per_minute: Annotated[int, Field(ge=1, le=600), INTEGRAL] = 60
    """The rate of requests within one poll; there is a pause between them."""


_MODELS: Mapping[str, type[Input]] = {
    "feed": NoConfig,
    "sitemap": NoConfig,
    "page": PageConfig,
    "api": ApiConfig,
}


def check_config(kind: str, config: JsonValue) -> Input:
    """Parse the configuration of a source. Raises Invalid with pointers below `/config`."""
    try:
        found: Input = TypeAdapter(_MODELS[kind]).validate_python(config)
    except ValidationError as error:
        faults = validation_faults(
            error.errors(include_url=False, include_input=False, include_context=False),
            config,
            "/config",
        )
        raise Invalid(f"The configuration of this {kind} is invalid.", faults) from error
    if isinstance(found, ApiConfig) and not (found.fields.id or found.fields.url):
        fault = Fault("/config/fields", "must have `id` or `url`, which identify an item")
        raise Invalid("The configuration of this api is invalid.", (fault,))
    return found
