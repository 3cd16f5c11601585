import json
import logging

import pytest
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from pydantic import BaseModel, ValidationError

from groundwork_core import errors
from groundwork_core.errors import Fault
from groundwork_runtime.http import problem
from groundwork_runtime.http.request import NotJson, Request, UnsupportedMediaType

REQUEST = Request({"httpMethod": "GET", "path": "/api/v1/entities"}, "request-1")


class Model(BaseModel):
    """For an error of Pydantic's."""

    number: int


def pydantic_error() -> ValidationError:
    with pytest.raises(ValidationError) as raised:
        Model.model_validate({"number": "secret words"})
    return raised.value


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotJson("no"), 400),
        (errors.Unauthenticated("who"), 401),
        (errors.Forbidden("no"), 403),
        (errors.NotFound("none"), 404),
        (NotFoundError(), 404),
        (problem.MethodNotAllowed(["GET"]), 405),
        (errors.Conflict("clash"), 409),
        (errors.VersionMismatch("stale"), 412),
        (UnsupportedMediaType("no"), 415),
        (errors.Invalid("bad", (Fault("/name", "is missing"),)), 422),
        (pydantic_error(), 422),
        (errors.VersionRequired("which"), 428),
        (errors.Throttled("slow", retry_after_seconds=3), 429),
        (ZeroDivisionError("division by zero"), 500),
        (errors.Unavailable("down"), 503),
    ],
)
def test_every_error_is_a_problem(error: Exception, status: int) -> None:
    answer = problem.problem_response(error, REQUEST)
    body = json.loads(str(answer.body))
    assert (answer.status, body["status"]) == (status, status)
    assert answer.content_type == "application/problem+json"
    assert body["type"].startswith("/problems/")
    assert body["title"]
    assert (body["instance"], body["request_id"]) == ("/api/v1/entities", "request-1")
    assert ("errors" in body) == (status == 422)


@pytest.mark.parametrize(
    ("error", "header", "value"),
    [
        (errors.Unauthenticated("who"), "WWW-Authenticate", 'Bearer realm="groundwork"'),
        (problem.MethodNotAllowed(["POST", "GET"]), "Allow", "GET, POST"),
        (errors.Throttled("slow", retry_after_seconds=3), "Retry-After", "3"),
        (errors.Unavailable("down"), "Retry-After", "2"),
    ],
)
def test_errors_have_the_headers_that_say_what_to_do(
    error: Exception, header: str, value: str
) -> None:
    assert problem.problem_response(error, REQUEST).headers[header] == value


def test_a_conflict_names_its_field() -> None:
    body = json.loads(
        str(problem.problem_response(errors.Conflict("taken", field="url"), REQUEST).body)
    )
    assert body["errors"] == [{"pointer": "/url", "detail": "is already used"}]


def test_an_unexpected_error_is_logged_with_its_stack_and_returned_without_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = problem.problem_response(ZeroDivisionError("a secret in a message"), REQUEST)
    assert "secret" not in str(answer.body)
    assert "Traceback" not in str(answer.body)
    assert caplog.records[0].exc_info is not None


def test_an_error_does_not_repeat_the_invalid_value() -> None:
    assert "secret words" not in str(problem.problem_response(pydantic_error(), REQUEST).body)
