import asyncio
from dataclasses import dataclass, field

import pytest
from tests.integration.lambda_host.conftest import Function, Running, Serve, read_answer

from groundwork_lambda_host.gateway import Server
from groundwork_lambda_host.settings import HostSettings

pytestmark = pytest.mark.anyio

SLEEPER = Function("Sleeper", "sleeper.handler", "/sleep")
PATIENT = Function("Patient", "patient.handler", "/patient", timeout=300)
SETTINGS = HostSettings(port=0, announce_seconds=1.0, finish_seconds=5.0)


@dataclass
class Load:
    """Keep-alive clients that ask without a pause; a request that gets no response has failed."""

    port: int
    answered: int = 0
    failed: list[str] = field(default_factory=list)

    async def client(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except ConnectionRefusedError:
                return  # the host has gone: there is nothing to fail
            try:
                while await self._once(reader, writer):
                    pass
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                self.failed.append(repr(error))
                return
            finally:
                writer.close()

    async def _once(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"GET /sleep?seconds=0.01 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = await read_answer(reader)
        if answer.status != 200:
            self.failed.append(str(answer.status))
        self.answered += 1
        return answer.header("connection") != "close"


async def drained_under_load(running: Running) -> Load:
    load = Load(running.port)
    clients = [asyncio.create_task(load.client()) for _ in range(10)]
    async with asyncio.timeout(30):
        while load.answered <= 20:
            await asyncio.sleep(0.05)
        await running.host.drain()
        await asyncio.gather(*clients)
    return load


async def test_no_request_fails_while_the_host_drains(serve: Serve) -> None:
    running = await serve(SLEEPER, settings=SETTINGS)

    load = await drained_under_load(running)

    assert load.failed == []


async def test_a_server_that_closes_without_a_drain_cuts_off_running_requests(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a server that just closes cuts off who is being served."""

    async def abrupt(self: Server, *, announce_seconds: float, finish_seconds: float) -> None:
        for server in self._servers:
            server.close()
        for copy in self._copies:
            copy.close()
        for connection in list(self._state.connections):
            connection.transport.abort()

    monkeypatch.setattr(Server, "drain", abrupt)
    running = await serve(SLEEPER, settings=SETTINGS)

    load = await drained_under_load(running)

    assert load.failed


async def test_a_running_request_is_finished(serve: Serve) -> None:
    running = await serve(SLEEPER, settings=SETTINGS)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(b"GET /sleep?seconds=2 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(30):
        while not running.host.fleet.pools["Sleeper"].busy:
            await asyncio.sleep(0.02)

    await running.host.drain()

    answer = await read_answer(reader)
    writer.close()
    assert answer.status == 200
    assert answer.header("connection") == "close"


async def test_parts_are_drained_while_functions_can_still_be_invoked(serve: Serve) -> None:
    running = await serve(SLEEPER)

    class Part:
        ended = ""

        async def start(self) -> None:
            self.ended = "no"

        async def drain(self) -> None:
            outcome = await running.host.fleet.invoke("Sleeper", {"seconds": 0.3})
            self.ended = str(outcome.error)

    part = Part()
    running.host.add(part)

    await running.host.drain()

    assert part.ended == "None"


async def test_a_second_drain_does_nothing(serve: Serve) -> None:
    running = await serve(SLEEPER)

    class Part:
        drained = 0

        async def start(self) -> None:
            """Have nothing to start."""

        async def drain(self) -> None:
            self.drained += 1

    part = Part()
    running.host.add(part)
    await running.host.drain()
    assert part.drained == 1
    pool = running.host.fleet.pools["Sleeper"]
    assert pool.size == 0

    await running.host.drain()

    assert part.drained == 1
    assert pool.size == 0
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", running.port)


async def test_without_the_mark_that_it_drained_a_host_drains_its_parts_twice(serve: Serve) -> None:
    running = await serve(SLEEPER)
    drained: list[str] = []

    class Part:
        async def start(self) -> None:
            """Have nothing to start."""

        async def drain(self) -> None:
            drained.append("drained")

    running.host.add(Part())
    await running.host.drain()
    running.host._drained = False

    await running.host.drain()

    assert len(drained) == 2


async def test_a_handler_that_checks_its_remaining_time_ends_early_in_a_drain(serve: Serve) -> None:
    running = await serve(PATIENT, settings=SETTINGS)
    pool = running.host.fleet.pools["Patient"]
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(b"GET /patient HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = asyncio.create_task(read_answer(reader))
    async with asyncio.timeout(60):
        while not pool.busy:
            await asyncio.sleep(0.02)
        # Others are left alone, as is this one while nobody hastens it.
        running.host.fleet.hasten(())
        done, _ = await asyncio.wait({answer}, timeout=0.5)
        assert not done
        running.host.fleet.hasten(("Patient",))
        assert (await answer).body == b"done"
    writer.close()
