"""`groundwork up`: run an instance in the foreground until Ctrl-C or SIGTERM."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler

from groundwork_command.instance import accounts
from groundwork_command.instance.instance import Instance
from groundwork_command.instance.settings import InstanceSettings, LogFormat
from groundwork_command.long_lived import exclude_from_collections
from groundwork_command.services.home import PRIVATE_FILE, Home
from groundwork_command.terminal.lines import readable
from groundwork_command.terminal.output import clear_failures, note
from groundwork_command.terminal.progress import progress

LogSink = Callable[[bytes], object]

LOG_BYTES = 10 * 1024 * 1024
READY = "Groundwork is ready at {url}"


def up() -> None:
    """Check the settings, start the instance, print its URL, and wait for SIGINT or SIGTERM."""
    with clear_failures():
        settings = InstanceSettings.from_environment(os.environ)
        home = Home(settings.home)
        home.prepare()
        _log_to_file(home)
        with _function_log(home, settings.log_format) as sink, new_runner() as runner:
            runner.run(_serve(Instance(settings, os.environ, sink)))


async def _serve(instance: Instance) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with progress() as report:
        starting = asyncio.ensure_future(instance.start(report))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():  # stopped before it was ready
            starting.cancel()
            await asyncio.wait({starting})
            stopping.cancel()
            return
    stopping.cancel()
    starting.result()  # raises the error that stopped the start
    exclude_from_collections()
    try:
        accounts.show_first_admin(instance.home, _show_admin)
        print(READY.format(url=instance.url), flush=True)
        await stop.wait()
        note("Stopping")
    finally:
        await instance.stop()


def _show_admin(email: str, password: str) -> None:
    note(f"First admin: {email}, password {password} (shown only this once)")


def new_runner() -> asyncio.Runner:
    """Return a runner of the fastest event loop that is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


@contextmanager
def _function_log(home: Home, log_format: LogFormat) -> Iterator[LogSink | None]:
    """Write the functions' log to standard output, and on a terminal also to a file.

    A terminal gets readable lines and any other output JSON, unless `log_format` is set. The file
    is always JSON.
    """
    terminal = sys.stdout.isatty()
    as_text = log_format == "text" or (log_format == "auto" and terminal)
    show = _show_readable if as_text else _show
    if not terminal:
        yield show if as_text else None
        return
    path = home.logs / "functions.log"
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    with path.open("ab", buffering=0) as log:
        path.chmod(PRIVATE_FILE)
        note(f"Logs are in {home.logs}")

        def both(line: bytes) -> None:
            log.write(line)
            show(line)

        yield both


def _show(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _show_readable(line: bytes) -> None:
    _show(readable(line))


def _log_to_file(home: Home) -> None:
    """Write the host's own log to a file, so that the terminal shows only messages to the user."""
    path = home.logs / "host.log"
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    path.chmod(PRIVATE_FILE)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
