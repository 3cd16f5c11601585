"""The composition root: selects the adapter for each port. One module per area.

It is built at the first event of an environment, not at import; each part is created at its first
use.
"""

from __future__ import annotations

import os
from functools import cache

from groundwork_runtime import logs
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring.configuration import ConfigurationParts
from groundwork_runtime.wiring.exports import ExportParts
from groundwork_runtime.wiring.graph import GraphParts
from groundwork_runtime.wiring.http import HttpParts
from groundwork_runtime.wiring.identity import IdentityParts
from groundwork_runtime.wiring.knowledge import KnowledgeParts
from groundwork_runtime.wiring.publishing import PublishingParts
from groundwork_runtime.wiring.realtime import RealtimeParts
from groundwork_runtime.wiring.webhooks import WebhookParts
from groundwork_runtime.wiring.worker import WorkerParts


class Wiring(
    ConfigurationParts,
    ExportParts,
    HttpParts,
    IdentityParts,
    KnowledgeParts,
    PublishingParts,
    GraphParts,
    RealtimeParts,
    WebhookParts,
    WorkerParts,
):
    """All adapters and use cases of one execution environment."""


@cache
def wiring() -> Wiring:
    """Return the wiring of this environment; the first call reads settings and configures logs.

    Raises:
        BadSettings: the environment is not a valid configuration.
    """
    settings = Settings.from_environment(os.environ)
    logs.configure(settings.function, settings.log_level)
    return Wiring(settings)
