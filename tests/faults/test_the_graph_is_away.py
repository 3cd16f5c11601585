"""Neo4j refuses or is silent: REST works, and GraphQL responds with 503 until it is back."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from tests.child_instance import Instance

from ..comparing import differences
from ..fakes.tcp_proxy import TcpProxy, proxied
from ..instances import environment_of, instance_on, run
from ..waiting import eventually
from .serving import Reply, clients, editor, serving

pytestmark = pytest.mark.timeout(400)

WITHIN_SECONDS = 15.0
"""The limit for a response of GraphQL, and for a write, while the graph is away: several times what
they take, and well below the time limit of the function."""
WRITERS = 3
ASK = "query($id: ID!) { entity(id: $id) { name } }"
WAYS: dict[str, tuple[Callable[[TcpProxy], None], Callable[[TcpProxy], None]]] = {
    "refused": (TcpProxy.refuse, TcpProxy.accept),
    "black-holed": (TcpProxy.go_silent, TcpProxy.speak),
}


@pytest.fixture
def proxy(neo4j: Any) -> Iterator[TcpProxy]:
    with proxied(neo4j.uri) as (made, _):
        yield made


@pytest.fixture
def instance(neo4j: Any, database_url: str, proxy: TcpProxy) -> Iterator[Instance]:
    """A whole instance, with the proxy before its graph."""
    with instance_on(database_url, neo4j, f"bolt://127.0.0.1:{proxy.port}") as up:
        yield up


@dataclass(frozen=True)
class TimedResponse:
    """A response and its duration."""

    answer: httpx2.Response
    seconds: float


def sent(client: httpx2.Client, method: str, path: str, body: object, **more: str) -> TimedResponse:
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    began = time.monotonic()
    answer = client.request(method, path, json=body, headers=headers)
    return TimedResponse(answer, time.monotonic() - began)


def made(client: httpx2.Client, resource: str, **fields: object) -> TimedResponse:
    return sent(client, "POST", f"/api/v1/{resource}", fields)


def write(instance: Instance, over: threading.Event, answered: list[TimedResponse]) -> None:
    """Two entities, what joins them, a change and a removal, again and again."""
    with instance.client() as client:
        while not over.wait(0.05):
            pair = [made(client, "entities", name=name, type="topic") for name in ("A", "B")]
            one, other = (f"/api/v1/entities/{each.answer.json()['id']}" for each in pair)
            mine, its = (each.answer.headers["ETag"] for each in pair)
            ends = {"from_id": one.rsplit("/")[-1], "to_id": other.rsplit("/")[-1]}
            answered += [
                *pair,
                made(client, "relationships", type="KNOWS", **ends),
                sent(client, "PATCH", one, {"name": "A anew"}, If_Match=mine),
                sent(client, "DELETE", other, None, If_Match=its),
            ]


@contextmanager
def written_to(instance: Instance) -> Iterator[list[TimedResponse]]:
    """Some write all along; what they were answered."""
    over = threading.Event()
    answered: list[TimedResponse] = []
    threads = [
        threading.Thread(target=write, args=(instance, over, answered)) for _ in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield answered
    finally:
        over.set()
        for thread in threads:
            thread.join()


def asked(client: httpx2.Client, id_: str) -> TimedResponse:
    return sent(client, "POST", "/graphql", {"query": ASK, "variables": {"id": id_}})


def asked_for(seconds: float, client: httpx2.Client, id_: str) -> list[TimedResponse]:
    """Return GraphQL's responses within a time."""
    ends, answers = time.monotonic() + seconds, list[TimedResponse]()
    while time.monotonic() < ends:
        answers.append(asked(client, id_))
        time.sleep(0.05)
    return answers


def must_be_refused_at_once(answers: list[TimedResponse]) -> None:
    assert {one.answer.status_code for one in answers} == {503}
    assert {one.answer.headers["Content-Type"] for one in answers} == {"application/problem+json"}
    assert {one.answer.json()["errors"][0]["extensions"]["code"] for one in answers} == {
        "GRAPH_UNAVAILABLE"
    }
    assert all(int(one.answer.headers["Retry-After"]) >= 1 for one in answers)
    assert max(one.seconds for one in answers) < WITHIN_SECONDS


def must_not_have_noticed(writes: list[TimedResponse]) -> None:
    assert {one.answer.status_code for one in writes} <= {200, 201, 204}
    assert max(one.seconds for one in writes) < WITHIN_SECONDS


def slowest(answered: list[TimedResponse]) -> str:
    """The 95th percentile and the slowest, in ms."""
    times = sorted(one.seconds * 1000 for one in answered)
    return f"{len(times)} answers, p95 {times[len(times) * 95 // 100]:.0f}, slowest {times[-1]:.0f}"


@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.long)])
def test_only_graphql_fails_without_the_graph_which_catches_up(
    instance: Instance, neo4j: Any, database_url: str, proxy: TcpProxy, seconds: float
) -> None:
    with instance.client() as client:
        id_ = made(client, "entities", name="Ada", type="person").answer.json()["id"]
        assert eventually(lambda: (asked(client, id_).answer.json()["data"] or {}).get("entity"))
        for way, (go_away, come_back) in WAYS.items():
            with written_to(instance) as writes:
                go_away(proxy)
                answers = asked_for(seconds, client, id_)
                come_back(proxy)
            print(
                f"\n{way} for {seconds} s: GraphQL {slowest(answers)} ms; REST {slowest(writes)} ms"
            )
            must_be_refused_at_once(answers)
            must_not_have_noticed(writes)
            assert eventually(lambda: asked(client, id_).answer.status_code == 200)
            began = time.monotonic()
            assert eventually(lambda: not differences(database_url, neo4j.driver), 90)
            print(f"equal {time.monotonic() - began:.1f} s later")
    run("graph", "verify", environment=environment_of(instance))


# What GraphQL owes it to


async def asked_in_silence(
    url: str, graph: Any, proxy: TcpProxy, folder: Path, handler: str, at_most_seconds: float
) -> Reply:
    """Return the response while the graph is silent: until the response comes, or for a time."""
    variables = {
        "NEO4J_URI": f"bolt://127.0.0.1:{proxy.port}",
        "NEO4J_USER": graph.user,
        "NEO4J_PASSWORD": graph.password,
    }
    body = {"query": ASK, "variables": {"id": str(uuid4())}}
    async with (
        serving(url, folder, environments=1, handler=handler, more=variables) as host,
        clients(host, editor(url), 1) as (one,),
    ):
        assert (await one("POST", "/graphql", body)).status == 200
        proxy.go_silent()
        answer = asyncio.create_task(one("POST", "/graphql", body))
        await asyncio.wait({answer}, timeout=at_most_seconds)
        proxy.speak()
        return await answer


def test_a_query_to_a_silent_graph_gets_a_response_in_time(
    database_url: str, neo4j: Any, proxy: TcpProxy, tmp_path: Path
) -> None:
    answer = asyncio.run(
        asked_in_silence(
            database_url, neo4j, proxy, tmp_path, "graph.handler", at_most_seconds=WITHIN_SECONDS
        )
    )
    assert (answer.status, answer.json["errors"][0]["extensions"]["code"]) == (
        503,
        "GRAPH_UNAVAILABLE",
    )


def test_without_the_response_watch_a_query_waits_for_a_silent_graph(
    database_url: str, neo4j: Any, proxy: TcpProxy, tmp_path: Path
) -> None:
    """With the guard disabled: it has its response from the graph, once that speaks again."""
    handler = "patient_graph.handler"
    answer = asyncio.run(
        asked_in_silence(database_url, neo4j, proxy, tmp_path, handler, at_most_seconds=3)
    )
    assert answer.status == 200
