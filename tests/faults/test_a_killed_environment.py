"""A handling environment is killed in the middle of a batch: the batch comes again."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from groundwork_lambda_host.environments import Fleet, Limits
from groundwork_lambda_host.environments.fleet import EnvironmentContext
from groundwork_lambda_host.pollers import Pollers, PollerSettings, sqs_source
from groundwork_lambda_host.pollers.poller import Invoked, Poller
from groundwork_lambda_host.template import Function, Stack

from ..conftest import Emulator
from ..integration.lambda_host.pollers.test_queues import REGION, Queues, stack_of

HANDLERS = Path(__file__).parent / "handlers"
VISIBLE_AGAIN_SECONDS = 60


def with_worker(stack: Stack, log: Path) -> Stack:
    worker = Function(
        logical_id="Worker",
        name="worker",
        handler="batch_worker.handler",
        folder=HANDLERS,
        timeout_seconds=90,
        memory_mb=128,
        environment={"WORK_LOG": str(log)},
        arn=f"arn:aws:lambda:{REGION}:000000000000:function:worker",
    )
    return Stack(
        stage=stack.stage,
        region=stack.region,
        functions={"Worker": worker},
        routes=(),
        socket=None,
        queues=stack.queues,
        queue_mappings=stack.queue_mappings,
        schedules=(),
        secrets=(),
    )


def written(log: Path) -> list[list[str]]:
    """Return each step that the handler logged: step, message and process."""
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


async def killed(emulator: Emulator, log: Path) -> tuple[list[str], int]:
    """Kill the handler's process during a message; return its log and the messages left."""
    stack = stack_of(emulator, visibility_seconds=VISIBLE_AGAIN_SECONDS)
    queues = Queues(emulator, with_worker(stack, log))
    await asyncio.to_thread(queues.make)
    quiet = EnvironmentContext(
        shared={"PATH": os.environ["PATH"]}, sink=lambda _line: None, metrics=lambda _line: None
    )
    fleet = Fleet(queues.stack, Limits(most=1), quiet)
    pollers = Pollers(
        queues.stack,
        source=sqs_source(queues.settings),
        invoker=fleet,
        recreate=lambda: asyncio.sleep(0),
        settings=PollerSettings(region=REGION, wait_seconds=1),
    )
    await fleet.start()
    await pollers.start()
    try:
        await asyncio.to_thread(queues.send, "slow")
        async with asyncio.timeout(60):
            while not written(log):
                await asyncio.sleep(0.05)
        os.kill(int(written(log)[0][2]), signal.SIGKILL)
        # Its message is gone when it is handled, or taken for it.
        async with asyncio.timeout(VISIBLE_AGAIN_SECONDS - 2):
            while await asyncio.to_thread(queues.left):
                await asyncio.sleep(0.05)
    finally:
        await pollers.drain()
        await fleet.drain(5)
    lines = [f"{did} {message}" for did, message, _ in written(log)]
    return lines, await asyncio.to_thread(queues.left)


def test_a_batch_whose_environment_is_killed_is_handled_again_at_once(
    emulator: Emulator, tmp_path: Path
) -> None:
    # Before the queue itself would show it again, in a new environment, and once.
    lines, left = asyncio.run(killed(emulator, tmp_path / "log"))
    assert lines == ["began slow", "began slow", "finished slow"]
    assert left == 0


def test_a_poller_that_counts_a_dead_environment_as_success_loses_the_batch(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    ask = Poller._invoke

    async def forgiving(self: Poller, event: dict[str, object], trace: str) -> Invoked:
        return Invoked((await ask(self, event, trace)).payload, None)

    monkeypatch.setattr(Poller, "_invoke", forgiving)
    lines, left = asyncio.run(killed(emulator, tmp_path / "log"))
    assert lines == ["began slow"]
    assert left == 0
