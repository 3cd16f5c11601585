"""The queue service goes away, or comes back empty, while the pollers run."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from groundwork_command.services.emulator import Emulator as Service
from groundwork_command.services.home import Home
from groundwork_lambda_host.pollers import Pollers, PollerSettings, sqs_source

from ..conftest import Emulator
from ..fakes.fleet import FakeFleet
from ..integration.lambda_host.pollers.test_queues import REGION, Queues, bodies, stack_of


@pytest.fixture
def service() -> Iterator[Service]:
    """An emulator of this test's own, to be stopped and started at will."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        home.prepare()
        made = Service(home, services="sqs,sts")
        yield made
        made.stop()


def quiet(*_lines: str) -> None: ...


async def until(seen: Callable[[], bool], *, within_seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within_seconds):
            while not seen():
                await asyncio.sleep(0.05)
    return seen()


def handled(fleet: FakeFleet) -> list[str]:
    return [body for _, event in fleet.events for body in bodies(event)]


async def run(
    service: Service, recreate: Callable[[Queues], Any], *, within_seconds: float
) -> list[str]:
    address = await asyncio.to_thread(service.start, quiet)
    endpoint = address["AWS_ENDPOINT_URL"]
    emulator = Emulator(endpoint, "own", address["AWS_ACCESS_KEY_ID"])
    queues = Queues(emulator, stack_of(emulator))
    await asyncio.to_thread(queues.make)
    fleet = FakeFleet()
    pollers = Pollers(
        queues.stack,
        source=sqs_source(queues.settings),
        invoker=fleet,
        recreate=lambda: recreate(queues),
        settings=PollerSettings(region=REGION, wait_seconds=1),
    )
    await pollers.start()
    try:
        await asyncio.to_thread(queues.send, "before")
        assert await until(lambda: handled(fleet) == ["before"], within_seconds=30)
        await asyncio.to_thread(service.stop)
        await asyncio.sleep(1)
        assert (await asyncio.to_thread(service.start, quiet))["AWS_ENDPOINT_URL"] == endpoint

        def send() -> bool:
            try:
                queues.send("after")
            except (BotoCoreError, ClientError):
                return False
            return True

        async with asyncio.timeout(within_seconds):
            while not await asyncio.to_thread(send):
                await asyncio.sleep(0.2)
        await until(lambda: len(handled(fleet)) == 2, within_seconds=within_seconds)
    finally:
        await pollers.drain()
    return handled(fleet)


def test_pollers_go_on_after_the_emulator_was_restarted_empty(service: Service) -> None:
    async def recreate(queues: Queues) -> None:
        await asyncio.to_thread(queues.make)

    assert asyncio.run(run(service, recreate, within_seconds=60)) == ["before", "after"]


@pytest.mark.long
def test_unless_queues_are_created_again_no_message_arrives_after_a_restart(
    service: Service,
) -> None:
    """With the guard disabled."""

    async def recreate(_queues: Queues) -> None:
        await asyncio.sleep(0)

    with pytest.raises(TimeoutError):
        asyncio.run(run(service, recreate, within_seconds=5))
