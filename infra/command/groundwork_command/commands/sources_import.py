"""`groundwork sources import`: create many sources at once through the API."""

import sys
from pathlib import Path
from typing import Any, Literal

from groundwork_command.instance import client as api
from groundwork_command.terminal.output import FAILED, clear_failures, fail, note, result

OK = 200
TIMEOUT_SECONDS = 120.0
MAX_SHOWN = 1_000


def import_sources(path: Path, output: Literal["json", "text"]) -> None:
    """Create a source for every feed of the file. Safe to repeat.

    The exit code is 1 when lines were skipped; each is printed with its reason.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        fail(f"{path} was not imported: {error}")
    kind = "text/x-opml" if data.lstrip(b"\xef\xbb\xbf \t\r\n\0").startswith(b"<") else "text/plain"
    with clear_failures(), api.connect_to_running_instance() as client:
        status, body = client.post_text("/api/v1/sources/import", data, kind, TIMEOUT_SECONDS)
    if status != OK:
        fail(f"{path} was not imported: {_reason(body)}")
    if output == "json":
        result(body)
    else:
        _print_summary(body)
    if body["failed"]:
        sys.exit(FAILED)


def _reason(problem: dict[str, Any]) -> str:
    faults = [fault["detail"] for fault in problem.get("errors", [])]
    return "; ".join(faults) or str(problem.get("detail", "the API rejected the file"))


def _print_summary(body: dict[str, Any]) -> None:
    failed = body["failed"]
    note(f"{body['created']} created, {body['existing']} existing, {len(failed)} skipped")
    for each in failed[:MAX_SHOWN]:
        note(f"  line {each['line']}: {each['url']}: {each['detail']}")
    if len(failed) > MAX_SHOWN:
        note(f"  and {len(failed) - MAX_SHOWN} more; --json lists all")
