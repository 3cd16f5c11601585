"""Publishers as a REST resource: systems that report deliveries in signed callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from pydantic import Field, JsonValue

from groundwork_core.publishing.signatures import new_secret
from groundwork_core.resources.field_types import Name
from groundwork_core.resources.ports import ResourceWork
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort
from groundwork_core.resources.write_hooks import NoWriteHooks


class Publisher(Representation):
    """A system that reports deliveries. The secret that signs its callbacks is not shown."""

    name: str
    enabled: bool


class CreatedPublisher(Publisher):
    """A publisher with its new secret, which is shown only in this answer."""

    secret: str


class NewPublisher(Input):
    """A system that will report deliveries."""

    name: Name
    enabled: bool = True


class PublisherPatch(Input):
    """Changes of a publisher. Callbacks of a disabled one are refused."""

    name: Name = ""
    enabled: bool = True


class StoredPublisher(NewPublisher):
    """A publisher as it is stored."""

    secret: str = Field("", repr=False)


class PublisherWriteHooks(NoWriteHooks[ResourceWork]):
    """Give a new publisher a secret."""

    def __init__(self) -> None:
        self._secret: str | None = None

    def prepare(self, given: Input, row_id: UUID | None, work: ResourceWork) -> Input:  # noqa: ARG002 - a port's signature
        """Add the secret to what is stored of a new publisher."""
        if row_id is not None:
            return given
        self._secret = new_secret()
        return StoredPublisher(
            **given.model_dump(include=given.model_fields_set), secret=self._secret
        )

    def shown_once(self) -> Mapping[str, JsonValue]:
        """Return the new secret."""
        return {} if self._secret is None else {"secret": self._secret}


PUBLISHERS = Resource(
    name="publishers",
    singular="publisher",
    model=Publisher,
    create=NewPublisher,
    patch=PublisherPatch,
    shown_once=CreatedPublisher,
    filters=(Filter("name"), Filter("enabled", "flag")),
    sorts={"name": Sort("text")},
)
