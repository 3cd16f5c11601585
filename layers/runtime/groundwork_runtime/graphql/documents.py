"""Parse and validate query texts, and cache them: clients repeat the same few queries."""

from __future__ import annotations

from collections import OrderedDict

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    parse,
    validate,
    visit,
)

from groundwork_core.knowledge.graph.model import ALL_FIELDS, SelectedFields
from groundwork_runtime.graphql.error_codes import QueryRejected

MAX_TOKENS = 4_000
CACHED_MAX = 500
CACHED_LENGTH_MAX = 10_000
MAX_ERRORS = 20

NAMES = {"from": "from_id", "to": "to_id", "validFrom": "valid_from", "validTo": "valid_to"}
"""Names of the model for fields that are named differently in the schema."""


class Documents:
    """Parses and validates queries; caches the valid ones."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._checked: OrderedDict[str, tuple[DocumentNode, SelectedFields]] = OrderedDict()

    def parsed(self, text: str) -> DocumentNode:
        """Parse a query. Raises GraphQLError with the location of a syntax error."""
        known = self._checked.get(text)
        if known is not None:
            return known[0]
        try:
            return parse(text, max_tokens=MAX_TOKENS)
        except GraphQLError as error:
            error.extensions = {"code": "GRAPHQL_PARSE_FAILED"}
            raise
        except RecursionError:
            raise _too_deep() from None

    def check(self, text: str, document: DocumentNode) -> list[GraphQLError]:
        """Validate a document against the schema; return the errors."""
        if text in self._checked:
            self._checked.move_to_end(text)
            return []
        try:
            faults = validate(self._schema, document, max_errors=MAX_ERRORS)
        except RecursionError:  # lists of lists of … as the type of a variable
            return [_too_deep()]
        for fault in faults:
            fault.extensions = {"code": "GRAPHQL_VALIDATION_FAILED"}
        if not faults and len(text) <= CACHED_LENGTH_MAX:
            self._checked[text] = document, selected_fields(self._schema, document)
            if len(self._checked) > CACHED_MAX:
                self._checked.popitem(last=False)
        return faults

    def selected_fields_of(self, text: str, document: DocumentNode) -> SelectedFields:
        """Return the model's fields that a valid document selects anywhere."""
        known = self._checked.get(text)
        return selected_fields(self._schema, document) if known is None else known[1]


def selected_fields(schema: GraphQLSchema, document: DocumentNode) -> SelectedFields:
    """Return the selected fields of all types by the model's names (`Relationship.from_id`)."""
    types = TypeInfo(schema)
    found: set[str] = set()

    class Collector(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            parent, name = types.get_parent_type(), node.name.value
            if parent is not None:
                found.add(f"{parent.name}.{NAMES.get(name, name)}")

    visit(document, TypeInfoVisitor(types, Collector()))
    return ALL_FIELDS & found


def _too_deep() -> QueryRejected:
    return QueryRejected("The query is nested too deeply.", "DEPTH_LIMIT")


def operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """Return the operation to execute. Raises QueryRejected if it is ambiguous or not a query."""
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if name:
        operations = [o for o in operations if o.name is not None and o.name.value == name]
    if len(operations) != 1:
        raise QueryRejected(
            "operationName must name one of the operations in the query.", "BAD_USER_INPUT"
        )
    if operations[0].operation is not OperationType.QUERY:
        raise QueryRejected(
            "Only queries are supported; send changes to the REST API.", "BAD_USER_INPUT"
        )
    return operations[0]
