"""The REST function, which dies before or after the commit, as the request says."""

import os
import signal

from groundwork_data.postgres.kept_responses import PostgresKeptResponses
from groundwork_functions.rest_api.handler import handler as rest

keep = PostgresKeptResponses.keep


def handler(event, context):  # type: ignore[no-untyped-def]
    """Answers, unless it dies first."""
    dies = {k.lower(): v for k, v in event["headers"].items()}.get("x-test-dies")
    PostgresKeptResponses.keep = keep_and_die if dies == "before" else keep  # type: ignore[method-assign]
    answer = rest(event, context)
    if dies == "after":
        die()
    return answer


def keep_and_die(self, *given):  # type: ignore[no-untyped-def]
    """The effect and the response are written, and not committed."""
    keep(self, *given)
    die()


def die() -> None:
    """As the kernel kills, without a word."""
    os.kill(os.getpid(), signal.SIGKILL)
