"""Sending webhooks."""

from __future__ import annotations

import logging
from functools import cached_property
from random import SystemRandom
from typing import TYPE_CHECKING

from groundwork_runtime.wiring.ingestion import IngestionParts
from groundwork_runtime.wiring.secrets import SecretParts

if TYPE_CHECKING:
    from groundwork_core.webhooks.ports import PostMessage
    from groundwork_core.webhooks.send_due import Sender

log = logging.getLogger(__name__)


class WebhookParts(IngestionParts, SecretParts):
    """Sending webhooks."""

    @cached_property
    def post_message(self) -> PostMessage:
        """Posts a message to an endpoint."""
        from groundwork_data.web.message_poster import MessagePoster

        return MessagePoster(self.allowed)

    def new_sender(self) -> Sender:
        """Return a sender for one run."""
        from groundwork_core.webhooks.send_due import Sender, SenderParts
        from groundwork_runtime.webhook_metrics import SendingMetrics

        return Sender(
            SenderParts(
                post=self.post_message,
                begin_work=self.work,
                encryption=self.encryption,
                clock=self.clock,
                chance=SystemRandom().random,
                observer=SendingMetrics(),
                wake_another=self.wake_sender,
            )
        )

    def wake_sender(self) -> None:
        """Start a sender through its queue. Never raises, because the sweep starts senders too."""
        url = self.settings.webhook_queue_url
        if not url:
            return
        try:
            self.queue(url).send([{"reason": "due"}])
        except Exception as error:  # the sweep will send the messages
            log.warning("A sender of webhooks could not be woken: %s", error)
