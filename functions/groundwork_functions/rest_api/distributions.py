"""Distributions: orders to publish, and their leases by publishers."""

from functools import partial
from uuid import UUID

from pydantic_core import to_json

from groundwork_core.caller import Caller
from groundwork_core.publishing.cancel_distribution import cancel_distribution
from groundwork_core.publishing.distribution_hooks import DistributionWriteHooks
from groundwork_core.publishing.distributions import DISTRIBUTIONS
from groundwork_core.publishing.lease_distributions import (
    DistributionLeaseEnd,
    DistributionLeaseFailure,
    DistributionLeaseRequest,
    LeasedDistributionMessage,
    LeasedDistributionMessages,
    complete_distribution,
    fail_distribution,
    lease_distributions,
    release_distribution,
)
from groundwork_runtime.http import etags
from groundwork_runtime.http.decoding import decode
from groundwork_runtime.http.request import Request
from groundwork_runtime.http.resource_openapi import signature
from groundwork_runtime.http.resources import ResourceRoutes, no_parameters
from groundwork_runtime.http.response import HttpResponse
from groundwork_runtime.http.router import Operation, Router
from groundwork_runtime.wiring import Wiring

PATH = "/api/v1/distributions"
NEEDS = "distributions:write"
SHOWN = {"application/json": {"schema": {"$ref": "#/components/schemas/Distribution"}}}


def write_hooks(wiring: Wiring, _caller: Caller) -> DistributionWriteHooks:
    """Return the hooks: a distribution that is due is started at once."""
    return DistributionWriteHooks(
        wiring.database_clock, wiring.settings.public_url, wiring.json_schemas
    )


router = Router()
ResourceRoutes(DISTRIBUTIONS, write_hooks).register(router)


@router.post(
    f"{PATH}/<distribution_id>/cancel",
    needs=NEEDS,
    operation_id="cancelDistribution",
    tag="distributions",
    problems=(404, 409),
    result="The cancelled distribution.",
    returns=SHOWN,
    writes=True,
)
def cancel(distribution_id: UUID, wiring: Wiring) -> HttpResponse:
    """Cancel a draft or scheduled distribution in any version."""
    work = wiring.work()
    stored = cancel_distribution(distribution_id, work=work)
    position = {"X-Groundwork-Position": work.position} if work.position else {}
    return HttpResponse(200, stored.body, headers={"ETag": etags.etag(stored.tag), **position})


def lease(request: Request, _caller: Caller, wiring: Wiring) -> HttpResponse:
    """Lease waiting distributions of some channels, oldest first."""
    no_parameters(request)
    wanted = decode(DistributionLeaseRequest, request)
    leased = lease_distributions(wanted, work=wiring.work(), clock=wiring.database_clock)
    if wanted.max is not None:
        return HttpResponse(200, to_json({"items": leased}).decode())
    if not leased:
        return HttpResponse(204, content_type=None)
    return HttpResponse(200, to_json(leased[0]).decode())


router.add(
    Operation(
        "POST",
        f"{PATH}/lease",
        lease,
        200,
        NEEDS,
        None,
        signature=partial(
            signature,
            LeasedDistributionMessage | LeasedDistributionMessages,
            wanted=DistributionLeaseRequest,
        ),
        docs={
            "operation_id": "leaseDistributions",
            "tag": "distributions",
            "result": "The message with its lease, or `items` with several if `max` was given. The "
            "status is 204, without a body, if no distribution is waiting.",
            "empty": True,
        },
    )
)


@router.post(
    f"{PATH}/<distribution_id>/complete",
    needs=NEEDS,
    status=204,
    operation_id="completeDistribution",
    tag="distributions",
    problems=(409,),
)
def complete(distribution_id: UUID, ended: DistributionLeaseEnd, wiring: Wiring) -> None:
    """End a lease successfully.

    The distribution is sent, unless deliveries are still under way.
    """
    complete_distribution(
        distribution_id, ended.lease_token, work=wiring.work(), clock=wiring.database_clock
    )


@router.post(
    f"{PATH}/<distribution_id>/failure",
    needs=NEEDS,
    status=204,
    operation_id="failDistribution",
    tag="distributions",
    problems=(409,),
)
def fail(distribution_id: UUID, failed: DistributionLeaseFailure, wiring: Wiring) -> None:
    """End a lease with a failure.

    After `retryable` and `internal` the distribution can be leased again, up to five attempts in
    all.
    """
    fail_distribution(distribution_id, failed, work=wiring.work(), clock=wiring.database_clock)


@router.post(
    f"{PATH}/<distribution_id>/release",
    needs=NEEDS,
    status=204,
    operation_id="releaseDistribution",
    tag="distributions",
    problems=(409,),
)
def release(distribution_id: UUID, ended: DistributionLeaseEnd, wiring: Wiring) -> None:
    """Give a distribution back; no attempt is counted."""
    release_distribution(
        distribution_id, ended.lease_token, work=wiring.work(), clock=wiring.database_clock
    )
