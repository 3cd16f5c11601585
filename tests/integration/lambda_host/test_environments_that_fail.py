import asyncio
import json
import os
import signal
import time
from dataclasses import replace

import pytest
from tests.integration.lambda_host.conftest import Function, Serve, ask

from groundwork_lambda_host.environments import Throttled
from groundwork_lambda_host.environments.crash_loop import CrashLoop
from groundwork_lambda_host.settings import HostSettings

pytestmark = pytest.mark.anyio

UNSOUND = Function("Unsound", "unsound.handler", "/unsound")
SLEEPER = Function("Sleeper", "sleeper.handler", "/sleep", timeout=1)
PATIENT = Function("Sleeper", "sleeper.handler", "/sleep", timeout=60)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until(true: object, seconds: float = 30.0) -> None:
    assert callable(true)
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


async def test_a_handler_past_its_timeout_gets_504_and_its_process_is_replaced(
    serve: Serve,
) -> None:
    running = await serve(SLEEPER)
    pool = running.host.fleet.pools["Sleeper"]
    (before,) = pool.pids

    answer = await ask(running.port, "/sleep?seconds=60")

    assert answer.status == 504
    await until(lambda: not alive(before))
    again = await ask(running.port, "/sleep?seconds=0")
    assert again.status == 200
    assert json.loads(again.body)["pid"] != before


async def test_the_outcome_of_a_timeout_is_worded_like_lambdas(serve: Serve) -> None:
    running = await serve(SLEEPER)

    outcome = await running.host.fleet.invoke("Sleeper", {"seconds": 20})

    assert outcome.error is not None
    assert outcome.error.error_type == "Sandbox.Timedout"
    assert outcome.error.error_message == "Task timed out after 1.00 seconds"


async def test_without_the_timeout_a_handler_runs_on(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the timeout: nobody kills, so the late response comes."""
    running = await serve(SLEEPER)
    monkeypatch.setattr(
        "groundwork_lambda_host.environments.environment.Environment._time_out", lambda _self: None
    )

    answer = await ask(running.port, "/sleep?seconds=1.5")

    assert answer.status == 200


@pytest.mark.parametrize("how", ["kill", "exit"])
async def test_an_environment_that_dies_during_an_event_is_an_error_and_is_replaced(
    serve: Serve, how: str
) -> None:
    running = await serve(UNSOUND)

    outcome = await running.host.fleet.invoke("Unsound", {"how": how})

    assert outcome.error is not None
    assert outcome.error.error_type == "Runtime.ExitError"
    assert (await ask(running.port, "/unsound")).status == 200


async def test_an_environment_that_takes_more_memory_than_it_has_is_replaced(
    serve: Serve,
) -> None:
    running = await serve(UNSOUND, SLEEPER)
    pool = running.host.fleet.pools["Unsound"]
    (before,) = pool.pids

    answer = await ask(running.port, "/unsound?how=greedy")

    assert answer.status == 502
    await until(lambda: not alive(before))
    again, other = await asyncio.gather(ask(running.port, "/unsound"), ask(running.port, "/sleep"))
    assert (again.status, other.status) == (200, 200)
    assert int(again.body) != before
    await until(lambda: any(b"MemoryError" in line for line in running.log))


async def test_a_request_that_needs_more_memory_is_served_by_a_function_that_has_it(
    serve: Serve,
) -> None:
    """The negative control of the limit: it is MemorySize that decides."""
    running = await serve(Function("Unsound", "unsound.handler", "/unsound", memory=1024))

    assert (await ask(running.port, "/unsound?how=greedy")).status == 200


async def test_a_kill_from_outside_fails_one_event_only(serve: Serve) -> None:
    settings = HostSettings(port=0, environments=1, announce_seconds=0.1)
    running = await serve(PATIENT, settings=settings)
    pool = running.host.fleet.pools["Sleeper"]
    hit = asyncio.create_task(ask(running.port, "/sleep?seconds=50"))
    await until(lambda: pool.busy)
    waiting = asyncio.create_task(ask(running.port, "/sleep?seconds=0"))
    await until(lambda: pool.waiting)

    os.kill(pool.pids[0], signal.SIGKILL)

    assert (await hit).status == 502
    assert (await waiting).status == 200


@pytest.mark.parametrize("how", ["raise", "object", "large"])
async def test_a_failing_handler_is_a_bad_gateway_and_its_trace_stays_in_the_log(
    serve: Serve, how: str
) -> None:
    running = await serve(UNSOUND)

    answer = await ask(running.port, f"/unsound?how={how}")

    assert answer.status == 502
    assert b"secret" not in answer.body
    assert b"Traceback" not in answer.body
    await until(lambda: any(b"stackTrace" in line for line in running.log))
    logged = json.loads(next(line for line in running.log if b"stackTrace" in line))
    assert logged["request_id"] == answer.header("x-request-id")


async def test_the_environment_survives_an_exception(serve: Serve) -> None:
    running = await serve(UNSOUND)
    before = running.host.fleet.pools["Unsound"].pids

    await ask(running.port, "/unsound?how=raise")

    assert running.host.fleet.pools["Unsound"].pids == before


async def test_a_function_that_cannot_start_fails_at_once_and_others_are_served(
    serve: Serve,
) -> None:
    running = await serve(
        Function("Broken", "broken.handler", "/broken"), Function("Echo", "echo.handler", "/echo")
    )

    broken = await ask(running.port, "/broken")
    sound = await ask(running.port, "/echo")
    outcome = await running.host.fleet.invoke("Broken", {})

    assert (broken.status, sound.status) == (502, 200)
    assert outcome.error is not None
    assert outcome.error.error_type == "Runtime.ImportModuleError"


async def test_a_crash_loop_backs_off(serve: Serve) -> None:
    running = await serve(Function("Broken", "broken.handler"))
    stats = running.host.fleet.pools["Broken"].stats

    began = time.monotonic()

    await until(lambda: stats.failed_starts >= 5)

    # The second comes at once; 0.25, 0.5 and 1 s lie between the others.
    assert time.monotonic() - began >= 1.7


async def test_without_the_pause_a_crashing_environment_restarts_all_the_time(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the pause."""
    monkeypatch.setattr(CrashLoop, "pause_seconds", 0.0)
    running = await serve(Function("Broken", "broken.handler"))
    stats = running.host.fleet.pools["Broken"].stats

    await until(lambda: stats.failed_starts > 8)


async def test_a_full_line_is_throttled(serve: Serve) -> None:
    settings = HostSettings(port=0, environments=1, wait_line=1, announce_seconds=0.1)
    running = await serve(PATIENT, settings=settings)
    pool = running.host.fleet.pools["Sleeper"]
    held = [asyncio.create_task(ask(running.port, "/sleep?seconds=1")) for _ in range(2)]
    await until(lambda: pool.busy and pool.waiting)

    refused = await ask(running.port, "/sleep?seconds=0")

    assert refused.status == 429
    assert int(refused.header("retry-after")) >= 1
    with pytest.raises(Throttled):
        await running.host.fleet.invoke("Sleeper", {})
    assert [answer.status for answer in await asyncio.gather(*held)] == [200, 200]


async def test_a_deadline_ends_the_wait_but_not_the_running_handler(serve: Serve) -> None:
    running = await serve(PATIENT)
    pool = running.host.fleet.pools["Sleeper"]

    with pytest.raises(TimeoutError):
        await running.host.fleet.invoke("Sleeper", {"seconds": 1}, deadline_seconds=0.1)

    assert pool.busy == 1
    await until(lambda: pool.busy == 0)
    assert pool.stats.errors == 0


async def test_spare_environments_stop_when_idle_but_the_last_one_stays(serve: Serve) -> None:
    settings = HostSettings(port=0, environments=2, idle_seconds=0.1, announce_seconds=0.1)
    running = await serve(PATIENT, settings=settings)
    pool = running.host.fleet.pools["Sleeper"]
    await asyncio.gather(*(ask(running.port, "/sleep?seconds=0.8") for _ in range(2)))
    await until(lambda: pool.size == 2 and not pool.busy)

    await asyncio.sleep(0.2)
    pool.reap()

    await until(lambda: pool.size == 1)
    (last,) = pool.pids
    await asyncio.sleep(0.2)
    pool.reap()
    # A request is served after what reaping has begun, so the last one would be gone by now.
    answer = await ask(running.port, "/sleep?seconds=0")
    assert json.loads(answer.body)["pid"] == last
    assert pool.pids == [last]


async def test_an_environment_that_is_still_stopping_does_not_count_as_the_one_that_stays(
    serve: Serve,
) -> None:
    settings = HostSettings(port=0, environments=2, idle_seconds=0.1, announce_seconds=0.1)
    running = await serve(PATIENT, settings=settings)
    pool = running.host.fleet.pools["Sleeper"]
    await asyncio.gather(*(ask(running.port, "/sleep?seconds=0.8") for _ in range(2)))
    await until(lambda: pool.size == 2 and not pool.busy)
    pids = set(pool.pids)
    await asyncio.sleep(0.2)

    pool.reap()
    pool.reap()

    await until(lambda: pool.size == 1)
    await asyncio.sleep(0.2)
    assert set(pool.pids) < pids


async def test_a_pool_whose_minimum_is_zero_stops_its_last_environment(serve: Serve) -> None:
    settings = HostSettings(port=0, environments=2, idle_seconds=0.1, announce_seconds=0.1)
    running = await serve(PATIENT, settings=settings)
    pool = running.host.fleet.pools["Sleeper"]
    (before,) = pool.pids
    pool.limits = replace(pool.limits, least=0)
    await asyncio.sleep(0.2)
    pool.reap()
    await until(lambda: not alive(before))


async def test_a_swap_replaces_every_environment_and_refuses_nothing(serve: Serve) -> None:
    running = await serve(PATIENT)
    pool = running.host.fleet.pools["Sleeper"]
    before = set(pool.pids)
    under_way = asyncio.create_task(ask(running.port, "/sleep?seconds=0.4"))
    await until(lambda: pool.busy)

    await running.host.fleet.swap()

    assert (await under_way).status == 200
    assert (await ask(running.port, "/sleep?seconds=0")).status == 200
    assert not before & set(pool.pids)


async def test_nothing_is_left_running_after_a_drain(serve: Serve) -> None:
    running = await serve(SLEEPER, UNSOUND)
    pids = [pid for pool in running.host.fleet.pools.values() for pid in pool.pids]

    await running.host.drain()

    assert pids
    assert not any(alive(pid) for pid in pids)
