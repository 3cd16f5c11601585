"""Limit depth, cost and size of a query before it is executed.

Each fragment is measured once and multiplied, so that nested fragments cannot take exponential
time. Cost is the number of entities and relationships that the result may contain: a page of 50
within a page of 50 costs 50 + 2,500.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from groundwork_core.knowledge.graph.model import RELATIONSHIPS_A_NODE
from groundwork_runtime.graphql.error_codes import QueryRejected

MAX_DEPTH = 16
MAX_INTROSPECTION_DEPTH = 20
MAX_ALIASES = 30
MAX_ROOT_FIELDS = 20
MAX_FRAGMENTS_DEEP = 30
MAX_FIELDS = 1_000
MAX_INTROSPECTIONS = 4
MAX_COST = 20_000
COST_A_TOKEN = 100
"""In addition to the token of the request, a query takes one token of the caller's rate limit per
COST_A_TOKEN of cost. At 500 tokens per second and a burst of 2,000, that allows ten of the most
expensive queries at once, and then five in two seconds."""
MAX_PAGE = 200

PAGES = {"entities": 50, "neighbours": 50, "relationships": 50, "similar": 10}
SIZES = {"subgraph": ("maxNodes", 200, 1_000), "path": ("maxHops", 4, 6)}


@dataclass(slots=True)
class Measure:
    """Measures of a selection; `cost` and `fields` are per item of the parent."""

    depth: int = 0
    cost: int = 0
    fields: int = 0
    aliases: int = 0
    introspections: int = 0
    introspection_depth: int = 0

    def add(self, other: Measure) -> None:
        """Add the measure of a sibling selection."""
        self.depth = max(self.depth, other.depth)
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)
        self.cost += other.cost
        self.fields += other.fields
        self.aliases += other.aliases
        self.introspections += other.introspections


class _Measuring:
    def __init__(self, document: DocumentNode, variables: Mapping[str, object]) -> None:
        self._fragments = {
            d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
        }
        self._variables = variables
        self._measured: dict[tuple[str, bool], Measure] = {}
        self._open: set[str] = set()

    def selection(self, node: SelectionSetNode | None, *, of_part: bool = False) -> Measure:
        """Measure a selection; `of_part`: in a path or subgraph, whose size includes its lists."""
        total = Measure()
        for part in node.selections if node else ():
            if isinstance(part, FieldNode):
                total.add(self._field(part, of_part=of_part))
            elif isinstance(part, InlineFragmentNode):
                total.add(self.selection(part.selection_set, of_part=of_part))
            elif isinstance(part, FragmentSpreadNode):
                total.add(self._fragment(part.name.value, of_part=of_part))
        return total

    def _fragment(self, name: str, *, of_part: bool) -> Measure:
        if name in self._open:
            raise QueryRejected(f"The fragment {name[:100]!r} contains itself.", "BAD_USER_INPUT")
        if len(self._open) == MAX_FRAGMENTS_DEEP:
            message = f"Fragments are nested more than {MAX_FRAGMENTS_DEEP} levels deep."
            raise QueryRejected(message, "DEPTH_LIMIT")
        key = (name, of_part)
        if key not in self._measured:
            fragment = self._fragments.get(name)
            self._open.add(name)
            self._measured[key] = self.selection(
                fragment.selection_set if fragment else None, of_part=of_part
            )
            self._open.discard(name)
        return self._measured[key]

    def _field(self, node: FieldNode, *, of_part: bool) -> Measure:
        name = node.name.value
        inner = self.selection(node.selection_set, of_part=name in SIZES)
        size = 0 if of_part else self._size(node)
        items = RELATIONSHIPS_A_NODE if of_part and name == "relationships" else max(size, 1)
        introspection = name.startswith("__")
        return Measure(
            depth=0 if introspection else inner.depth + 1,
            introspection_depth=(
                max(inner.depth, inner.introspection_depth) + 1
                if introspection
                else inner.introspection_depth
            ),
            cost=size + items * inner.cost,
            fields=1 + inner.fields,
            aliases=inner.aliases + (node.alias is not None),
            introspections=inner.introspections + (name in {"__schema", "__type"}),
        )

    def _size(self, node: FieldNode) -> int:
        name = node.name.value
        if name in PAGES:
            return self._number(node, "first", PAGES[name], MAX_PAGE)
        if name in SIZES:
            return self._number(node, *SIZES[name])
        return 1 if name == "entity" else 0

    def _number(self, node: FieldNode, argument: str, default: int, most: int) -> int:
        """Return an argument, clamped; the resolver rejects values out of range later."""
        for given in node.arguments:
            if given.name.value != argument:
                continue
            value: object = default
            if isinstance(given.value, IntValueNode):
                value = int(given.value.value) if len(given.value.value) < 12 else most  # noqa: PLR2004
            elif isinstance(given.value, VariableNode):
                value = self._variables.get(given.value.name.value, default)
            if isinstance(value, int | float):  # graphql-core accepts a variable of 200.0 for 200
                return int(min(max(value, 0), most))
        return default


def measure(
    document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, object]
) -> Measure:
    """Measure one operation and check its limits.

    Raises:
        QueryRejected: the query exceeds a limit; the code says which.
    """
    root_fields = len(operation.selection_set.selections)
    given = _with_defaults(operation, variables)
    found = _Measuring(document, given).selection(operation.selection_set)
    for what, value, most, code in (
        ("a depth of", found.depth, MAX_DEPTH, "DEPTH_LIMIT"),
        (
            "an introspection depth of",
            found.introspection_depth,
            MAX_INTROSPECTION_DEPTH,
            "DEPTH_LIMIT",
        ),
        ("an alias count of", found.aliases, MAX_ALIASES, "ALIAS_LIMIT"),
        ("a field count of", found.fields, MAX_FIELDS, "FIELD_LIMIT"),
        ("a root field count of", root_fields, MAX_ROOT_FIELDS, "FIELD_LIMIT"),
        (
            "an introspection count of",
            found.introspections,
            MAX_INTROSPECTIONS,
            "INTROSPECTION_LIMIT",
        ),
        ("a cost of", found.cost, MAX_COST, "COST_LIMIT"),
    ):
        if value > most:
            raise QueryRejected(f"The query has {what} {value}; the limit is {most}.", code)
    return found


def _with_defaults(
    operation: OperationDefinitionNode, variables: Mapping[str, object]
) -> dict[str, object]:
    defaults: dict[str, object] = {
        definition.variable.name.value: int(definition.default_value.value)
        for definition in operation.variable_definitions
        if isinstance(definition.default_value, IntValueNode)
    }
    return defaults | dict(variables)
