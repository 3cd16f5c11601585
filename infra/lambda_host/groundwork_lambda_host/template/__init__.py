"""Parse template.yaml into a `Stack`, from which the host takes everything it serves."""

from groundwork_lambda_host.template.addresses import Addresses
from groundwork_lambda_host.template.errors import TemplateError
from groundwork_lambda_host.template.load import load
from groundwork_lambda_host.template.stack import (
    DeadLetter,
    Function,
    Queue,
    QueueMapping,
    Route,
    Schedule,
    Secret,
    SocketApi,
    Stack,
)

__all__ = [
    "Addresses",
    "DeadLetter",
    "Function",
    "Queue",
    "QueueMapping",
    "Route",
    "Schedule",
    "Secret",
    "SocketApi",
    "Stack",
    "TemplateError",
    "load",
]
