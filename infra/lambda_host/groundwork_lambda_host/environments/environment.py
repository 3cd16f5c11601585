"""An execution environment: a process that runs a handler, one event at a time."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter, time_ns
from typing import Protocol, Required, TypedDict, cast

import orjson

from groundwork_lambda_host.environments.frames import MessageReader, pack
from groundwork_lambda_host.environments.invocation import (
    Call,
    Invocation,
    LambdaError,
    ResponseHead,
)
from groundwork_lambda_host.environments.output import Output
from groundwork_lambda_host.template import Function

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_OK = b'{"ok":true}'
_GRACE_SECONDS = 2.0


class Http(TypedDict):
    """Status and headers of an HTTP response, as the child sends them."""

    status: object
    headers: dict[str, object]
    multi: dict[str, object]


class ReplyHeader(TypedDict, total=False):
    """The header frame of a child's message."""

    ok: Required[bool]
    errorType: str
    errorMessage: str
    http: Http


class Owner(Protocol):
    """The pool of an environment, which gives it events."""

    def finished(self, environment: "Environment", outcome: Invocation) -> None:
        """Called when an event has ended; the environment is free unless it is retiring."""

    def gone(self, environment: "Environment") -> None:
        """Called when the process has ended, after its last event."""


class StartFailed(Exception):
    """Raised if the process ends, or its handler cannot be imported, before the first event."""

    def __init__(self, fault: LambdaError) -> None:
        super().__init__(f"{fault.error_type}: {fault.error_message}")
        self.fault = fault


class Environment(asyncio.Protocol):
    """The host's side of one child process.

    Args:
        function: The function that it runs.
        owner: Notified of finished events and of the process's end.
        output: Receives the output of the process.

    Attributes:
        ended: Done when the process has ended and its output has been read.
        free_since: When its last event ended, on the loop's clock.
        retiring: Whether it gets no further event.
    """

    def __init__(self, function: Function, owner: Owner, output: Output) -> None:
        self.function = function
        self.free_since = 0.0
        self.retiring = False
        self._owner = owner
        self._output = output
        self._messages = MessageReader()
        self._call: Call | None = None
        self._served = 0
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.WriteTransport | None = None
        self._process: asyncio.SubprocessTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._timed_out = False

    @property
    def busy(self) -> bool:
        """True if an event is running."""
        return self._call is not None

    @property
    def pid(self) -> int:
        """Process id; 0 before the start."""
        return (self._process.get_pid() or 0) if self._process else 0

    async def start(self, variables: Mapping[str, str], within_seconds: float) -> None:
        """Start the process and wait until its handler is imported.

        Raises:
            StartFailed: The start failed; the process has ended or is ending.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            await self._loop.create_unix_connection(lambda: self, sock=ours)
            transport, _ = await self._loop.subprocess_exec(
                lambda: _Process(self._output, self._exited, self._closed),
                *(sys.executable, "-P", str(_BOOTSTRAP), str(theirs.fileno())),
                stdin=None,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(variables),
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                cwd=str(self.function.folder),
            )
            self._process = transport
        try:
            async with asyncio.timeout(within_seconds):
                await asyncio.shield(self._ready)
        except TimeoutError:
            self.kill()
            message = f"Init took longer than {within_seconds:g} seconds"
            raise StartFailed(LambdaError("Sandbox.Timedout", message)) from None
        except asyncio.CancelledError:
            self.kill()
            raise
        self.free_since = self._loop.time()

    def take(self, call: Call) -> None:
        """Start an event. The environment must be free."""
        self._call = call
        call.cold = self._served == 0
        self._served += 1
        call.started = perf_counter()
        timeout = self.function.timeout_seconds
        deadline_ms = time_ns() // 1_000_000 + timeout * 1000
        self._deadline = self._loop.time() + timeout
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._check_deadline)
        assert self._transport is not None  # noqa: S101 - it is started
        self._transport.write(pack(call.header(deadline_ms), call.event))

    def kill(self) -> None:
        """Kill the process and its children."""
        if self._process is not None and self._process.get_returncode() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.get_pid(), signal.SIGKILL)

    def hasten(self) -> None:
        """Reduce the remaining time that a running event sees; its real limit is unchanged."""
        if self.busy and self._process is not None and self._process.get_returncode() is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGUSR1)

    async def stop(self) -> None:
        """End the process after its event, if any; kill it after a timeout."""
        self.retiring = True
        if self._process is None:
            return
        if self._process.get_returncode() is None:
            self._process.send_signal(signal.SIGTERM)
        grace = _GRACE_SECONDS + (self.function.timeout_seconds if self.busy else 0)
        await asyncio.wait({self.ended}, timeout=grace)
        self.kill()
        # Its own children may keep the output open; do not wait for them for ever.
        await asyncio.wait({self.ended}, timeout=_GRACE_SECONDS)

    # ── asyncio.Protocol ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport of the socket pair."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Receive a response, or a part of it."""
        message = self._messages.feed(data)
        if message is None:
            return
        header, payload = message
        response: ReplyHeader = {"ok": True} if header == _OK else orjson.loads(header)
        fault = (
            None if response["ok"] else LambdaError(response["errorType"], response["errorMessage"])
        )
        call = self._call
        if call is None:
            self._started(fault)
            return
        self._call = None
        http = response.get("http")
        outcome = call.end(
            payload,
            fault,
            ResponseHead(http["status"], http["headers"], http["multi"]) if http else None,
        )
        self.free_since = self._loop.time()
        self._owner.finished(self, outcome)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the cause does not matter
        """Kill the process, which cannot respond without its socket."""
        self.retiring = True
        self._loop.call_later(_GRACE_SECONDS, self.kill)

    # ── internal ──

    def _started(self, fault: LambdaError | None) -> None:
        if self._ready.done():
            return
        if fault is None:
            self._ready.set_result(None)
        else:
            self._ready.set_exception(StartFailed(fault))

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check_deadline(self) -> None:
        # One timer serves many events: it is rescheduled when it fires, not for each event.
        self._timer = None
        if self._call is None:
            return
        if self._loop.time() >= self._deadline:
            self._time_out()
        else:
            self._timer = self._loop.call_at(self._deadline, self._check_deadline)

    def _time_out(self) -> None:
        self._timed_out = True
        self.retiring = True
        self.kill()

    def _exited(self, code: int) -> None:
        self._cancel_timer()
        how = f"signal: {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        fault = LambdaError("Runtime.ExitError", f"Runtime exited with {how}")
        call, self._call = self._call, None
        if self._timed_out:
            seconds = self.function.timeout_seconds
            fault = LambdaError("Sandbox.Timedout", f"Task timed out after {seconds}.00 seconds")
        self.retiring = True
        self._started(fault)
        if call is not None:
            self._owner.finished(self, call.end(error=fault))
        if self._transport is not None:
            self._transport.close()
        self._owner.gone(self)

    def _closed(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


class _Process(asyncio.SubprocessProtocol):
    """Forwards asyncio's notifications about the process."""

    def __init__(
        self, output: Output, exited: Callable[[int], None], closed: Callable[[], None]
    ) -> None:
        self._output = output
        self._exited = exited
        self._closed = closed
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - one pipe only
        self._output.feed(data)

    def process_exited(self) -> None:
        assert self._transport is not None  # noqa: S101 - asyncio calls connection_made first
        self._exited(self._transport.get_returncode() or 0)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the cause does not matter
        self._output.close()
        if self._transport is not None:
            self._transport.close()
        self._closed()
