"""State that all connections of a server share."""

from dataclasses import dataclass, field

from uvicorn.config import Config
from uvicorn.server import ServerState

from groundwork_lambda_host.gateway.access import AccessLog
from groundwork_lambda_host.gateway.app import Gateway
from groundwork_lambda_host.gateway.clients import ClientAddresses
from groundwork_lambda_host.gateway.hosts import Hosts
from groundwork_lambda_host.gateway.limits import ServerLimits
from groundwork_lambda_host.gateway.memory_budget import MemoryBudget


@dataclass(frozen=True, slots=True)
class ServerContext:
    """State that all connections of a server share.

    Attributes:
        gateway: Handles the requests.
        limits: Limits of one client.
        hosts: The hosts that are served.
        clients: Determines the address of a client.
        held: Memory used by bodies and responses.
        config: uvicorn's settings, for its WebSocket protocol.
        state: uvicorn's sets of connections and tasks, and the headers of every response.
        access: The access log, if enabled.
    """

    gateway: Gateway
    limits: ServerLimits
    hosts: Hosts
    clients: ClientAddresses
    held: MemoryBudget
    config: Config
    state: ServerState = field(default_factory=ServerState)
    access: AccessLog | None = None
