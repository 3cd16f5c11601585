"""An error's stack says what went wrong and where, and not with which values."""

import json
import logging
from collections.abc import Callable

import psycopg
import pytest
from pydantic import BaseModel

from groundwork_core.errors import Conflict
from groundwork_runtime import logs

MARKER = "ada.lovelace@example.test"


class Shape(BaseModel):
    """A model whose validation error quotes its input."""

    number: int


class Odd(psycopg.errors.DataException):
    """As the database has it: its text quotes the value."""


def parsed() -> None:
    int(MARKER)


def decoded() -> None:
    json.loads('{"x": 1}')[MARKER]


def validated() -> None:
    Shape.model_validate({"number": MARKER})


def read() -> None:
    MARKER.encode().decode("utf-16")


def asked() -> None:
    raise Odd(f'invalid input syntax for type uuid: "{MARKER}"')


def within_another() -> None:
    try:
        asked()
    except psycopg.Error as error:
        message = "The database does not take it."
        raise Conflict(message) from error


FAILING = (parsed, decoded, validated, read, asked, within_another)


def line_of(error: BaseException) -> str:
    """The log line of an error."""
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "unhandled error", None, None)
    record.exc_info = (type(error), error, error.__traceback__)
    return logs.JsonFormatter("rest_api").format(record)


@pytest.mark.parametrize("failing", FAILING)
def test_a_value_that_an_error_repeats_is_not_logged(
    failing: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises((ValueError, LookupError, psycopg.Error, Conflict)) as found:
        failing()
    line = line_of(found.value)
    assert MARKER not in line
    assert failing.__name__ in json.loads(line)["error.stack_trace"]
    # With the guard disabled.
    if not isinstance(found.value, UnicodeError):
        monkeypatch.setattr(logs, "without_values", str)
        assert MARKER in line_of(found.value)


def test_a_database_error_names_its_field() -> None:
    with pytest.raises(Conflict) as found:
        within_another()
    stack = json.loads(line_of(found.value))["error.stack_trace"]
    assert "SQLSTATE 22000" in stack
    assert "The database does not take it." in stack
    assert stack.index("Odd: SQLSTATE") < stack.index("Conflict: The database")


def test_the_message_of_an_error_without_values_is_kept() -> None:
    with pytest.raises(ConnectionRefusedError) as found:
        raise ConnectionRefusedError(111, "Connection refused")
    assert "Connection refused" in json.loads(line_of(found.value))["error.stack_trace"]
