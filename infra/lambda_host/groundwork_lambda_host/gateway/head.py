"""Validate the head of a request by the rules of RFC 9112 that the parser does not check."""

from dataclasses import dataclass

from groundwork_lambda_host.gateway import problems
from groundwork_lambda_host.gateway.hosts import BadHost, Hosts
from groundwork_lambda_host.gateway.incoming import Incoming
from groundwork_lambda_host.gateway.limits import ServerLimits
from groundwork_lambda_host.gateway.problems import Problem

_HEADER_BYTES = 4  # of a header's colon, space and line end
_RELEVANT = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"host",
        b"transfer-encoding",
        b"upgrade",
        b"x-amzn-trace-id",
    }
)


class RequestRefused(Exception):
    """Raised if a request is refused; nothing after it on the connection is read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.slug)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Head:
    """The head as parsed; names of headers are in lower case."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    version: str


def read_head(head: Head, limits: ServerLimits, hosts: Hosts) -> Incoming:
    """Validate the head and return the request.

    Raises:
        RequestRefused: The head is invalid or not supported.
    """
    version = head.version
    if version not in {"1.1", "1.0"}:
        raise RequestRefused(problems.BAD_REQUEST if version == "0.9" else problems.BAD_VERSION)
    size, found = len(head.target), dict[bytes, list[bytes]]()
    for name, value in head.headers:
        size += len(name) + len(value) + _HEADER_BYTES
        if name in _RELEVANT:
            found.setdefault(name, []).append(value)
    if size > limits.header_bytes:
        raise RequestRefused(problems.HEADERS_TOO_LARGE)
    lengths, codings = found.get(b"content-length"), found.get(b"transfer-encoding")
    if codings:
        _check_codings(codings, version)
    if head.method == "CONNECT":
        raise RequestRefused(problems.NO_TUNNELS)
    target, headers = _target_and_headers(head, found.get(b"host", []), hosts)
    raw_path, _, query = target.partition(b"?")
    connection = _tokens(found.get(b"connection"))
    incoming = Incoming(
        method=head.method,
        target=target,
        path=raw_path.decode("latin-1"),
        query=query,
        headers=headers,
        http_version=version,
        keep_alive=version == "1.1" and b"close" not in connection,
        trace=found[b"x-amzn-trace-id"][-1].decode("latin-1")
        if b"x-amzn-trace-id" in found
        else "",
        announced=int(lengths[0]) if lengths else None,
        chunked=bool(codings),
    )
    incoming.expects = version == "1.1" and incoming.has_body and _expects(found.get(b"expect"))
    incoming.websocket = (
        version == "1.1"
        and head.method == "GET"
        and not incoming.has_body
        and b"upgrade" in connection
        and b"websocket" in _tokens(found.get(b"upgrade"))
    )
    return incoming


def _check_codings(codings: list[bytes], version: str) -> None:
    # HTTP/1.0 has no such header: the sender may not agree where the body ends.
    if version != "1.1":
        raise RequestRefused(problems.BAD_REQUEST)
    if [coding.strip().lower() for coding in codings] != [b"chunked"]:
        raise RequestRefused(problems.BAD_CODING)


def _expects(values: list[bytes] | None) -> bool:
    if values is None:
        return False
    if any(value.strip().lower() != b"100-continue" for value in values):
        raise RequestRefused(problems.BAD_EXPECTATION)
    return True


def _target_and_headers(
    head: Head, named: list[bytes], hosts: Hosts
) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Return the target without its authority, and headers whose Host agrees with it."""
    target = head.target
    if len(named) > 1 or (not named and head.version == "1.1"):
        raise RequestRefused(problems.BAD_HOST)
    if named:
        _check_host(named[0], hosts)
    if b"#" in target:
        raise RequestRefused(problems.BAD_REQUEST)
    if target.startswith(b"/") or (target == b"*" and head.method == "OPTIONS"):
        return target, head.headers
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in {b"http", b"https"}:
        raise RequestRefused(problems.BAD_REQUEST)
    end = next((at for at, byte in enumerate(rest) if byte in b"/?"), len(rest))
    authority, path = rest[:end], rest[end:]
    _check_host(authority, hosts)
    # RFC 9112 section 3.2.2: the target's authority takes precedence over the header.
    others = [(name, value) for name, value in head.headers if name != b"host"]
    return path if path.startswith(b"/") else b"/" + path, [(b"host", authority), *others]


def _check_host(value: bytes, hosts: Hosts) -> None:
    try:
        served = hosts.serves(value)
    except BadHost:
        raise RequestRefused(problems.BAD_HOST) from None
    if not served:
        raise RequestRefused(problems.WRONG_HOST)


def _tokens(values: list[bytes] | None) -> set[bytes]:
    if values is None:
        return set()
    return {token.strip() for value in values for token in value.lower().split(b",")}
