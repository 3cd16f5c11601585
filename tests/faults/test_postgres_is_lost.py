"""Postgres is lost under load: every request gets 503 at once, until it is back."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..fakes.tcp_proxy import TcpProxy
from .serving import Client, Reply, clients, editor, serving

PATH = "/api/v1/entities"
ADA = {"name": "Ada", "type": "person", "confidence": 1.0}
AT_ONCE_SECONDS = 15.0
"""Far from what it takes, and well before the end of the function's time, which lets go too."""
RECOVERY_SECONDS = 30.0


@pytest.fixture
def proxy(database_url: str) -> Iterator[TcpProxy]:
    made = TcpProxy(int(database_url.rsplit(":", 1)[1].partition("/")[0]))
    yield made
    made.close()


def through(proxy: TcpProxy, url: str) -> str:
    """The address of the database behind the proxy."""
    head, _, tail = url.rpartition(":")
    return f"{head}:{proxy.port}/{tail.partition('/')[2]}"


async def ask_all(asking: list[Client]) -> list[Reply]:
    """Half of them read, half of them write."""
    return await asyncio.gather(
        *(
            one("GET", f"{PATH}?limit=1") if number % 2 else one("POST", PATH, ADA)
            for number, one in enumerate(asking)
        )
    )


async def during(asking: list[Client], seconds: float) -> list[Reply]:
    ends, answers = time.monotonic() + seconds, list[Reply]()
    while time.monotonic() < ends:
        answers += await ask_all(asking)
        await asyncio.sleep(0.05)
    return answers


async def recovered(asking: list[Client], within_seconds: float = RECOVERY_SECONDS) -> bool:
    """Return whether all clients are served again in time, several times in a row."""
    ends = time.monotonic() + within_seconds
    while time.monotonic() < ends:
        if {one.status for one in await ask_all(asking)} <= {200, 201}:
            again = [one for _ in range(5) for one in await ask_all(asking)]
            return {one.status for one in again} == {200, 201}
        await asyncio.sleep(0.1)
    return False


async def lose(
    proxy: TcpProxy,
    url: str,
    folder: Path,
    seconds: float,
    handler: str = "rest.handler",
    within_seconds: float = RECOVERY_SECONDS,
    reserved: int | None = None,
) -> tuple[list[Reply], bool, int]:
    """Lose it for so long: what was answered meanwhile, whether it recovered, and how many died."""
    token = editor(url)
    async with (
        serving(through(proxy, url), folder, handler=handler, reserved=reserved) as host,
        clients(host, token, 4) as asking,
    ):
        assert await recovered(asking)
        before = {environment.pid for environment in host.fleet.pools["Rest"]._all}
        proxy.refuse()
        meanwhile = await during(asking, seconds)
        proxy.accept()
        back = await recovered(asking, within_seconds)
        after = {environment.pid for environment in host.fleet.pools["Rest"]._all}
    return meanwhile, back, len(before - after)


async def silenced(proxy: TcpProxy, url: str, folder: Path) -> tuple[list[Reply], bool, int]:
    """As `lose`, but it says nothing any more instead of refusing, for a while."""
    token = editor(url)
    async with (
        serving(through(proxy, url), folder) as host,
        clients(host, token, 4) as asking,
    ):
        assert await recovered(asking)
        before = {environment.pid for environment in host.fleet.pools["Rest"]._all}
        proxy.go_silent()
        meanwhile = await during(asking, 3)
        proxy.speak()
        back = await recovered(asking)
        after = {environment.pid for environment in host.fleet.pools["Rest"]._all}
    return meanwhile, back, len(before - after)


def must_be_refused_at_once(answers: list[Reply]) -> None:
    assert answers
    assert {one.status for one in answers} == {503}
    assert {one.json["type"] for one in answers} == {"/problems/unavailable"}
    assert all(int(one.headers["retry-after"]) >= 1 for one in answers)
    assert max(one.seconds for one in answers) < AT_ONCE_SECONDS


@pytest.mark.parametrize("seconds", [1, pytest.param(10, marks=pytest.mark.long)])
def test_requests_get_503_at_once_while_postgres_is_down_and_only_then(
    proxy: TcpProxy, database_url: str, tmp_path: Path, seconds: float
) -> None:
    answers, back, died = asyncio.run(lose(proxy, database_url, tmp_path, seconds))
    must_be_refused_at_once(answers)
    assert back
    assert died == 0


def test_an_environment_that_keeps_a_dead_connection_never_recovers(
    proxy: TcpProxy, database_url: str, tmp_path: Path
) -> None:
    """Without the guard. One environment only: a fresh one would open a connection of its own."""
    handler = "stubborn_rest.handler"
    losing = lose(proxy, database_url, tmp_path, 0.5, handler, within_seconds=3, reserved=1)
    _, back, _ = asyncio.run(losing)
    assert not back


def test_a_silent_postgres_delays_requests_for_a_bounded_time(
    proxy: TcpProxy, database_url: str, tmp_path: Path
) -> None:
    answers, back, died = asyncio.run(silenced(proxy, database_url, tmp_path))
    must_be_refused_at_once(answers)
    assert back
    assert died == 0


async def waited_for(proxy: TcpProxy, url: str, folder: Path) -> Reply:
    """Return the response of a function that does not notice a silent Postgres for some seconds."""
    token = editor(url)
    async with (
        serving(through(proxy, url), folder, handler="patient_rest.handler") as host,
        clients(host, token, 1) as (one,),
    ):
        assert (await one("GET", f"{PATH}?limit=1")).status == 200
        proxy.go_silent()
        asked = asyncio.create_task(one("GET", f"{PATH}?limit=1"))
        await asyncio.wait({asked}, timeout=3)
        proxy.speak()
        return await asked


def test_without_the_response_watch_a_request_waits_for_a_silent_postgres(
    proxy: TcpProxy, database_url: str, tmp_path: Path
) -> None:
    """With the guard disabled: it has its response from Postgres, once that speaks again."""
    assert asyncio.run(waited_for(proxy, database_url, tmp_path)).status == 200
