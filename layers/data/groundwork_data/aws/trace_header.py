"""Pass the trace of this invocation on to the function that receives a message."""

from __future__ import annotations

from collections.abc import Mapping


def sampled_trace(environ: Mapping[str, str]) -> str:
    """Return X-Ray's header as Lambda and our host set it; empty if it is not sampled."""
    header = environ.get("_X_AMZN_TRACE_ID", "")
    return header if "Sampled=1" in header else ""
