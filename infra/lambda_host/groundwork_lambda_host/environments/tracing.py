"""Ids of invocations and traces. They consist of letters, digits and `-=;:._` only."""

import random
import re
import time

# These ids protect nothing, so a system call for each is not needed.
_random = random.Random(random.SystemRandom().getrandbits(256)).getrandbits  # noqa: S311 - as above
_TRACE = re.compile(r"[A-Za-z0-9=;:._-]{1,256}")


def new_request_id() -> str:
    """Return a random id in the form of a UUID, as AWS does."""
    text = f"{_random(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def new_trace() -> str:
    """Return a new value of `X-Amzn-Trace-Id`, not sampled."""
    text = f"{_random(160):040x}"
    return f"Root=1-{int(time.time()):08x}-{text[:24]};Parent={text[24:]};Sampled=0"


def trace_or_new(given: str) -> str:
    """Return the given trace if it is well-formed, else a new one."""
    return given if given and _TRACE.fullmatch(given) else new_trace()
