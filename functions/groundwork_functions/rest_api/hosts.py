"""Hosts of sources: their pauses, settings and failures."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from groundwork_core.hosts.manage_hosts import change_host, list_hosts, show_host
from groundwork_core.hosts.model import HostPatch, SourceHost, SourceHosts
from groundwork_core.resources.page import LIMIT_DEFAULT
from groundwork_runtime.http.list_limit import Limit
from groundwork_runtime.http.router import Router
from groundwork_runtime.wiring import Wiring

router = Router()


@router.get(
    "/api/v1/hosts",
    needs="sources:read",
    operation_id="listHosts",
    result="A page of hosts in the order of their names, and the cursor of the next page.",
    tag="hosts",
)
def page(
    wiring: Wiring,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> SourceHosts:
    """List hosts."""
    return list_hosts(cursor, limit, work=wiring.work(), clock=wiring.database_clock)


@router.get(
    "/api/v1/hosts/<host>",
    needs="sources:read",
    operation_id="getHost",
    result="The host.",
    tag="hosts",
    problems=(404,),
)
def one(host: str, wiring: Wiring) -> SourceHost:
    """Read one host."""
    return show_host(host, work=wiring.work(), clock=wiring.database_clock)


@router.patch(
    "/api/v1/hosts/<host>",
    needs="sources:write",
    operation_id="changeHost",
    result="The changed host.",
    tag="hosts",
    problems=(404,),
)
def change(host: str, body: HostPatch, wiring: Wiring) -> SourceHost:
    """Change the settings of a host.

    They apply to all present and future sources of the host.
    """
    return change_host(
        host, body, work=wiring.work(), clock=wiring.database_clock, host_of=wiring.host_of
    )
