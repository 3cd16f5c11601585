"""A request for a function, on its way in."""

from dataclasses import dataclass, field
from time import perf_counter

from groundwork_lambda_host.gateway.routes import Match


@dataclass(slots=True, eq=False)
class Incoming:
    """What is known once the headers are there; the body follows in parts."""

    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    match: Match | None
    http_version: str
    keep_alive: bool
    trace: str = ""
    began: float = field(default_factory=perf_counter)
    parts: list[bytes] = field(default_factory=list)
    length: int = 0
