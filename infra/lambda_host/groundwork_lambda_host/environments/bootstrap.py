"""The child's side: imports a handler and feeds it one event at a time, as Lambda's runtime does.

Run as a file, `python -P bootstrap.py <fd>`, so that a handler's process holds nothing of the
host. The environment says what to run, as on Lambda (`_HANDLER`, `LAMBDA_TASK_ROOT`, …). Messages
are pairs of length-prefixed frames on the socket `fd` (see frames.py).
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
OUT_OF_MEMORY = 137  # what a process that was killed for its memory ends with
UNUSED_MB = 128  # counted as data and never touched: stacks of threads, arenas of the allocator
MOST_PAYLOAD_BYTES = 6 * 1024 * 1024 + 100  # Lambda's limit for a synchronous answer
_OK = b'{"ok":true}'
_MARK = "\x1e"  # begins a line of output: mark, request id, mark, line

try:
    import orjson

    _AS_LAMBDA = (
        orjson.OPT_PASSTHROUGH_DATETIME
        | orjson.OPT_PASSTHROUGH_DATACLASS
        | orjson.OPT_PASSTHROUGH_SUBCLASS
        | orjson.OPT_NON_STR_KEYS
    )

    def encode(value: object) -> bytes:
        """JSON as Lambda's runtime makes it: Decimal is a number, dates and classes are errors."""
        return orjson.dumps(value, default=_plain, option=_AS_LAMBDA)

    decode: Callable[[bytes], object] = orjson.loads
except ImportError:  # a handler's own environment need not have it

    def encode(value: object) -> bytes:
        """JSON as Lambda's runtime makes it: Decimal is a number, dates and classes are errors."""
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


class LambdaContext:
    """What a handler gets as its second argument."""

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

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the process is killed."""
        return max(0, self._deadline_ms - time.time_ns() // 1_000_000)


class LineOutput(io.TextIOBase):
    """Standard output in whole lines that name their request; threads do not mix theirs."""

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
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor below, for those who write to it directly."""
        return self._descriptor

    def write(self, text: str) -> int:
        """Takes text; whole lines go out at once."""
        with self._lock:
            *lines, self._rest = (self._rest + text).split("\n")
            self._out(lines)
        return len(text)

    def close_line(self) -> None:
        """Sends what has no line end yet, at the end of an event."""
        if self._rest:
            self.write("\n")

    def _out(self, lines: list[str]) -> None:
        mark = f"{_MARK}{self.request_id}{_MARK}"
        data = "".join(f"{mark}{line}\n" for line in lines).encode("utf-8", "backslashreplace")
        while data:
            data = data[os.write(self._descriptor, data) :]


class Runtime:
    """Takes events from the socket until it closes."""

    def __init__(self, connection: socket.socket, outputs: tuple[LineOutput, LineOutput]) -> None:
        self._socket = connection
        self._file = connection.makefile("rb", buffering=256 * 1024)
        self._outputs = outputs
        self._busy = False
        self._stopping = False

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        """SIGTERM: finishes the event under way; between events it goes at once."""
        self._stopping = True
        if not self._busy:
            raise SystemExit(0)

    def load(self) -> Handler | None:
        """Imports the handler and tells the host; None if that failed."""
        try:
            module, _, attribute = os.environ["_HANDLER"].rpartition(".")
            handler: Handler = getattr(importlib.import_module(module), attribute)
        except Exception as error:
            self.report(error)
            self._send(_fault(error), b"")
            return None
        # What the imports left stays for good: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        self._send(_OK, b"")
        return handler

    def serve(self, handler: Handler) -> None:
        """The loop; ends when the host closes the socket or asks to stop."""
        while not self._stopping:
            prefix = self._file.read(4)
            if len(prefix) < 4:  # noqa: PLR2004 - the length prefix
                return
            self._busy = True
            header = decode(self._file.read(int.from_bytes(prefix, "big")))
            event = self._file.read(int.from_bytes(self._file.read(4), "big"))
            assert isinstance(header, dict)  # noqa: S101 - the host's own words
            self._one(handler, header, event)
            self._busy = False

    def _one(self, handler: Handler, header: dict[str, object], event: bytes) -> None:
        request_id = str(header["id"])
        os.environ["_X_AMZN_TRACE_ID"] = str(header["trace"])
        for output in self._outputs:
            output.request_id = request_id
        try:
            context = LambdaContext(request_id, int(str(header["deadline_ms"])))
            result = handler(decode(event), context)
            answer, payload = _encoded(result, str(header["wants"]))
        except MemoryError as error:
            # As on Lambda: it ends here, the event fails, and another environment takes over.
            self.report(error)
            os._exit(OUT_OF_MEMORY)
        except Exception as error:
            self.report(error)
            answer, payload = _fault(error), b""
        for output in self._outputs:
            output.close_line()
        self._send(answer, payload)

    def _send(self, header: bytes, payload: bytes) -> None:
        size = len(payload).to_bytes(4, "big")
        self._socket.sendall(b"".join((len(header).to_bytes(4, "big"), header, size, payload)))

    def report(self, error: BaseException | None) -> None:
        """Logs what nobody caught."""
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
    """The handler returned something that JSON cannot hold."""

    says_no_values = True  # but for types


class ResponseSizeTooLarge(Exception):
    """The handler returned more than Lambda passes on."""

    says_no_values = True


def _encoded(result: object, wants: str) -> tuple[bytes, bytes]:
    """The answer's header and payload; an HTTP body goes as it is, never through JSON."""
    try:
        if wants == "http" and isinstance(result, dict) and "statusCode" in result:
            apart = _apart(result)
            if apart is not None:
                return apart
        return _OK, _fitting(encode(result))
    except TypeError as error:  # it names the type that JSON cannot hold
        raise MarshalError(f"Unable to marshal response: {error}") from error
    except ValueError as error:
        raise MarshalError("Unable to marshal response") from error


def _apart(result: dict[str, object]) -> tuple[bytes, bytes] | None:
    """Head and body of an HTTP answer; None for one that is unusual, which the host looks into."""
    body = result.get("body")
    headers, multi = result.get("headers") or {}, result.get("multiValueHeaders") or {}
    if result.get("isBase64Encoded") or not isinstance(body, str | None):
        return None
    if not isinstance(headers, dict) or not isinstance(multi, dict):
        return None
    head = {"status": result["statusCode"], "headers": headers, "multi": multi}
    return encode({"ok": True, "http": head}), _fitting((body or "").encode())


def _fitting(payload: bytes) -> bytes:
    if len(payload) > MOST_PAYLOAD_BYTES:
        raise ResponseSizeTooLarge(
            f"Response payload size exceeded maximum allowed payload size ({MOST_PAYLOAD_BYTES})"
        )
    return payload


_RUNTIME_ERRORS = {
    "MarshalError": "Runtime.MarshalError",
    "ModuleNotFoundError": "Runtime.ImportModuleError",
    "ResponseSizeTooLarge": "Function.ResponseSizeTooLarge",
}


def without_values(error: BaseException) -> str:
    """What an error says, if its text is known to repeat no value of a row or a request.

    Libraries quote what they were given, so most texts are left out. An error class of ours that
    names settings or modules alone says so with `says_no_values = True`.
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
    """Where an error comes from, the first cause first; lines of code, and no values."""
    if error is None:
        return
    yield from _stack(
        error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    )
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _stack(one)
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__qualname__}: {without_values(error)}\n"


def _fault(error: Exception) -> bytes:
    name = type(error).__name__
    told = {"errorType": _RUNTIME_ERRORS.get(name, name), "errorMessage": without_values(error)}
    return json.dumps({"ok": False, **told}).encode()


def limit_memory(megabytes: int) -> None:
    """Bound what the process may hold for itself.

    Not its addresses (RLIMIT_AS): each thread reserves 64 MB of them that it hardly ever uses.
    """
    most = (megabytes + UNUSED_MB) * 1024 * 1024
    with contextlib.suppress(OSError, ValueError):  # a system that knows no such limit
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def main() -> None:
    """Runs until the host closes the socket."""
    limit_memory(int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]))
    connection = socket.socket(fileno=int(sys.argv[1]))
    connection.set_inheritable(False)
    connection.settimeout(None)
    outputs = LineOutput(1), LineOutput(2)
    sys.stdout, sys.stderr = outputs
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    runtime = Runtime(connection, outputs)
    # What Python itself prints of an error, in a thread or at the very end, would repeat values.
    sys.excepthook = lambda _kind, error, _trace: runtime.report(error)
    sys.unraisablehook = lambda caught: runtime.report(caught.exc_value)
    threading.excepthook = lambda caught: runtime.report(caught.exc_value)
    signal.signal(signal.SIGTERM, runtime.stop)
    try:
        handler = runtime.load()
        if handler is not None:
            runtime.serve(handler)
    except (BrokenPipeError, ConnectionResetError):
        return  # the host has gone; nobody is left to tell


if __name__ == "__main__":
    main()
