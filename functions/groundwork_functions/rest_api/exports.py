"""Exports that schedules have written: what they hold and how to get it."""

from uuid import UUID

from groundwork_core.caller import Caller
from groundwork_core.exports.show_export import (
    ADDRESS_SECONDS,
    ShownExport,
    file_of_export,
    show_export,
)
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring

BYTES = "application/octet-stream"
"""More exact is application/gzip, of which generators of clients know nothing."""

router = Router()


@router.get(
    "/api/v1/exports/<run_id>",
    needs="schedules:read",
    operation_id="getExport",
    result="What the export holds, and an address for each of its files.",
    tag="schedules",
    problems=(404, 409),
)
def show(run_id: UUID, caller: Caller, wiring: Wiring) -> ShownExport:
    """Show the export of a schedule's run.

    Also requires the permission to read the exported resource. The status is 409 if the run has
    failed, or is still exporting.
    """
    return show_export(
        run_id,
        by=caller,
        work=wiring.work(),
        clock=wiring.clock,
        files=wiring.export_files,
    )


@router.get(
    "/api/v1/exports/<run_id>/files/<number>",
    needs="schedules:read",
    operation_id="getExportFile",
    result="The file: gzip, one JSON object a line.",
    tag="schedules",
    problems=(404, 409),
    other_results={303: "`Location` is the address of the file in its bucket."},
    returns={BYTES: {"schema": {"type": "string", "format": "binary"}}},
)
def file(run_id: UUID, number: int, caller: Caller, wiring: Wiring) -> HttpResponse:
    """Download one file of an export, counted from 0.

    If files are in a bucket, the response is 303 with the address of the file there, which needs
    no token.
    """
    found = file_of_export(run_id, number, by=caller, work=wiring.work(), files=wiring.export_files)
    address = wiring.export_files.address(found.key, ADDRESS_SECONDS)
    if address is not None:
        return HttpResponse(303, None, headers={"Location": address})
    return HttpResponse(200, wiring.export_files.read(found.key), BYTES)
