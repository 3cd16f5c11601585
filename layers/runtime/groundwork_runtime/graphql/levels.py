"""Executes a selection level by level, each field of a level as one column.

graphql-core resolves one item and one field at a time, in 10 µs per field and item: 50 ms for a
subgraph of a thousand nodes. This module reads a field from all items of a level at once and
completes the values together, in loops that run in C.

It supports the normal case only. On an error, a null in a non-null field, or a value that does not
have its field's type, graphql-core executes the selection again from its start, so that errors,
their paths and nulls are those of graphql-core. Running the resolvers below the root twice is safe:
they only return what `Prefetch` loaded. Each fallback is counted in the metric
`graphql_level_fallbacks` and logged.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from operator import attrgetter
from types import NoneType
from typing import Any

from graphql import (
    ExecutionContext,
    FieldNode,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLString,
    is_introspection_type,
)
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path, UndefinedType

from groundwork_runtime import metrics

log = logging.getLogger(__name__)

Column = Sequence[Any]
"""Values of one field, one for each item of a level; of any type, as resolvers return them."""

SERIALIZED_UNCHANGED: dict[object, type] = {
    GraphQLString: str,
    GraphQLID: str,
    GraphQLBoolean: bool,
}


def _count_fallback(error: Exception) -> None:
    """Count a fallback and log its cause by type; the message may contain data."""
    name = type(error).__name__
    metrics.emit("graphql_level_fallbacks", 1, error=name)
    log.info("GraphQL falls back to graphql-core", extra={"error_type": name})


class Unsupported(Exception):
    """A case that only graphql-core handles."""


class Attribute:
    """Resolves a field to an attribute of another name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, source: object, _info: GraphQLResolveInfo) -> object:
        """Return the attribute of `source`."""
        return getattr(source, self.name)


class LevelExecution(ExecutionContext):
    """Executes the selections below the root by levels; falls back to graphql-core."""

    _by_levels = True

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_nodes: list[FieldNode],
        info: GraphQLResolveInfo,
        path: Path,
        result: Any,
    ) -> Any:
        """Complete one object and everything below it."""
        if self._by_levels and not is_introspection_type(return_type):
            try:
                return self._objects(return_type, [result], field_nodes)[0]
            except Exception as error:  # graphql-core raises it again, and reports it
                self._by_levels = False
                _count_fallback(error)
        return super().complete_object_value(return_type, field_nodes, info, path, result)

    def _objects(
        self, type_: GraphQLObjectType, items: Column, nodes: list[FieldNode]
    ) -> list[dict[str, Any]]:
        if type_.is_type_of is not None:
            raise Unsupported
        fields = self.collect_subfields(type_, nodes)
        columns = [self._field(type_, items, group) for group in fields.values()]
        if not columns:
            return [{} for _ in items]
        return [dict(zip(fields, row, strict=True)) for row in zip(*columns, strict=True)]

    def _field(self, type_: GraphQLObjectType, items: Column, group: list[FieldNode]) -> Column:
        name = group[0].name.value
        if name == "__typename":
            return [type_.name] * len(items)
        definition = type_.fields[name]
        resolve = definition.resolve
        if resolve is None and not definition.args:
            values = _attributes(items, name)
        elif isinstance(resolve, Attribute):
            values = _attributes(items, resolve.name)
        elif resolve is not None:
            place = Path(None, name, type_.name)
            info = self.build_resolve_info(definition, group, type_, place)
            arguments = get_argument_values(definition, group[0], self.variable_values)
            values = [resolve(item, info, **arguments) for item in items]
        else:
            raise Unsupported
        return self._completed(definition.type, values, group)

    def _completed(
        self, type_: GraphQLOutputType, values: Column, nodes: list[FieldNode]
    ) -> Column:
        kinds = set(map(type, values))
        if any(issubclass(kind, BaseException | UndefinedType) for kind in kinds):
            raise Unsupported
        if isinstance(type_, GraphQLNonNull):
            type_ = type_.of_type
            if NoneType in kinds:
                raise Unsupported
        elif NoneType in kinds:
            some = [value for value in values if value is not None]
            completed = iter(self._completed(type_, some, nodes))
            return [None if value is None else next(completed) for value in values]
        if not values:
            return values
        if isinstance(type_, GraphQLList):
            return self._lists(type_, values, kinds, nodes)
        if isinstance(type_, GraphQLObjectType):
            return self._objects(type_, values, nodes)
        if isinstance(type_, GraphQLScalarType | GraphQLEnumType):
            return _leaves(type_, values, kinds)
        raise Unsupported

    def _lists(
        self,
        type_: GraphQLList[Any],
        values: Column,
        kinds: Iterable[type],
        nodes: list[FieldNode],
    ) -> Column:
        """Complete the items of all lists together, then split them into lists again."""
        if not {list, tuple}.issuperset(kinds):
            raise Unsupported
        items = iter(self._completed(type_.of_type, list(chain.from_iterable(values)), nodes))
        return [list(islice(items, len(value))) for value in values]


def _attributes(items: Column, name: str) -> Column:
    """Read a field without a resolver, as graphql-core does."""
    if set(map(type, items)) == {dict}:
        return [item.get(name) for item in items]
    return list(map(attrgetter(name), items))


def _leaves(type_: GraphQLLeafType, values: Column, kinds: set[type]) -> Column:
    if kinds == {SERIALIZED_UNCHANGED.get(type_)}:
        return values
    if type_ is GraphQLFloat and kinds == {float} and all(map(math.isfinite, values)):
        return values
    if kinds == {str}:  # enums: many values, few different ones
        serialized = {value: _leaf(type_, value) for value in set(values)}
        return [serialized[value] for value in values]
    return [_leaf(type_, value) for value in values]


def _leaf(type_: GraphQLLeafType, value: object) -> object:
    serialized: object = type_.serialize(value)
    if serialized is None or isinstance(serialized, UndefinedType):
        raise Unsupported
    return serialized
