"""Calls are tried again when that can help, and errors are exceptions that say why."""

from collections.abc import Sequence
from itertools import chain, repeat

import pytest

from groundwork_client import ApiError, LeaseLost, NotAllowed, NotFound, Refused, Unreachable
from groundwork_client.http import Http

from .scripted_server import Answer, Asked, serving

OK: Answer = (200, {"id": "1"}, {})


def called(*answers: Answer, retry_seconds: float = 60) -> tuple[object, list[Asked], list[float]]:
    """Call a server that gives these responses, the last one for good; return what came of it."""
    given = chain(answers, repeat(answers[-1]))
    pauses: list[float] = []
    with serving(lambda _asked: next(given)) as server:
        http = Http(
            server.url, {"X-API-Key": "k"}, retry_seconds=retry_seconds, pause=pauses.append
        )
        try:
            found: object = http.call("POST", "/jobs", {"a": "é"}).body
        except Exception as error:
            found = error
        http.close()
        return found, server.asked, pauses


def test_a_call_sends_the_key_and_json() -> None:
    found, (asked,), pauses = called(OK)
    assert (found, asked.body, asked.headers["X-API-Key"]) == ({"id": "1"}, {"a": "é"}, "k")
    assert pauses == []


@pytest.mark.parametrize("status", [0, 429, 500, 502, 503, 504])
def test_a_failed_call_is_retried_with_growing_pauses(status: int) -> None:
    found, asked, pauses = called(*[(status, {}, {})] * 4, OK)
    assert found == {"id": "1"}
    assert len(asked) == 5
    assert [0.1 * 2**n <= pause <= 0.2 * 2**n for n, pause in enumerate(pauses)] == [True] * 4


def test_a_call_waits_for_the_servers_retry_after() -> None:
    found, _, pauses = called((429, {}, {"Retry-After": "7"}), OK)
    assert found == {"id": "1"}
    assert 7 <= pauses[0] <= 7.2


def test_a_retry_after_beyond_the_retry_time_ends_the_call() -> None:
    found, asked, pauses = called((503, {"title": "Away"}, {"Retry-After": "100"}))
    assert isinstance(found, ApiError)
    assert (found.status, found.title, len(asked), pauses) == (503, "Away", 1, [])


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, ApiError), (401, NotAllowed), (403, NotAllowed), (404, NotFound), (412, ApiError)],
)
def test_an_error_that_no_retry_can_fix_is_raised_at_once(
    status: int, kind: type[ApiError]
) -> None:
    found, asked, _ = called((status, {"type": "/problems/x", "detail": "why"}, {}))
    assert type(found) is kind
    assert len(asked) == 1


def test_an_error_for_an_invalid_request_lists_its_faults() -> None:
    fault = {"pointer": "/result/entities/0/key", "detail": "must not be empty"}
    found, _, _ = called((422, {"title": "Invalid", "errors": [fault], "request_id": "r1"}, {}))
    assert isinstance(found, Refused)
    assert (found.errors, found.request_id) == ([fault], "r1")
    assert "/result/entities/0/key: must not be empty" in str(found)


@pytest.mark.parametrize(("before", "repeated"), [((), False), (((0, {}, {}),), True)])
def test_the_error_of_a_lost_lease_says_if_an_earlier_try_may_have_ended_it(
    before: Sequence[Answer],
    repeated: bool,  # noqa: FBT001 - expected
) -> None:
    found, _, _ = called(*before, (409, {"type": "/problems/lease-lost"}, {}))
    assert isinstance(found, LeaseLost)
    assert found.repeated is repeated


def test_the_client_sends_its_key_to_no_other_server_after_a_redirect() -> None:
    with serving(lambda _asked: OK) as other:
        moved = {"Location": f"{other.url}/api/v1/jobs"}
        with serving(lambda _asked: (307, {}, moved)) as server:
            http = Http(server.url, {"X-API-Key": "k"}, retry_seconds=0)
            assert http.call("GET", "/jobs").status == 307
            http.close()
        assert other.asked == []


def test_a_response_that_is_not_a_problem_is_quoted() -> None:
    found, _, _ = called((400, "<html>", {}))
    assert isinstance(found, ApiError)


def test_a_stopped_server_is_unreachable() -> None:
    with serving(lambda _asked: OK) as server:
        pass
    http = Http(server.url, {}, retry_seconds=0)
    with pytest.raises(Unreachable, match="POST /jobs"):
        http.call("POST", "/jobs", {})
