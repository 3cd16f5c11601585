"""Print notes on stderr, results on stdout, and failures with what to do."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

FAILED = 1


def result(value: object) -> None:
    """Print a JSON document on standard output."""
    print(json.dumps(value, indent=2, default=str))


def note(line: str) -> None:
    """Print a line for the user on standard error."""
    print(line, file=sys.stderr, flush=True)


def fail(message: str) -> NoReturn:
    """Print the message and exit with code 1."""
    note(f"groundwork: {message}")
    sys.exit(FAILED)


@contextmanager
def clear_failures() -> Iterator[None]:
    """Print errors that the user can fix as one message, without a stack trace."""
    from groundwork_command.services.service import ServiceError
    from groundwork_core.errors import GroundworkError, Invalid
    from groundwork_lambda_host.readiness import NotReady
    from groundwork_lambda_host.settings import BadHostSettings
    from groundwork_lambda_host.template.errors import TemplateError
    from groundwork_runtime.settings import BadSettings

    try:
        yield
    except BadSettings as error:
        fail(f"a setting is wrong. {error}")
    except Invalid as error:
        fail(" ".join([str(error), *(f"{f.pointer}: {f.detail}." for f in error.faults)]))
    except (ServiceError, TemplateError, GroundworkError, BadHostSettings, NotReady) as error:
        fail(str(error))
