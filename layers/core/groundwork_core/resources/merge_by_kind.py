"""Merge a patch into a value whose field `kind` decides which other fields it has."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from groundwork_core.errors import Invalid
from groundwork_core.resources.merge_patch import merge_patch
from groundwork_core.validation_faults import validation_faults

AnyKind = TypeVar("AnyKind", bound=BaseModel)


def merge_by_kind(
    current: JsonValue, patch: JsonValue, *, kinds: TypeAdapter[AnyKind], pointer: str
) -> JsonValue:
    """Return the merged value; a patch with another kind replaces the current value.

    Args:
        current: the stored value.
        patch: a JSON merge patch (RFC 7396).
        kinds: validates the result: a union of models that is discriminated by `kind`.
        pointer: where the value is in the request body, for faults.

    Raises:
        Invalid: the merged value breaks a rule of its kind.
    """
    merged = patch
    if isinstance(current, dict) and isinstance(patch, dict):
        same_kind = patch.get("kind", current.get("kind")) == current.get("kind")
        merged = merge_patch(current, patch) if same_kind else merge_patch({}, patch)
    try:
        return kinds.validate_python(merged).model_dump(mode="json")
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        faults = validation_faults(found, merged, pointer)
        raise Invalid(f"The {pointer.strip('/')} is invalid.", faults) from error
