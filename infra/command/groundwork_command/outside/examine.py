"""All checks of a deployment from outside, in the order in which to fix them."""

from groundwork_command.instance import project
from groundwork_command.instance.checks import Finding, State
from groundwork_command.outside import encryption, exposure, services, sockets
from groundwork_command.outside.address import Address
from groundwork_command.services.service import ServiceError

DOCUMENT = "functions/groundwork_functions/rest_api/openapi.json"


def examine(address: Address) -> list[Finding]:
    """Return the findings. Checks after one without a response are left out."""
    found = encryption.check(address)
    document = project.root() / DOCUMENT
    try:
        found += services.check(address, document)
        found += exposure.check(address)
        found += sockets.check(address)
    except ServiceError as error:
        do = "Check the URL, the name's DNS record, and that the deployment runs."
        found.append(Finding("reachable", State.BLOCKS, str(error), do))
    return found
