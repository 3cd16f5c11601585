"""Delivery to open WebSockets."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.base import BaseParts

if TYPE_CHECKING:
    from groundwork_core.realtime.ports import Sockets


class RealtimeParts(BaseParts):
    """Delivery to open WebSockets."""

    @cached_property
    def sockets(self) -> Sockets:
        """Sends to WebSockets: through our host in one call, or through API Gateway."""
        from groundwork_data.aws import clients
        from groundwork_data.aws.sockets import (
            ApiGatewaySockets,
            HostSockets,
        )

        settings = self.settings
        if settings.websocket_batch_url:
            return HostSockets(
                settings.websocket_batch_url, settings.websocket_endpoint, settings.host_token
            )
        return ApiGatewaySockets(
            lambda: clients.websocket_management(settings.region, settings.websocket_endpoint)
        )
