"""Every answer is that of its own request, however the requests are cut and how long they take."""

import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.lambda_host.conftest import Function
from tests.security.front_door.conftest import HostThread
from tests.security.front_door.request_bytes import LAST, LAST_REQUEST, get, post, request
from tests.security.front_door.wire import answers, connect, read_to_end

from groundwork_lambda_host.environments.invocation import Call
from groundwork_lambda_host.gateway.app import Gateway, Reply
from groundwork_lambda_host.gateway.events import Request
from groundwork_lambda_host.gateway.incoming import Incoming
from groundwork_lambda_host.gateway.protocol import HttpProtocol
from groundwork_lambda_host.gateway.responses import HttpResponse
from groundwork_lambda_host.gateway.routes import Match
from groundwork_lambda_host.settings import HostSettings

UNEVEN = Function("Uneven", "uneven.handler", "/echo/{proxy+}")
THREE = HostSettings(port=0, environments=3, announce_seconds=0.1, finish_seconds=2.0)
KINDS = ("get", "post", "chunks", "none", "head", "metrics", "h2c")

_MAKE: dict[str, Callable[[str], bytes]] = {
    "get": get,
    "post": lambda path: post(path, "Content-Length: 5", body=b"hello"),
    "chunks": lambda path: post(path, "Transfer-Encoding: chunked", body=b"2\r\nhi\r\n0\r\n\r\n"),
    "none": lambda path: get("/none" + path),
    "head": lambda path: request(f"HEAD {path} HTTP/1.1"),
    "metrics": lambda _: get("/metrics"),
    "h2c": lambda path: get(path, "Connection: Upgrade", "Upgrade: h2c"),
}
_SAID: dict[str, int] = {"none": 404, "head": 200, "metrics": 200}


def shifted(port: int, kinds: list[str], delays_ms: list[int], cuts: list[int]) -> list[str]:
    """Return differences in the responses if requests are sent in pieces of these lengths."""
    paths = [f"/echo/{number}" for number in range(len(kinds))]
    wire = b"".join(
        _MAKE[kind](f"{path}?ms={delays_ms[at % len(delays_ms)]}")
        for at, (kind, path) in enumerate(zip(kinds, paths, strict=True))
    )
    wanted = [_SAID.get(kind, path) for kind, path in zip(kinds, paths, strict=True)] + [LAST]
    bodiless = frozenset(at for at, kind in enumerate(kinds) if kind == "head")
    with connect(port) as connection:
        sent = turn = 0
        while sent < len(wire):
            length = cuts[turn % len(cuts)]
            connection.sendall(wire[sent : sent + length])
            sent, turn = sent + length, turn + 1
            if turn % 7 == 0:
                time.sleep(0.001)
        connection.sendall(LAST_REQUEST)
        heard = [answer.said for answer in answers(read_to_end(connection), bodiless)]
    pairs = zip(wanted, heard, strict=False)
    found = [f"{one} got {other}" for one, other in pairs if one != other]
    return found + ([f"{len(wanted)} asked, {len(heard)} heard"] * (len(wanted) != len(heard)))


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostThread]:
    running = HostThread(tmp_path_factory.mktemp("uneven"), UNEVEN, settings=THREE)
    yield running
    running.stop()


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=30),
    delays_ms=st.lists(st.integers(0, 8), min_size=1, max_size=5),
    cuts=st.lists(st.integers(1, 400), min_size=1, max_size=20),
)
def test_each_pipelined_request_gets_its_own_response(
    uneven: HostThread, kinds: list[str], delays_ms: list[int], cuts: list[int]
) -> None:
    assert shifted(uneven.port, kinds, delays_ms, cuts) == []


@pytest.mark.parametrize("length", [20, 37, 60, 61, 300])
def test_three_hundred_pipelined_requests_sent_in_pieces_are_served(
    uneven: HostThread, length: int
) -> None:
    assert shifted(uneven.port, ["get"] * 300, [0], [length]) == []


def test_a_request_that_arrives_during_another_gets_its_own_response(uneven: HostThread) -> None:
    """Two in one write, a third a moment later: it never begins before the second."""
    for pause in (0.0, 0.001, 0.002, 0.003) * 25:
        with connect(uneven.port) as connection:
            connection.sendall(get("/echo/a") + get("/echo/b"))
            time.sleep(pause)
            connection.sendall(get("/echo/c") + LAST_REQUEST)
            heard = [answer.said for answer in answers(read_to_end(connection))]
        assert heard == ["/echo/a", "/echo/b", "/echo/c", LAST]


def test_if_pipelined_requests_run_at_once_they_get_each_others_responses(
    start: Callable[..., HostThread], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: requests that begin together are answered as their functions end."""
    begin, reply = HttpProtocol._begin, HttpProtocol._reply

    def begin_and_free(self: HttpProtocol, incoming: Incoming) -> None:
        begin(self, incoming)
        self._served = None

    def reply_to_whom_it_may_concern(
        self: HttpProtocol, incoming: Incoming, answer: HttpResponse
    ) -> None:
        self._served = incoming
        reply(self, incoming, answer)

    monkeypatch.setattr(HttpProtocol, "_begin", begin_and_free)
    monkeypatch.setattr(HttpProtocol, "_reply", reply_to_whom_it_may_concern)
    running = start(UNEVEN, settings=THREE)

    found = [shifted(running.port, ["get"] * 20, [30, 0], [2000]) for _ in range(10)]

    assert any(found)


def test_a_second_response_to_one_request_is_dropped(
    start: Callable[..., HostThread], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = Gateway.begin
    earlier: list[tuple[Reply, HttpResponse]] = []

    def begin_and_repeat(
        self: Gateway, asked: Request, match: Match | None, reply: Reply
    ) -> Call | None:
        for old_reply, old_answer in earlier:
            old_reply(old_answer)

        def reply_and_remember(answer: HttpResponse) -> None:
            earlier.append((reply, answer))
            reply(answer)

        return begin(self, asked, match, reply_and_remember)

    monkeypatch.setattr(Gateway, "begin", begin_and_repeat)
    running = start(UNEVEN)

    assert shifted(running.port, ["get"] * 9, [0], [2000]) == []
