"""The composition root: the only place that knows which adapter serves which port.

Built at the first event of an environment, never at import; every part is made when it is first
used. One file for each area.
"""

from __future__ import annotations

import os
from functools import cache

from groundwork_runtime import logs
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring.graph import GraphParts
from groundwork_runtime.wiring.http import HttpParts
from groundwork_runtime.wiring.identity import IdentityParts
from groundwork_runtime.wiring.ingestion import IngestionParts
from groundwork_runtime.wiring.knowledge import KnowledgeParts
from groundwork_runtime.wiring.publishing import PublishingParts
from groundwork_runtime.wiring.realtime import RealtimeParts


class Wiring(
    HttpParts,
    IdentityParts,
    IngestionParts,
    KnowledgeParts,
    PublishingParts,
    GraphParts,
    RealtimeParts,
):
    """All parts of one execution environment."""


@cache
def wiring() -> Wiring:
    """Return this environment's parts; reads the environment and configures logs the first time.

    Raises:
        BadSettings: the environment is not a valid configuration.
    """
    settings = Settings.from_environment(os.environ)
    logs.configure(settings.function, settings.log_level)
    return Wiring(settings)
