"""Configurations and preferences as REST resources: keys with any JSON value."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from groundwork_core.resources.bounded_json import AnyJson
from groundwork_core.resources.field_types import Text
from groundwork_core.resources.merge_patch import merge_patch
from groundwork_core.resources.resource import Filter, Input, Representation, Resource, Sort

Key = Annotated[Text, Field(min_length=1, max_length=200)]
Description = Annotated[Text, Field(max_length=2_000)]


class Configuration(Representation):
    """A setting of the whole instance."""

    key: str
    value: JsonValue
    description: str


class NewConfiguration(Input):
    """A setting to create. Its key is unique."""

    key: Key
    value: AnyJson
    description: Description = ""


class ConfigurationPatch(Input):
    """Changes of a setting. An object is merged into the current value; other values replace it."""

    key: Key = ""
    value: AnyJson = None
    description: Description = ""


class Preference(Representation):
    """A setting of one user."""

    user_id: UUID
    key: str
    value: JsonValue


class NewPreference(Input):
    """A preference to create, the caller's own unless `user_id` is given."""

    user_id: UUID | None = None
    key: Key
    value: AnyJson


class PreferencePatch(Input):
    """Changes of a preference. An object is merged into the current value; others replace it."""

    key: Key = ""
    value: AnyJson = None


CONFIGURATIONS = Resource(
    name="configurations",
    singular="configuration",
    model=Configuration,
    create=NewConfiguration,
    patch=ConfigurationPatch,
    filters=(Filter("key"),),
    sorts={"key": Sort("text")},
    merged={"value": merge_patch},
)

PREFERENCES = Resource(
    name="preferences",
    singular="preference",
    model=Preference,
    create=NewPreference,
    patch=PreferencePatch,
    owner="user_id",
    filters=(Filter("user_id", "id"), Filter("key")),
    sorts={"key": Sort("text")},
    merged={"value": merge_patch},
)
