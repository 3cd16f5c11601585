"""The questions and their entities: the same in every run, from a fixed seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.graph.dataset import HUBS, SEED, Shape, entity_id

Variables = Mapping[str, object]

LINKS = """query ($id: ID!, $types: [String!], $direction: Direction, $least: Float, $at: DateTime,
                  $after: String) {
  entity(id: $id) { name neighbours(first: 50, types: $types, direction: $direction,
                                    minConfidence: $least, asOf: $at, after: $after) {
    edges { cursor node { id name type } relationship { id type confidence } }
    pageInfo { hasNextPage endCursor } } } }"""
ENTITY = "query ($id: ID!) { entity(id: $id) { id name type confidence aliases } }"
TWO_HOPS = """query ($id: ID!) { entity(id: $id) { name neighbours(first: 10) { edges { node { name
  neighbours(first: 20) { edges { node { id name } relationship { type confidence } } } } } } } }"""
PATH = """query ($from: ID!, $to: ID!) { path(from: $from, to: $to, maxHops: 4) {
  length nodes { id name } relationships { type } } }"""
SUBGRAPH = """query ($seeds: [ID!]!, $most: Int!) {
  subgraph(seeds: $seeds, depth: 2, maxNodes: $most) {
  truncated nodes { id name } relationships { id type } } }"""


@dataclass(frozen=True)
class Question:
    """A query, and what makes the variables of its n-th asking."""

    name: str
    text: str
    variables: Callable[[int], Variables]


def questions(shape: Shape, second: Callable[[str], str]) -> list[Question]:
    """Return all questions. `second` gives the cursor behind an entity's first page."""

    def draw(n: int) -> random.Random:
        return random.Random(SEED + n)  # noqa: S311 - the same in every run is what is wanted

    def anyone(n: int) -> str:
        return str(entity_id(draw(n).randrange(HUBS, shape.entities)))

    def hub(n: int) -> str:
        return str(entity_id(draw(n).randrange(HUBS)))

    def one(choose: Callable[[int], str], **more: object) -> Callable[[int], Variables]:
        return lambda n: {"id": choose(n), **more}

    def later(choose: Callable[[int], str]) -> Callable[[int], Variables]:
        return lambda n: {"id": choose(n % 40), "after": second(choose(n % 40))}

    def two(a: Callable[[int], str], b: Callable[[int], str]) -> Callable[[int], Variables]:
        return lambda n: {"from": a(n), "to": b(n + 1_000_000)}

    def part(choose: Callable[[int], str], most: int) -> Callable[[int], Variables]:
        return lambda n: {"seeds": [choose(n)], "most": most}

    at = "2019-01-01T00:00:00Z"
    found: list[tuple[str, str, Any]] = [
        ("entity by id", ENTITY, one(anyone)),
        ("neighbours", LINKS, one(anyone)),
        ("neighbours, hub", LINKS, one(hub)),
        ("neighbours, hub, typed", LINKS, one(hub, types=["OWNS"], direction="OUT")),
        ("neighbours, hub, surer than 0.9", LINKS, one(hub, least=0.9)),
        ("neighbours, hub, as of", LINKS, one(hub, at=at)),
        ("second page", LINKS, later(anyone)),
        ("second page, hub", LINKS, later(hub)),
        ("two hops", TWO_HOPS, one(anyone)),
        ("path ≤ 4", PATH, two(anyone, anyone)),
        ("path ≤ 4, from a hub", PATH, two(hub, anyone)),
        ("subgraph, 200 nodes", SUBGRAPH, part(anyone, 200)),
        ("subgraph, 1,000 nodes", SUBGRAPH, part(anyone, 1_000)),
        ("subgraph of a hub, 1,000 nodes", SUBGRAPH, part(hub, 1_000)),
    ]
    return [Question(*each) for each in found]
