"""The message that hands a distribution to its publisher, over a queue or over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from groundwork_core.publishing.quiet_hours import PREFERENCE, QuietHours, quiet_hours

DISTRIBUTION_CONTRACT: Literal["groundwork/distribution/1"] = "groundwork/distribution/1"
DISTRIBUTION_DUE = "distribution_due"
"""The kind of the outbox command that becomes this message."""
USERS_MAX = 1_000
MESSAGE_BYTES_MAX = 250_000
"""A queue takes 262,144 bytes a message."""
CALLBACK_PATH = "/api/v1/deliveries/callbacks"


class ContentReference(BaseModel):
    """The published version that is sent. Read it at `url`; it never changes."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    version: int = Field(ge=1)
    title: str
    format: str
    url: str = Field(description="Path or address of this version, with its text.")


class DistributionMessage(BaseModel):
    """The message on the distribution queue. Publishers ignore fields that they do not know."""

    model_config = ConfigDict(frozen=True, title="Distribution")

    contract: Literal["groundwork/distribution/1"]
    distribution_id: UUID = Field(
        description="The same in a redelivered message: send only once for each id."
    )
    channel: str
    spec: dict[str, JsonValue]
    scheduled_at: datetime | None
    content: ContentReference
    callback_url: str = Field(description="The address for signed reports of deliveries.")
    preferences: dict[str, dict[str, JsonValue]] = Field(
        description="Preferences of the users in `spec.user_ids` that have any, by user and key,"
        " with the defaults of properties; values that break the schema of their key are left out."
    )
    preference_defaults: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="Default values by key, from the schemas of the keys, for users in"
        " `spec.user_ids` without a value in `preferences`.",
    )
    quiet_hours: dict[str, QuietHours] = Field(
        default_factory=dict,
        description="Quiet hours at the time of sending, of the users whose preferences or defaults"
        " state them: send nothing to a user who is `quiet` before `until`.",
    )


@dataclass(frozen=True, slots=True)
class DueDistribution:
    """A distribution whose time has come, with the published version of its content."""

    id: UUID
    channel: str
    spec: dict[str, JsonValue]
    scheduled_at: datetime | None
    content_id: UUID
    content_version: int
    content_title: str
    content_format: str

    @property
    def user_ids(self) -> frozenset[UUID]:
        """The ids of users named in the spec; texts that are not ids are ignored."""
        named = self.spec.get("user_ids")
        found = [as_id(one) for one in named] if isinstance(named, list) else []
        return frozenset(one for one in found if one is not None)


@dataclass(frozen=True, slots=True)
class EffectivePreferencesOf:
    """The effective preferences of several users, as in `GET /users/{id}/preferences/effective`."""

    stated: Mapping[UUID, Mapping[str, JsonValue]]
    """Stored values by user and key, with the defaults of their properties."""
    defaults: Mapping[str, JsonValue]
    """Default values by key, for users who have no value."""

    def of(self, user: UUID) -> dict[str, JsonValue]:
        """Return the preferences of a user, with the defaults."""
        return {**self.defaults, **self.stated.get(user, {})}


@dataclass(frozen=True, slots=True)
class DistributionCommand:
    """The outbox command that puts the message on the queue."""

    message: DistributionMessage

    aggregate = "distributions"
    kind = DISTRIBUTION_DUE

    @property
    def aggregate_id(self) -> UUID:
        """The distribution."""
        return self.message.distribution_id

    def data(self) -> dict[str, JsonValue]:
        """The message's body."""
        return self.message.model_dump(mode="json")


def as_id(value: object) -> UUID | None:
    """Return a text as an id, or None if it is not one."""
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def message_of(
    due: DueDistribution,
    preferences: EffectivePreferencesOf,
    public_url: str,
    now: datetime,
) -> DistributionMessage:
    """Return the message of a distribution that is sent now.

    If `public_url` is empty, addresses in the message are paths.
    """
    users = sorted(due.user_ids)
    known = {user: preferences.stated[user] for user in users if user in preferences.stated}
    quiet = {user: preferences.of(user).get(PREFERENCE) for user in users}
    return DistributionMessage(
        contract=DISTRIBUTION_CONTRACT,
        distribution_id=due.id,
        channel=due.channel,
        spec=due.spec,
        scheduled_at=due.scheduled_at,
        content=ContentReference(
            id=due.content_id,
            version=due.content_version,
            title=due.content_title,
            format=due.content_format,
            url=f"{public_url}/api/v1/contents/{due.content_id}/versions/{due.content_version}",
        ),
        callback_url=f"{public_url}{CALLBACK_PATH}",
        preferences={str(user): dict(stated) for user, stated in known.items()},
        preference_defaults=dict(preferences.defaults) if users else {},
        quiet_hours={
            str(user): quiet_hours(stated, now)
            for user, stated in quiet.items()
            if stated is not None
        },
    )
