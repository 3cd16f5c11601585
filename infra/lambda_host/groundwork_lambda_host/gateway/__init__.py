"""The HTTP gateway: serves the template's routes as API Gateway's REST API does."""

from groundwork_lambda_host.gateway.app import App, Gateway
from groundwork_lambda_host.gateway.events import EventBuilder, Request
from groundwork_lambda_host.gateway.limits import ServerLimits
from groundwork_lambda_host.gateway.routes import Match, Routes
from groundwork_lambda_host.gateway.server import Server

__all__ = ["App", "EventBuilder", "Gateway", "Match", "Request", "Routes", "Server", "ServerLimits"]
