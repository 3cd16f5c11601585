"""All functions and processes share one rate limit for each user and each key."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from groundwork_core.identity.api_key_format import hash_of, new_key, prefix_of
from groundwork_lambda_host.host import Host
from groundwork_lambda_host.settings import HostSettings
from groundwork_lambda_host.template import Addresses, load

from ..fakes.callers import Mint
from ..integration.lambda_host.conftest import Answer, Function, read_answer, template

CODE, HANDLERS = Path(__file__).parents[2] / "functions", Path(__file__).parent / "handlers"
AS_DEPLOYED = (
    "groundwork_functions.rest_api.handler.handler",
    "groundwork_functions.identity.handler.handler",
    "groundwork_functions.graph_api.handler.handler",
)
EACH_ALONE = ("alone.rest", "alone.identity", "alone.graph")
"""With the guard disabled: each process counts for itself."""
ENVIRONMENTS = 2
PER_SECOND = 5
BURST = 4 * PER_SECOND
QUERY = json.dumps({"query": "{ __typename }"})
ASKED = (("GET", "/api/v1/entities", ""), ("GET", "/api/v1/me", ""), ("POST", "/graphql", QUERY))
ROUNDS, CONNECTIONS = 8, 4
MINT = Mint()
Header = str


def somebody(url: str) -> tuple[Header, Header]:
    """An editor's token and API key, as headers."""
    key = new_key()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO signing_keys (kid, public_jwk) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (MINT.kid, Jsonb(MINT.public)),
        )
        row = connection.execute(
            "INSERT INTO users (email, roles, sessions_valid_from)"
            " VALUES ('e' || uuidv7() || '@example.org', '{editor}', '2020-01-01') RETURNING id"
        ).fetchone()
        assert row is not None
        connection.execute(
            "INSERT INTO api_keys (user_id, name, scopes, prefix, key_hash)"
            " VALUES (%s, 'k', '{entities:read}', %s, %s)",
            (row[0], prefix_of(key), hash_of(key)),
        )
    return f"Authorization: Bearer {MINT.token(row[0])}", f"X-API-Key: {key}"


@asynccontextmanager
async def hosting(url: str, folder: Path, handlers: tuple[str, str, str]) -> AsyncIterator[Host]:
    """The three functions that serve HTTP, with several environments each."""
    variables = (("DATABASE_URL", url), ("GROUNDWORK_RATE_LIMIT", str(PER_SECOND)))
    code = CODE if handlers is AS_DEPLOYED else HANDLERS
    rest, identity, graph = (
        Function(name, handler, path, "ANY", 20, variables, code)
        for name, handler, path in zip(
            ("Rest", "Identity", "Graph"),
            handlers,
            ("/api/v1/{proxy+}", "/api/v1/me", "/graphql"),
            strict=True,
        )
    )
    (folder / "template.yaml").write_text(template(rest, identity, graph))
    settings = HostSettings(
        port=0, environments=ENVIRONMENTS, announce_seconds=0.1, finish_seconds=2.0
    )
    stack = load(folder / "template.yaml", {}, Addresses())
    host = Host(stack, settings, None, lambda _line: None)
    await host.start()
    try:
        yield host
    finally:
        await host.drain()


async def ask(port: int, who: Header, rounds: int) -> list[Answer]:
    """Ask every function so many times, over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    for method, path, body in ASKED * rounds:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{who}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body.encode())
        answers.append(await read_answer(reader, method))
    writer.close()
    return answers


async def warmed(host: Host, who: Header) -> None:
    """Ask until every function has all its environments and each has met its first event.

    A cold start would take up the time. A host starts another environment only while requests
    wait, so how many rounds that takes depends on the machine.
    """
    async with asyncio.timeout(60):
        while any(pool.size < ENVIRONMENTS for pool in host.fleet.pools.values()):
            await asyncio.gather(*(ask(host.port, who, 1) for _ in range(4 * ENVIRONMENTS)))
    await asyncio.gather(*(ask(host.port, who, 1) for _ in range(4 * ENVIRONMENTS)))


async def hammer(
    url: str, folder: Path, handlers: tuple[str, str, str]
) -> tuple[Mapping[Header, list[Answer]], list[Answer], float]:
    """Ask all functions at once, as a user and with a key; then as another user.

    Returns the responses by principal, the other's, and how many seconds the first took.
    """
    warm, _ = somebody(url)
    other, _ = somebody(url)
    principals = somebody(url)
    async with hosting(url, folder, handlers) as host:
        await warmed(host, warm)
        began = time.monotonic()
        asked = [
            (who, asyncio.create_task(ask(host.port, who, ROUNDS)))
            for who in principals * CONNECTIONS
        ]
        found: dict[Header, list[Answer]] = {who: [] for who in principals}
        for who, task in asked:
            found[who] += await task
        seconds = time.monotonic() - began
        others = await ask(host.port, other, 1)
        processes = {name: pool.size for name, pool in host.fleet.pools.items()}
    assert sum(processes.values()) > len(processes), "no function had a second process"
    return found, others, seconds


def through(answers: list[Answer]) -> int:
    return len([answer for answer in answers if answer.status != 429])


def test_a_user_and_a_key_get_no_more_than_their_limit_from_all_functions_together(
    database_url: str, tmp_path: Path
) -> None:
    found, others, seconds = asyncio.run(hammer(database_url, tmp_path, AS_DEPLOYED))
    for answers in found.values():
        assert {answer.status for answer in answers} == {200, 429}
        assert BURST - ENVIRONMENTS <= through(answers) <= BURST + PER_SECOND * seconds
        for answer in answers:
            if answer.status == 429:
                assert answer.header("content-type") == "application/problem+json"
                assert 1 <= int(answer.header("retry-after")) <= 4
                assert answer.header("ratelimit") == f'"principal";r=0;t={BURST // PER_SECOND}'
    assert [answer.status for answer in others] == [200, 200, 200]


def test_processes_that_count_for_themselves_would_be_noticed(
    database_url: str, tmp_path: Path
) -> None:
    found, _, seconds = asyncio.run(hammer(database_url, tmp_path, EACH_ALONE))
    for answers in found.values():
        assert through(answers) > BURST + PER_SECOND * seconds
