"""Scalars beside GraphQL's own."""

from __future__ import annotations

from datetime import UTC, datetime

from ariadne import ScalarType
from graphql import GraphQLError

date_time = ScalarType("DateTime")
json_value = ScalarType("JSON")


@date_time.serializer
def _write_moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


@date_time.value_parser
def _read_moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None:
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise GraphQLError("A DateTime is ISO 8601, as 2026-01-31T12:00:00Z.")


@json_value.serializer
def _write_json(value: object) -> object:
    return value
