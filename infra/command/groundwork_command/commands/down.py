"""`groundwork down`: stop the running instance of a state folder from another process."""

import os
import signal

import psutil

from groundwork_command.instance.running import home_folder
from groundwork_command.services.home import Home
from groundwork_command.terminal.output import fail, note

PATIENCE_SECONDS = 90.0


def down() -> None:
    """Send SIGTERM to the instance and wait for its end. Does nothing when none runs."""
    home = Home(home_folder())
    pid = home.holder()
    if pid is None:
        note(f"No Groundwork runs on {home.path}.")
        return
    try:
        process = psutil.Process(pid)
        os.kill(pid, signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)
    except (psutil.NoSuchProcess, ProcessLookupError):
        pass
    except psutil.TimeoutExpired:
        fail(
            f"process {pid} has not stopped after {PATIENCE_SECONDS:.0f} s; "
            f"kill it with `kill -9 {pid}`"
        )
    note(f"Stopped the instance on {home.path}.")
