"""A response to HEAD has the length that GET's would have, and no body (RFC 9110 section 9.3.2)."""

import pytest

from groundwork_lambda_host.environments.invocation import Invocation, ResponseHead
from groundwork_lambda_host.gateway.responses import response_of


def answered(method: str, body: bytes, **headers: list[str]) -> tuple[str, bytes]:
    named = {name.replace("_", "-"): values for name, values in headers.items()}
    outcome = Invocation("r", body, None, ResponseHead(200, {}, named), 0.0, cold=False)
    answer = response_of(outcome, method, "r")
    return dict(answer.headers)[b"content-length"].decode(), answer.body


@pytest.mark.parametrize(
    ("body", "stated", "length"),
    [
        (b"", ["7"], "7"),
        (b"abc", ["7"], "3"),
        (b"", ["7", "8"], "0"),
        (b"", ["-7"], "0"),
        (b"", ["7\r\nX: y"], "0"),
    ],
    ids=["its own", "beside a body", "two", "negative", "two lines"],
)
def test_head_may_state_a_length_where_it_has_no_body(
    body: bytes, stated: list[str], length: str
) -> None:
    assert answered("HEAD", body, Content_Length=stated) == (length, b"")


def test_a_get_has_the_length_of_its_body_whatever_it_states() -> None:
    assert answered("GET", b"", Content_Length=["7"]) == ("0", b"")
