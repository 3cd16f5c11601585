"""`groundwork backup`: all of Postgres in one file. The graph is no part of it: it is rebuilt."""

import time
from pathlib import Path
from typing import Literal

from groundwork_command.instance import running, schema
from groundwork_command.services import postgres_tools
from groundwork_command.terminal.output import clear_failures, fail, note, result
from groundwork_command.terminal.progress import progress

_TABLE = "dumping contents of table "
PRIVATE_FILE = 0o600


def backup(file: Path, output: Literal["json", "text"]) -> None:
    """Dump the database of the environment, else the running instance's, while all goes on."""
    if file.exists():
        fail(f"{file} is there already; name another file.")
    if not file.parent.is_dir():
        fail(f"the folder {file.parent} does not exist.")
    started = time.monotonic()
    unfinished = file.with_name(file.name + ".part")
    with clear_failures(), progress() as report:
        addresses = running.addresses(("DATABASE_URL",))

        def told(line: str) -> None:
            if line.startswith(_TABLE):
                report("backup", f"so far: {line.removeprefix(_TABLE)}")

        try:
            # It holds everybody's addresses and hashes: made private before anything is in it.
            unfinished.touch(PRIVATE_FILE)
            postgres_tools.dump(schema.owner_url(addresses), unfinished, told)
            unfinished.rename(file)  # a file of the full name is a whole backup
        finally:
            unfinished.unlink(missing_ok=True)
        report("backup", "done")
    size, seconds = file.stat().st_size, time.monotonic() - started
    if output == "json":
        result({"file": str(file), "bytes": size, "seconds": round(seconds, 3)})
    else:
        note(f"{file}: {size / 1e6:,.1f} MB in {seconds:.1f} s")
