"""`groundwork backup`: write Postgres into one file. The graph is rebuilt, not backed up."""

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
    """Dump the database of DATABASE_URL or of the running instance, which keeps running."""
    if file.exists():
        fail(f"{file} already exists; choose another file.")
    if not file.parent.is_dir():
        fail(f"the folder {file.parent} does not exist; create it first.")
    started = time.monotonic()
    unfinished = file.with_name(file.name + ".part")
    with clear_failures(), progress() as report:
        addresses = running.addresses(("DATABASE_URL",))

        def on_line(line: str) -> None:
            if line.startswith(_TABLE):
                report("backup", f"so far: {line.removeprefix(_TABLE)}")

        try:
            # The dump holds e-mail addresses and password hashes: create it readable by us only.
            unfinished.touch(PRIVATE_FILE)
            postgres_tools.dump(schema.owner_url(addresses), unfinished, on_line)
            unfinished.rename(file)  # a file with the final name is complete
        finally:
            unfinished.unlink(missing_ok=True)
        report("backup", "done")
    size, seconds = file.stat().st_size, time.monotonic() - started
    if output == "json":
        result({"file": str(file), "bytes": size, "seconds": round(seconds, 3)})
    else:
        note(f"{file}: {size / 1e6:,.1f} MB in {seconds:.1f} s")
