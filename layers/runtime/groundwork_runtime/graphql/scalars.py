"""The custom scalars DateTime and JSON."""

from __future__ import annotations

from datetime import UTC, datetime

from ariadne import ScalarType
from graphql import GraphQLError

from groundwork_core.resources.field_types import read_moment

date_time = ScalarType("DateTime")
json_value = ScalarType("JSON")


@date_time.serializer
def _write_moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


@date_time.value_parser
def _read_moment(value: object) -> datetime:
    try:
        return read_moment(value)
    except ValueError as error:
        raise GraphQLError(f"A DateTime {error}.") from None


@json_value.serializer
def _write_json(value: object) -> object:
    return value
