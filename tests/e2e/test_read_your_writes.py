"""One client writes through REST, others read what it wrote through GraphQL, all at once."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Queue
from typing import Any

import httpx2
from tests.child_instance import Instance

ROUNDS = 8
READERS = 2
PATIENCE_SECONDS = 60
NO_ANSWER = {"GRAPH_BEHIND", "TIMEOUT"}  # the second where the machine is very busy
ANY = {"If-Match": "*"}
ENTITIES, RELATIONSHIPS = "/api/v1/entities", "/api/v1/relationships"
SHOWN = """query ($id: ID!) { entity(id: $id) { name
    relationships(first: 200) { edges { node { id type confidence } } } } }"""

Shown = dict[str, Any] | None


@dataclass(frozen=True)
class Fact:
    """The expected state of an entity from a position on."""

    position: str
    entity: str
    holds: Callable[[Shown], bool]
    said: str


def edges(shown: Shown) -> dict[str, float]:
    found = shown["relationships"]["edges"] if shown else []
    return {edge["node"]["id"]: edge["node"]["confidence"] for edge in found}


def shows(id_: str, confidence: float = 1.0) -> Callable[[Shown], bool]:
    return lambda shown: edges(shown).get(id_) == confidence


def lacks(id_: str) -> Callable[[Shown], bool]:
    return lambda shown: shown is not None and id_ not in edges(shown)


def reached(n: int) -> Callable[[Shown], bool]:
    """The entity may be ahead by now, never behind."""
    return lambda shown: shown is not None and int(shown["name"]) >= n


def written(client: httpx2.Client) -> Iterator[Fact]:
    """Write round after round; yield what each write makes true for good."""

    def send(method: str, path: str, **fields: object) -> tuple[str, str]:
        headers = {} if method == "POST" else ANY
        answer = client.request(method, path, json=fields or None, headers=headers)
        assert answer.is_success, answer.text
        id_ = answer.json()["id"] if answer.content else ""
        return id_, answer.headers["X-Groundwork-Position"]

    def entity(name: str) -> tuple[str, str]:
        return send("POST", ENTITIES, name=name, type="topic", confidence=1.0)

    def edge(start: str, finish: str) -> tuple[str, str]:
        ends = {"from_id": start, "to_id": finish}
        return send("POST", RELATIONSHIPS, **ends, type="KNOWS", confidence=1.0)

    clock, _ = entity("0")
    for n in range(1, ROUNDS + 1):
        kept, at = entity(f"kept {n}")
        yield Fact(at, kept, lambda shown: shown is not None, "made")
        _, at = send("PATCH", f"{ENTITIES}/{clock}", name=str(n))
        yield Fact(at, clock, reached(n), "changed")
        doomed, _ = edge(kept, clock)
        _, at = send("DELETE", f"{RELATIONSHIPS}/{doomed}")
        yield Fact(at, kept, lacks(doomed), "relationship deleted")
        link, _ = edge(clock, kept)
        _, at = send("PATCH", f"{RELATIONSHIPS}/{link}", confidence=0.5)
        yield Fact(at, kept, shows(link, 0.5), "relationship changed")
        mortal, _ = entity(f"mortal {n}")
        tie, at = edge(kept, mortal)
        _, at = send("DELETE", f"{ENTITIES}/{mortal}")
        yield Fact(at, mortal, lambda shown: shown is None, "deleted")
        yield Fact(at, kept, lacks(tie), "relationship gone with its end")


def asked(client: httpx2.Client, fact: Fact) -> Shown:
    """Return what GraphQL shows from a position on; repeat while the graph is behind."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = client.post(
            "/graphql",
            json={"query": SHOWN, "variables": {"id": fact.entity}},
            headers={"X-Groundwork-Min-Position": fact.position},
        ).json()
        if "errors" not in answer:
            shown: Shown = answer["data"]["entity"]
            return shown
        assert {error["extensions"]["code"] for error in answer["errors"]} <= NO_ANSWER, answer
        assert time.monotonic() < ends, answer


def read(instance: Instance, facts: "Queue[Fact | None]") -> list[str]:
    """Ask for each fact with its position; return what was answered from before it."""
    wrong: list[str] = []
    with instance.client() as client:
        while (fact := facts.get()) is not None:
            shown = asked(client, fact)
            if not fact.holds(shown):
                wrong.append(f"{fact.said}: {shown}")
    return wrong


def test_no_response_shows_a_state_before_the_position_that_it_asked_for(
    instance: Instance,
) -> None:
    facts: Queue[Fact | None] = Queue(maxsize=READERS)  # readers stay close to the writer
    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(read, instance, facts) for _ in range(READERS)]
        try:
            with instance.client() as client:
                for fact in written(client):
                    facts.put(fact, timeout=60)
        finally:
            for _ in readers:
                facts.put(None)
        assert [reader.result() for reader in readers] == [[]] * READERS
