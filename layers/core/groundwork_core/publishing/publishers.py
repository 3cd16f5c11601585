"""Publishers as a REST resource: systems that report deliveries in signed callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from pydantic import JsonValue

from groundwork_core.encryption.ports import Encryption
from groundwork_core.publishing.ports import PublishersWork
from groundwork_core.publishing.publisher_secrets import keep_publisher_secret
from groundwork_core.publishing.signatures import new_secret
from groundwork_core.resources.field_types import Name
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort
from groundwork_core.resources.write_hooks import NoWriteHooks


class Publisher(Representation):
    """A system that reports deliveries. The secret that signs its callbacks is not shown."""

    name: str
    enabled: bool


class CreatedPublisher(Publisher):
    """A publisher with its new secret, which is shown only in this response."""

    secret: str


class NewPublisher(Input):
    """A system that will report deliveries."""

    name: Name
    enabled: bool = True


class PublisherPatch(Input):
    """Changes of a publisher. Callbacks of a disabled one are refused."""

    name: Name = ""
    enabled: bool = True


class PublisherWriteHooks(NoWriteHooks[PublishersWork]):
    """Generates the secret of a new publisher."""

    def __init__(self, encryption: Encryption) -> None:
        self._encryption = encryption
        self._secret: str | None = None

    def after_create(self, row_id: UUID, new: Input, work: PublishersWork) -> None:  # noqa: ARG002 - a port's signature
        """Generate the secret and store it encrypted.

        Raises:
            Unavailable: there is no data key, or the secret store cannot be reached.
        """
        self._secret = new_secret()
        keep_publisher_secret(
            row_id, self._secret, stored=work.publisher_secrets, encryption=self._encryption
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
