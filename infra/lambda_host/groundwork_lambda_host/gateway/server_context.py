"""What all connections of a server share."""

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
    """Everything that a connection needs.

    Attributes:
        gateway: Takes the requests for functions.
        limits: What a client may take.
        hosts: Which hosts are served.
        clients: Finds the address of a client.
        held: What bodies and answers take of the memory.
        config: uvicorn's settings, for its WebSocket protocol.
        state: uvicorn's sets of connections and tasks, and the headers of every answer.
        access: Takes a line for each answer, if wanted.
    """

    gateway: Gateway
    limits: ServerLimits
    hosts: Hosts
    clients: ClientAddresses
    held: MemoryBudget
    config: Config
    state: ServerState = field(default_factory=ServerState)
    access: AccessLog | None = None
