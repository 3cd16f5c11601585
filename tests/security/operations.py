"""Every operation of the OpenAPI document, and every place where each takes text."""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from groundwork_command.commands.openapi import packaged_file

Json = Any
PLACED_AT_MOST = 4
"""Levels of a body that are filled: what is deeper is any JSON."""
UNDECLARED_HEADERS = ("X-Request-Id", "X-API-Key", "Authorization", "If-None-Match", "Content-Type")
"""Headers that any request may carry, though few operations declare them."""


@dataclass(frozen=True)
class Sent:
    """A request that holds, apart from one hostile text."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Json = None


@dataclass(frozen=True)
class Operation:
    """One operation and where it takes text."""

    method: str
    path: str
    definition: Mapping[str, Any]
    schemas: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its id in the document."""
        return str(self.definition["operationId"])

    @property
    def statuses(self) -> set[int]:
        """The documented statuses."""
        return {int(status) for status in self.definition["responses"]}

    def places(self) -> list[str]:
        """Names of all places: `path id`, `query sort`, `header If-Match`, `body /items/0/name`."""
        declared = [f"{one['in']} {one['name']}" for one in self.definition.get("parameters", [])]
        headers = [f"header {name}" for name in UNDECLARED_HEADERS]
        bodies = [f"body {pointer}" for pointer in self.pointers()]
        return list(dict.fromkeys([*declared, *headers, *bodies]))

    def sent(self, place: str, text: str) -> Sent:
        """The request with a text in one place, and what holds in the others."""
        kind, _, name = place.partition(" ")
        path, headers = self.path, {}
        for one in self.definition.get("parameters", []):
            if one["in"] == "path":
                value = text if one["name"] == name else _an_id(one)
                # As it is: whether a gateway decodes a path or not, is the gateway's affair.
                path = path.replace(f"{{{one['name']}}}", value)
            elif one["in"] == "header" and one["required"]:
                headers[one["name"]] = "*"
        if kind == "header":
            headers[name] = text
        query = {name: text} if kind == "query" else {}
        body = self._body()
        if kind == "body":
            body = _with(body, name.split("/")[1:], text)
        return Sent(path, query, headers, body)

    def _content(self) -> Mapping[str, Any]:
        content = self.definition.get("requestBody", {}).get("content", {})
        found: Mapping[str, Any] = content.get("application/json", {})
        return found

    def _body(self) -> Json:
        return copy.deepcopy(self._content().get("example"))

    def pointers(self) -> list[str]:
        """Places in the body, the body itself included."""
        content = self._content()
        if not content:
            return []
        example = content.get("example")
        shown = [f"/{name}" for name in example] if isinstance(example, dict) else []
        # A body whose schema names no members is still tried in those that its example has.
        return ["", *dict.fromkeys([*self._within(content["schema"], "", 0), *shown])]

    def _within(self, schema: Mapping[str, Any], at: str, depth: int) -> Iterator[str]:
        if "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        for variant in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from self._within(variant, at, depth)
        if depth == PLACED_AT_MOST:
            return
        inner = [(f"{at}/{name}", one) for name, one in schema.get("properties", {}).items()]
        if isinstance(schema.get("items"), dict):
            inner.append((f"{at}/0", schema["items"]))
        for place, one in inner:
            yield place
            yield from self._within(one, place, depth + 1)


def _an_id(parameter: Mapping[str, Any]) -> str:
    schema = parameter["schema"]
    return "0190b9d0-7a3c-7d2f-9f54-0a1b2c3d4e5f" if schema.get("format") == "uuid" else "1"


def _with(body: Json, parts: list[str], text: str) -> Json:
    """A body with a text in a place that may not be there yet."""
    if not parts:
        return text
    first, *rest = parts
    if first == "0":
        items = body if isinstance(body, list) and body else [None]
        return [_with(items[0], rest, text), *items[1:]]
    members = dict(body) if isinstance(body, dict) else {}
    return {**members, first: _with(members.get(first), rest, text)}


def every_operation(document: Mapping[str, Any] | None = None) -> list[Operation]:
    """All operations of a document; without one, of the API's own."""
    whole = document or json.loads(packaged_file().read_text(encoding="utf-8"))
    schemas = whole["components"]["schemas"]
    return [
        Operation(method.upper(), path, definition, schemas)
        for path, item in whole["paths"].items()
        for method, definition in item.items()
        if method != "head"  # the GET's own handler answers it
    ]
