"""Find the route of a request as API Gateway does: exact, then {param}, then {proxy+}."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from groundwork_lambda_host.template import Route

_MAX_KNOWN, _LONGEST_KNOWN = 4096, 256


@dataclass(frozen=True, slots=True)
class Match:
    """A matching path of the template: its routes by method, and the decoded parameters."""

    resource: str
    routes: Mapping[str, Route]
    parameters: Mapping[str, str] | None

    def route(self, method: str) -> Route | None:
        """Return the route for a method, or None; HEAD is routed as GET."""
        found = self.routes.get(method) or self.routes.get("ANY")
        return self.routes.get("GET") if found is None and method == "HEAD" else found

    @property
    def allow(self) -> str:
        """The methods of the path, for an Allow header."""
        return ", ".join(sorted(self.routes.keys() | ({"HEAD"} if "GET" in self.routes else set())))


@dataclass(slots=True)
class _Node:
    exact: dict[str, "_Node"] = field(default_factory=dict)
    one: "_Node | None" = None
    rest: "_Node | None" = None
    resource: str = ""
    names: tuple[str, ...] = ()
    routes: dict[str, Route] = field(default_factory=dict)


class Routes:
    """All HTTP routes of a stack."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        self._known: dict[str, Match | None] = {}
        for route in routes:
            self._add(route)

    def find(self, path: str) -> Match | None:
        """Return the best match for a raw request path, or None. Ignores a trailing slash."""
        try:
            return self._known[path]
        except KeyError:
            found = self._match(path)
        if len(path) <= _LONGEST_KNOWN:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[path] = found
        return found

    def _match(self, path: str) -> Match | None:
        segments = path.strip("/").split("/") if path != "/" else []
        if path.startswith("//"):
            return None
        found = _descend(self._root, segments, 0, [])
        if found is None:
            return None
        node, values = found
        parameters = dict(zip(node.names, map(unquote, values), strict=True)) or None
        return Match(node.resource, node.routes, parameters)

    def _add(self, route: Route) -> None:
        node, names = self._root, list[str]()
        for segment in route.path.strip("/").split("/") if route.path != "/" else []:
            if segment.startswith("{") and segment.endswith("+}"):
                names.append(segment[1:-2])
                node.rest = node.rest or _Node()
                node = node.rest
            elif segment.startswith("{") and segment.endswith("}"):
                names.append(segment[1:-1])
                node.one = node.one or _Node()
                node = node.one
            else:
                node = node.exact.setdefault(segment, _Node())
        node.resource, node.names = route.path, tuple(names)
        node.routes[route.method] = route


def _descend(
    node: _Node, segments: list[str], at: int, values: list[str]
) -> tuple[_Node, list[str]] | None:
    if at == len(segments):
        return (node, values) if node.routes else None
    segment = segments[at]
    if (exact := node.exact.get(segment)) and (found := _descend(exact, segments, at + 1, values)):
        return found
    if node.one and segment and (found := _descend(node.one, segments, at + 1, [*values, segment])):
        return found
    rest = "/".join(segments[at:])
    if node.rest and node.rest.routes and rest:
        return node.rest, [*values, rest]
    return None
