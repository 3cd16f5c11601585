"""Many requests of one caller do not hold up another."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork_lambda_host.environments.lines import Lines
from groundwork_lambda_host.gateway.callers import Callers
from groundwork_lambda_host.places import Place
from groundwork_lambda_host.settings import HostSettings

from .conftest import Answer, Function, Running, Serve, ask

pytestmark = pytest.mark.anyio
GATED = Function("Gated", "gated.handler", "/gated", timeout=60)
TWO = HostSettings(port=0, environments=2, announce_seconds=0.1, finish_seconds=1.0)
ONE = HostSettings(port=0, environments=1, announce_seconds=0.1, finish_seconds=1.0)


class Gates:
    """Callers of a gated function, whose gates the test opens."""

    def __init__(self, running: Running, folder: Path) -> None:
        self.running, self.folder = running, folder
        self.pool = running.host.fleet.pools["Gated"]
        (folder / "begun").touch()

    def ask(self, name: str, token: str = "", gate: str = "open") -> "asyncio.Task[Answer]":
        headers = (("Authorization", f"Bearer {token}"),) if token else ()
        path = f"/gated?name={name}&gate={gate}&folder={self.folder}"
        return asyncio.create_task(ask(self.running.port, path, headers=headers))

    def open(self, gate: str = "open") -> None:
        (self.folder / gate).touch()

    @property
    def begun(self) -> list[str]:
        return (self.folder / "begun").read_text().split()

    async def known(self, *tokens: str) -> None:
        """Callers that the host has met."""
        self.open("known")
        for token in tokens:
            assert (await self.ask("first", token, "known")).status == 200
        (self.folder / "begun").write_text("")


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)


async def a_flood_and_another(gates: Gates) -> tuple[list[str], list[asyncio.Task[Answer]]]:
    """Ada asks ten times for what takes long; then Bob asks. Who has begun by then?"""
    await gates.known("ada.1", "bob.1")
    flood = [gates.ask("ada", "ada.1") for _ in range(10)]
    await until(lambda: gates.pool.busy + gates.pool.waiting == 10 and len(gates.begun) >= 2)
    other = gates.ask("bob", "bob.1")
    await until(lambda: gates.pool.busy + gates.pool.waiting == 11)
    # What can begin does so by itself; that nothing more begins cannot be waited for.
    await asyncio.sleep(0.3)
    return gates.begun, [*flood, other]


async def test_one_caller_keeps_half_of_the_environments_and_another_begins_at_once(
    serve: Serve, tmp_path: Path
) -> None:
    gates = Gates(await serve(GATED, settings=TWO), tmp_path)
    under_way = asyncio.create_task(a_flood_and_another(gates))
    await until(lambda: "bob" in gates.begun)
    begun, asked = await under_way
    assert begun == ["ada", "ada", "bob"]
    gates.open()
    assert {answer.status for answer in await asyncio.gather(*asked)} == {200}


async def test_with_one_line_for_all_callers_another_caller_waits(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled: one line for all, which may take everything."""
    monkeypatch.setattr(Callers, "place", lambda _self, _request: Place(""))
    gates = Gates(await serve(GATED, settings=TWO), tmp_path)
    begun, asked = await a_flood_and_another(gates)
    assert "bob" not in begun
    gates.open()
    await asyncio.gather(*asked)


async def test_made_up_tokens_share_the_line_of_their_address(serve: Serve, tmp_path: Path) -> None:
    gates = Gates(await serve(GATED, settings=TWO), tmp_path)
    await gates.known("bob.1")
    flood = [gates.ask("made-up", f"bad.{number}") for number in range(20)]
    await until(lambda: gates.begun.count("made-up") == 2)
    other = gates.ask("bob", "bob.1")
    await until(lambda: "bob" in gates.begun)
    assert gates.begun.count("made-up") == 2
    gates.open()
    assert (await other).status == 200
    assert {answer.status for answer in await asyncio.gather(*flood)} == {401}


async def test_callers_of_one_environment_are_served_in_turn(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One environment in all: the function asks for no more.
    gates = Gates(await serve(GATED, settings=ONE), tmp_path)
    await gates.known("ada.1", "bob.1", "cay.1")
    monkeypatch.setattr(Lines, "wanted", property(lambda _self: 0))
    holding = gates.ask("held", "cay.1")
    await until(lambda: gates.begun == ["held"])
    asked = []
    for name in ("ada", "ada", "ada", "bob", "bob"):
        waiting = gates.pool.waiting
        asked.append(gates.ask(name, f"{name}.1"))
        await until(lambda waiting=waiting: gates.pool.waiting > waiting)  # type: ignore[misc]
    gates.open()
    await asyncio.gather(holding, *asked)
    assert gates.begun == ["held", "ada", "bob", "ada", "bob", "ada"]


async def test_queue_events_take_any_environment(serve: Serve, tmp_path: Path) -> None:
    gates = Gates(await serve(GATED, settings=ONE), tmp_path)
    event = {"headers": {}, "queryStringParameters": {"name": "queue", "folder": str(tmp_path)}}
    work = [asyncio.create_task(gates.running.host.fleet.invoke("Gated", event)) for _ in range(2)]
    await until(lambda: gates.begun == ["queue", "queue"])
    gates.open()
    assert [outcome.error for outcome in await asyncio.gather(*work)] == [None, None]


async def test_when_too_many_calls_wait_those_of_the_longest_line_are_refused(
    serve: Serve, tmp_path: Path
) -> None:
    settings = HostSettings(
        port=0, environments=1, wait_line=4, announce_seconds=0.1, finish_seconds=1.0
    )
    gates = Gates(await serve(GATED, settings=settings), tmp_path)
    await gates.known("ada.1", "bob.1", "cay.1")
    held = [gates.ask("ada", "ada.1"), gates.ask("bob", "bob.1")]
    await until(lambda: gates.pool.busy == 2)
    flood = [gates.ask("ada", "ada.1") for _ in range(4)]
    await until(lambda: gates.pool.waiting == 4)
    other = gates.ask("bob", "bob.1")
    await until(lambda: any(one.done() for one in flood))
    gates.open()
    assert sorted(answer.status for answer in await asyncio.gather(*flood)) == [200] * 3 + [429]
    assert {answer.status for answer in await asyncio.gather(*held, other)} == {200}


async def test_headers_for_the_host_are_not_sent_to_clients(serve: Serve, tmp_path: Path) -> None:
    gates = Gates(await serve(GATED, settings=TWO), tmp_path)
    gates.open()
    answer = await gates.ask("ada", "ada.1")
    assert answer.status == 200
    assert not answer.header("x-groundwork-caller")
