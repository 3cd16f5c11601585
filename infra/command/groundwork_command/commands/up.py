"""`groundwork up`: everything in the foreground, until Ctrl-C or SIGTERM."""

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
from groundwork_command.services.home import PRIVATE_FILE, Home
from groundwork_command.terminal.lines import readable
from groundwork_command.terminal.output import clear_failures, note
from groundwork_command.terminal.progress import progress

Sink = Callable[[bytes], object]

LOG_BYTES = 10 * 1024 * 1024
READY = "Groundwork is ready at {url}"


def up() -> None:
    """Check the settings, start everything, say so, and wait to be told to stop."""
    with clear_failures():
        settings = InstanceSettings.from_environment(os.environ)
        home = Home(settings.home)
        home.prepare()
        _log_to_file(home)
        with _function_log(home, settings.log_format) as sink, _runner() as runner:
            runner.run(_serve(Instance(settings, os.environ, sink)))


async def _serve(instance: Instance) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with progress() as report:
        starting = asyncio.ensure_future(instance.start(report))
        told = asyncio.ensure_future(stop.wait())
        await asyncio.wait({starting, told}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():  # told to stop before it was ready
            starting.cancel()
            await asyncio.wait({starting})
            told.cancel()
            return
    told.cancel()
    starting.result()  # raises what kept it from starting
    try:
        accounts.tell_admin(instance.home, _tell)
        print(READY.format(url=instance.url), flush=True)
        await stop.wait()
        note("Stopping")
    finally:
        await instance.stop()


def _tell(email: str, password: str) -> None:
    note(f"First admin: {email}, password {password} (shown only now)")


def _runner() -> asyncio.Runner:
    try:
        import uvloop
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


@contextmanager
def _function_log(home: Home, log_format: LogFormat) -> Iterator[Sink | None]:
    """Write the functions' log to our output, and on a terminal to a file too.

    A terminal gets readable lines, anything else JSON, unless `log_format` says otherwise. The
    file is always JSON.
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
    """The host's own log goes to a file: the terminal is for what a person must know."""
    path = home.logs / "host.log"
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    path.chmod(PRIVATE_FILE)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
