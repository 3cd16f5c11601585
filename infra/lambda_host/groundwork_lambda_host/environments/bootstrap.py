"""Program of an environment's process: import a handler and run it, one event at a time.

Started as `python -P bootstrap.py <fd>`, so that the process imports nothing of the host. As on
Lambda, variables name the handler (`_HANDLER`, `LAMBDA_TASK_ROOT`, …). Messages are pairs of
length-prefixed frames on the socket `fd` (see frames.py).
"""

import contextlib
import gc
import importlib
import io
import json
import os
import resource
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from types import FrameType

Handler = Callable[[object, "LambdaContext"], object]
OUT_OF_MEMORY = 137  # exit code of a process that was killed for its memory
UNUSED_MB = 128  # reserved but unused: stacks of threads, arenas of the allocator
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024 + 100  # Lambda's limit for a synchronous response
_OK = b'{"ok":true}'
_MARK = "\x1e"  # output lines are written as: mark, request id, mark, line

try:
    import orjson

    _AS_LAMBDA = (
        orjson.OPT_PASSTHROUGH_DATETIME
        | orjson.OPT_PASSTHROUGH_DATACLASS
        | orjson.OPT_PASSTHROUGH_SUBCLASS
        | orjson.OPT_NON_STR_KEYS
    )

    def encode(value: object) -> bytes:
        """Return JSON as Lambda's runtime does: Decimal is a number, dates and classes fail."""
        return orjson.dumps(value, default=_plain, option=_AS_LAMBDA)

    decode: Callable[[bytes], object] = orjson.loads
except ImportError:  # orjson is optional

    def encode(value: object) -> bytes:
        """Return JSON as Lambda's runtime does: Decimal is a number, dates and classes fail."""
        return json.dumps(value, default=_plain, ensure_ascii=False).encode()

    decode = json.loads


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


_HASTE_SECONDS = 10
"""Time that a running event sees at most once the host drains."""


class LambdaContext:
    """The context that a handler gets as its second argument."""

    client_context = None
    identity = None
    function_version = "$LATEST"

    function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
    invoked_function_arn = os.environ["GROUNDWORK_FUNCTION_ARN"]
    log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
    log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]

    def __init__(self, request_id: str, deadline_ms: int) -> None:
        self.aws_request_id = request_id
        self._deadline_ms = deadline_ms

    def hasten(self) -> None:
        """Reduce the remaining time that the handler sees, so that it ends early."""
        soon_ms = time.time_ns() // 1_000_000 + _HASTE_SECONDS * 1_000
        self._deadline_ms = min(self._deadline_ms, soon_ms)

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the process is killed."""
        return max(0, self._deadline_ms - time.time_ns() // 1_000_000)


class LineOutput(io.TextIOBase):
    """Standard output in complete lines that name their request; safe with threads."""

    def __init__(self, descriptor: int) -> None:
        self.request_id = ""
        self._descriptor = descriptor
        self._rest = ""
        self._lock = threading.Lock()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Always UTF-8."""
        return "utf-8"

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the file descriptor, for direct writes."""
        return self._descriptor

    def write(self, text: str) -> int:
        """Write text; complete lines are sent at once."""
        with self._lock:
            *lines, self._rest = (self._rest + text).split("\n")
            self._out(lines)
        return len(text)

    def close_line(self) -> None:
        """Send an unfinished line, at the end of an event."""
        if self._rest:
            self.write("\n")

    def _out(self, lines: list[str]) -> None:
        mark = f"{_MARK}{self.request_id}{_MARK}"
        data = "".join(f"{mark}{line}\n" for line in lines).encode("utf-8", "backslashreplace")
        while data:
            data = data[os.write(self._descriptor, data) :]


class Runtime:
    """Reads events from the socket and runs the handler until the socket is closed."""

    def __init__(self, connection: socket.socket, outputs: tuple[LineOutput, LineOutput]) -> None:
        self._socket = connection
        self._file = connection.makefile("rb", buffering=256 * 1024)
        self._outputs = outputs
        self._busy = False
        self._stopping = False
        self._context: LambdaContext | None = None
        self._hastened = False

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        """Handle SIGTERM: exit after the current event, or at once between events."""
        self._stopping = True
        if not self._busy:
            raise SystemExit(0)

    def hasten(self, _signal: int, _frame: FrameType | None) -> None:
        """Handle SIGUSR1: the host drains, so an event that checks its remaining time ends."""
        if self._context is not None and not self._hastened:
            self._hastened = True
            self._context.hasten()

    def load(self) -> Handler | None:
        """Import the handler and notify the host; return None if the import failed."""
        try:
            module, _, attribute = os.environ["_HANDLER"].rpartition(".")
            handler: Handler = getattr(importlib.import_module(module), attribute)
        except Exception as error:
            self.report(error)
            self._send(_fault(error), b"")
            return None
        # Imported objects stay: exclude them from garbage collection.
        gc.collect()
        gc.freeze()
        self._send(_OK, b"")
        return handler

    def serve(self, handler: Handler) -> None:
        """Run events until the host closes the socket or sends SIGTERM."""
        while not self._stopping:
            prefix = self._file.read(4)
            if len(prefix) < 4:  # noqa: PLR2004 - the length prefix
                return
            self._busy = True
            header = decode(self._file.read(int.from_bytes(prefix, "big")))
            event = self._file.read(int.from_bytes(self._file.read(4), "big"))
            assert isinstance(header, dict)  # noqa: S101 - sent by the host
            self._run_event(handler, header, event)
            self._busy = False

    def _run_event(self, handler: Handler, header: dict[str, object], event: bytes) -> None:
        request_id = str(header["id"])
        os.environ["_X_AMZN_TRACE_ID"] = str(header["trace"])
        for output in self._outputs:
            output.request_id = request_id
        try:
            context = LambdaContext(request_id, int(str(header["deadline_ms"])))
            self._context, self._hastened = context, False
            result = handler(decode(event), context)
            response, payload = _encoded(result, str(header["wants"]))
        except MemoryError as error:
            # As on Lambda: the process ends, the event fails, and the environment is replaced.
            self.report(error)
            os._exit(OUT_OF_MEMORY)
        except Exception as error:
            self.report(error)
            response, payload = _fault(error), b""
        for output in self._outputs:
            output.close_line()
        self._send(response, payload)

    def _send(self, header: bytes, payload: bytes) -> None:
        size = len(payload).to_bytes(4, "big")
        self._socket.sendall(b"".join((len(header).to_bytes(4, "big"), header, size, payload)))

    def report(self, error: BaseException | None) -> None:
        """Log an uncaught error of the handler."""
        if error is None or isinstance(error, SystemExit):
            return
        line = {
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": "ERROR",
            "message": without_values(error),
            "errorType": type(error).__name__,
            "stackTrace": list(_stack(error)),
        }
        self._outputs[0].write(json.dumps(line) + "\n")


class MarshalError(Exception):
    """Raised if the handler's result cannot be encoded as JSON."""

    says_no_values = True  # its messages contain types only


class ResponseSizeTooLarge(Exception):
    """Raised if the handler's result exceeds Lambda's limit."""

    says_no_values = True


def _encoded(result: object, wants: str) -> tuple[bytes, bytes]:
    """Return the response's header and payload; an HTTP body is not encoded as JSON."""
    try:
        if wants == "http" and isinstance(result, dict) and "statusCode" in result:
            split = _split(result)
            if split is not None:
                return split
        return _OK, _checked_size(encode(result))
    except TypeError as error:  # it names the type that JSON cannot hold
        raise MarshalError(f"Unable to marshal response: {error}") from error
    except ValueError as error:
        raise MarshalError("Unable to marshal response") from error


def _split(result: dict[str, object]) -> tuple[bytes, bytes] | None:
    """Return head and body of an HTTP response; None if the host must decode an unusual one."""
    body = result.get("body")
    headers, multi = result.get("headers") or {}, result.get("multiValueHeaders") or {}
    if result.get("isBase64Encoded") or not isinstance(body, str | None):
        return None
    if not isinstance(headers, dict) or not isinstance(multi, dict):
        return None
    head = {"status": result["statusCode"], "headers": headers, "multi": multi}
    return encode({"ok": True, "http": head}), _checked_size((body or "").encode())


def _checked_size(payload: bytes) -> bytes:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ResponseSizeTooLarge(
            f"Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES})"
        )
    return payload


_RUNTIME_ERRORS = {
    "MarshalError": "Runtime.MarshalError",
    "ModuleNotFoundError": "Runtime.ImportModuleError",
    "ResponseSizeTooLarge": "Function.ResponseSizeTooLarge",
}


def without_values(error: BaseException) -> str:
    """Return an error's message if it cannot contain values of a row or request.

    Libraries quote their input, so most messages are omitted. An error class whose messages never
    contain values has `says_no_values = True`.
    """
    if isinstance(error, ImportError | MemoryError | RecursionError) or (
        getattr(type(error), "says_no_values", False)
    ):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return f"[Errno {error.errno}] {error.strerror}"
    state = getattr(error, "sqlstate", None)
    return f"SQLSTATE {state}" if state else "(its text may repeat values)"


def _stack(error: BaseException | None) -> Iterator[str]:
    """Yield the stack trace of an error, first cause first: lines of code without values."""
    if error is None:
        return
    yield from _stack(
        error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    )
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _stack(each)
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__qualname__}: {without_values(error)}\n"


def _fault(error: Exception) -> bytes:
    name = type(error).__name__
    fault = {"errorType": _RUNTIME_ERRORS.get(name, name), "errorMessage": without_values(error)}
    return json.dumps({"ok": False, **fault}).encode()


def limit_memory(megabytes: int) -> None:
    """Limit the data memory of the process.

    The limit is not on its address space (RLIMIT_AS), because each thread reserves 64 MB and hardly
    uses them.
    """
    most = (megabytes + UNUSED_MB) * 1024 * 1024
    with contextlib.suppress(OSError, ValueError):  # a system without this limit
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def main() -> None:
    """Run until the host closes the socket."""
    limit_memory(int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]))
    connection = socket.socket(fileno=int(sys.argv[1]))
    connection.set_inheritable(False)
    connection.settimeout(None)
    outputs = LineOutput(1), LineOutput(2)
    sys.stdout, sys.stderr = outputs
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    runtime = Runtime(connection, outputs)
    # Python's own reports of uncaught errors would contain values.
    sys.excepthook = lambda _kind, error, _trace: runtime.report(error)
    sys.unraisablehook = lambda caught: runtime.report(caught.exc_value)
    threading.excepthook = lambda caught: runtime.report(caught.exc_value)
    signal.signal(signal.SIGTERM, runtime.stop)
    signal.signal(signal.SIGUSR1, runtime.hasten)
    try:
        handler = runtime.load()
        if handler is not None:
            runtime.serve(handler)
    except (BrokenPipeError, ConnectionResetError):
        return  # the host has ended


if __name__ == "__main__":
    main()
