"""Raw requests, byte for byte, and what a strict and robust server answers to each.

A case says which answers come, in their order: a path, where the echoing function was asked for
it, or a status. `LAST` is sent behind every case on the same connection, in a write of its own; so
`LAST` in the answers says that the connection is in step, and its absence that it was closed.
"""

from dataclasses import dataclass

LAST = "/echo/last"
LAST_REQUEST = b"GET /echo/last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
A, B = "/echo/a", "/echo/b"


@dataclass(frozen=True)
class Case:
    """Bytes to send and the expected answers; `bodiless` are the numbers of answers to HEAD."""

    name: str
    sent: bytes
    heard: tuple[str | int, ...]
    bodiless: frozenset[int] = frozenset()

    @property
    def id(self) -> str:
        return self.name.replace(" ", "-")


def request(line: str, *headers: str, body: bytes = b"", host: str | None = "localhost") -> bytes:
    """Lines joined by CRLF, with a Host header unless `host` is None."""
    lines = [line, *([] if host is None else [f"Host: {host}"]), *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def get(path: str, *headers: str) -> bytes:
    return request(f"GET {path} HTTP/1.1", *headers)


def post(path: str, *headers: str, body: bytes = b"") -> bytes:
    return request(f"POST {path} HTTP/1.1", *headers, body=body)


def chunked(*lines: str, path: str = A, headers: tuple[str, ...] = ()) -> bytes:
    """A chunked request; the lines of its body are joined by CRLF and get none at their end."""
    body = "\r\n".join(lines).encode("latin-1")
    return post(path, "Transfer-Encoding: chunked", *headers, body=body)


SMUGGLED = get(B)
SERVED = (A, LAST)
BOTH = (A, B, LAST)
END = ("0", "", "")

CASES = (
    # ── what is served ──
    Case("a get", get(A), SERVED),
    Case("two gets in one write", get(A) + get(B), BOTH),
    Case("twenty gets in one write", get(A) * 20, (A,) * 20 + (LAST,)),
    Case("a post with a length", post(A, "Content-Length: 2", body=b"hi"), SERVED),
    Case("a post with a length of nothing", post(A, "Content-Length: 0"), SERVED),
    Case("a post without a body", post(A), SERVED),
    Case(
        "a get with a body", request(f"GET {A} HTTP/1.1", "Content-Length: 2", body=b"hi"), SERVED
    ),
    Case("a post and a get in one write", post(A, "Content-Length: 2", body=b"hi") + get(B), BOTH),
    Case("chunks", chunked("2", "hi", "3", "you", *END), SERVED),
    Case("chunks and a get in one write", chunked("2", "hi", *END) + get(B), BOTH),
    Case("no chunk", chunked(*END), SERVED),
    Case("a chunk size in capitals", chunked("A", "0123456789", *END), SERVED),
    Case("a chunk size with zeros before it", chunked("0002", "hi", *END), SERVED),
    Case("a chunk extension", chunked("2;name=value", "hi", *END), SERVED),
    Case("a quoted chunk extension", chunked('2;name="a b"', "hi", *END), SERVED),
    Case("a trailer", chunked("2", "hi", "0", "X-Trailer: 1", "", "") + get(B), BOTH),
    Case("a trailer that looks like framing", chunked("0", "Content-Length: 9", "", ""), (400,)),
    Case("a trailer that names a host", chunked("0", "Host: evil.example", "", "") + get(B), BOTH),
    Case("empty lines before a request", b"\r\n\r\n" + get(A), SERVED),
    Case("an empty line between requests", get(A) + b"\r\n" + get(B), BOTH),
    Case("a header without a value", get(A, "X-Empty:"), SERVED),
    Case("a header with many spaces", get(A, "X-Spaces:   a   "), SERVED),
    Case("a header of two hundred bytes over ASCII", get(A, "X-High: " + "\xff" * 200), SERVED),
    Case("a hundred headers", get(A, *(f"X-{n}: {n}" for n in range(100))), SERVED),
    Case("the same header twice", get(A, "X-Twice: 1", "X-Twice: 2"), SERVED),
    Case("a query of four thousand bytes", get(f"{A}?q=" + "x" * 4000), SERVED),
    Case("a target with percent signs", get("/echo/%61%2fb"), ("/echo/%61%2fb", LAST)),
    Case("an absolute target", request(f"GET http://localhost{A} HTTP/1.1"), SERVED),
    Case("an absolute target with a port", get(f"http://localhost:8000{A}") + get(B), BOTH),
    Case("an absolute target in capitals", get(f"HTTP://LOCALHOST{A}"), SERVED),
    Case("a host in capitals", request(f"GET {A} HTTP/1.1", host="LocalHost"), SERVED),
    Case("a host with a port", request(f"GET {A} HTTP/1.1", host="127.0.0.1:9"), SERVED),
    Case("a host of version 6", request(f"GET {A} HTTP/1.1", host="[::1]:8000"), SERVED),
    Case("HTTP 1.0", request(f"GET {A} HTTP/1.0"), (A,)),
    Case("HTTP 1.0 without a host", request(f"GET {A} HTTP/1.0", host=None), (A,)),
    Case("HTTP 1.0 that would stay", request(f"GET {A} HTTP/1.0", "Connection: keep-alive"), (A,)),
    Case("a connection to close", get(A, "Connection: close") + get(B), (A,)),
    Case("a connection to close in capitals", get(A, "Connection: CLOSE") + get(B), (A,)),
    Case("a connection to close in a list", get(A, "Connection: te, close") + get(B), (A,)),
    Case("an upgrade to h2c", get(A, "Connection: Upgrade", "Upgrade: h2c") + get(B), BOTH),
    Case(
        "an upgrade to h2c with settings",
        get(A, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
        + get(B),
        BOTH,
    ),
    Case(
        "an upgrade to h2c with a body",
        post(A, "Connection: Upgrade", "Upgrade: h2c", "Content-Length: 2", body=b"hi") + get(B),
        BOTH,
    ),
    Case(
        "an upgrade to h2c with a request as its body",
        post(
            A,
            "Connection: Upgrade",
            "Upgrade: h2c",
            f"Content-Length: {len(SMUGGLED)}",
            body=SMUGGLED,
        ),
        SERVED,
    ),
    Case(
        "an upgrade to h2c with chunks",
        chunked("2", "hi", *END, headers=("Connection: Upgrade", "Upgrade: h2c")) + get(B),
        BOTH,
    ),
    Case(
        "an upgrade to h2c with an empty body",
        post(A, "Connection: Upgrade", "Upgrade: h2c", "Content-Length: 0") + get(B),
        BOTH,
    ),
    Case("an upgrade to anything", get(A, "Connection: Upgrade", "Upgrade: x/1") + get(B), BOTH),
    Case("an upgrade without a connection header", get(A, "Upgrade: h2c") + get(B), BOTH),
    Case(
        "an upgrade to a socket with a body",
        request(
            f"GET {A} HTTP/1.1",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Content-Length: 2",
            body=b"hi",
        )
        + get(B),
        BOTH,
    ),
    Case(
        "an upgrade to a socket by post",
        post(A, "Connection: Upgrade", "Upgrade: websocket") + get(B),
        BOTH,
    ),
    Case(
        "an expectation with the body at once",
        post(A, "Expect: 100-continue", "Content-Length: 2", body=b"hi"),
        SERVED,
    ),
    Case("an expectation without a body", get(A, "Expect: 100-continue"), SERVED),
    Case(
        "an expectation of HTTP 1.0",
        request(f"POST {A} HTTP/1.0", "Expect: 100-continue", "Content-Length: 2", body=b"hi"),
        (A,),
    ),
    Case("a head", request(f"HEAD {A} HTTP/1.1"), (200, LAST), frozenset({0})),
    Case(
        "a head between gets",
        get(A) + request(f"HEAD {A} HTTP/1.1") + get(B),
        (A, 200, B, LAST),
        frozenset({1}),
    ),
    Case(
        "a head of nothing", request("HEAD /none HTTP/1.1") + get(B), (404, B, LAST), frozenset({0})
    ),
    Case(
        "a head of the metrics",
        request("HEAD /metrics HTTP/1.1") + get(B),
        (200, B, LAST),
        frozenset({0}),
    ),
    Case("options of everything", request("OPTIONS * HTTP/1.1") + get(B), (204, B, LAST)),
    Case("a path of nothing", get("/none") + get(B), (404, B, LAST)),
    Case("a hundred paths of nothing", get("/none") * 100, (404,) * 100 + (LAST,)),
    Case("a post to the metrics", post("/metrics") + get(B), (405, B, LAST)),
    Case("a method that is nowhere", request("TRACE /metrics HTTP/1.1") + get(B), (405, B, LAST)),
    # ── where a body ends: what two readers might read in two ways ──
    Case(
        "a length and chunks",
        post(A, "Content-Length: 6", "Transfer-Encoding: chunked", body=b"0\r\n\r\nX"),
        (400,),
    ),
    Case(
        "chunks and a length",
        post(A, "Transfer-Encoding: chunked", "Content-Length: 6", body=b"0\r\n\r\nX"),
        (400,),
    ),
    Case(
        "chunks and a length and a request behind",
        chunked(*END, headers=(f"Content-Length: {5 + len(SMUGGLED)}",)) + SMUGGLED,
        (400,),
    ),
    Case("two lengths", post(A, "Content-Length: 2", "Content-Length: 3", body=b"hi!"), (400,)),
    Case(
        "twice the same length",
        post(A, "Content-Length: 2", "Content-Length: 2", body=b"hi"),
        (400,),
    ),
    Case("a list of lengths", post(A, "Content-Length: 2, 2", body=b"hi"), (400,)),
    Case("a length with a sign", post(A, "Content-Length: +2", body=b"hi"), (400,)),
    Case("a length below zero", post(A, "Content-Length: -2", body=b"hi"), (400,)),
    Case("a length in hexadecimal", post(A, "Content-Length: 0x2", body=b"hi"), (400,)),
    Case(
        "a length with a space inside", post(A, "Content-Length: 1 0", body=b"0123456789"), (400,)
    ),
    Case("a length with letters", post(A, "Content-Length: two", body=b"hi"), (400,)),
    Case("a length of nothing at all", post(A, "Content-Length:", body=b"hi"), (400,)),
    Case(
        "a length beyond 64 bits",
        post(A, "Content-Length: 18446744073709551618", body=b"hi"),
        (400,),
    ),
    Case("a length beyond the limit", post(A, "Content-Length: 99999999999"), (413,)),
    Case("a length with an underscore", post(A, "Content-Length: 1_0", body=b"0123456789"), (400,)),
    Case(
        "a length with a space before the colon", post(A, "Content-Length : 2", body=b"hi"), (400,)
    ),
    Case(
        "chunks with a space before the colon",
        post(A, "Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
        (400,),
    ),
    Case(
        "chunked twice in a list",
        post(A, "Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"),
        (400,),
    ),
    Case(
        "chunked in two headers",
        post(A, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        (400,),
    ),
    Case(
        "chunked and identity",
        post(A, "Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
        (400,),
    ),
    Case("identity", post(A, "Transfer-Encoding: identity", body=b"0\r\n\r\n"), (501,)),
    Case(
        "gzip and chunked", post(A, "Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), (501,)
    ),
    Case("xchunked", post(A, "Transfer-Encoding: xchunked", body=b"0\r\n\r\n"), (501,)),
    Case("chunked in quotes", post(A, 'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n"), (501,)),
    Case(
        "chunked behind a vertical tab",
        post(A, "Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"),
        (400,),
    ),
    Case(
        "chunked with a parameter",
        post(A, "Transfer-Encoding: chunked;a=b", body=b"0\r\n\r\n"),
        (501,),
    ),
    Case("chunked folded", post(A, "Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n"), (400,)),
    Case(
        "chunks in HTTP 1.0",
        request(f"POST {A} HTTP/1.0", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        (400,),
    ),
    Case("a chunk size with a sign", chunked("+2", "hi", *END), (400,)),
    Case("a chunk size with a minus", chunked("-2", "hi", *END), (400,)),
    Case("a chunk size with 0x", chunked("0x2", "hi", *END), (400,)),
    Case("a chunk size with an underscore", chunked("1_0", "0123456789", *END), (400,)),
    Case("a chunk size with a space before it", chunked(" 2", "hi", *END), (400,)),
    Case("a chunk size with a space behind it", chunked("2 ", "hi", *END), (400,)),
    Case("a chunk size of nothing", chunked("", "hi", *END), (400,)),
    Case("a chunk size of letters", chunked("xyz", "hi", *END), (400,)),
    Case("a chunk size beyond 64 bits", chunked("10000000000000002", "hi", *END), (400,)),
    Case("a chunk longer than its size", chunked("2", "hello", *END), (400,)),
    Case("a chunk ended by a bare line feed", chunked("2\nhi\n0\n\n"), (400,)),
    Case("a chunk size ended by a bare line feed", chunked("2\nhi", *END), (400,)),
    Case("a chunk without a line end", chunked("2", "hi0", "", ""), (400,)),
    Case("a line feed in a chunk extension", chunked("2;a=\nb", "hi", *END), (400,)),
    Case("an extension that never ends", chunked("2;" + "x" * 40_000, "hi", *END), (431,)),
    Case("a trailer that never ends", chunked("0", "X: " + "x" * 40_000, "", ""), (431,)),
    Case("ten thousand trailers", chunked("0", *("X: 1",) * 10_000, "", ""), (431,)),
    Case("a trailer that is none", chunked("0", "no colon", "", ""), (400,)),
    # ── the head ──
    Case("no host", request(f"GET {A} HTTP/1.1", host=None), (400,)),
    Case("two hosts", request(f"GET {A} HTTP/1.1", "Host: localhost"), (400,)),
    Case("two other hosts", request(f"GET {A} HTTP/1.1", "Host: evil.example"), (400,)),
    Case("two hosts in HTTP 1.0", request(f"GET {A} HTTP/1.0", "Host: localhost"), (400,)),
    Case("an empty host", request(f"GET {A} HTTP/1.1", host=""), (400,)),
    Case("a host of two", request(f"GET {A} HTTP/1.1", host="localhost, evil.example"), (400,)),
    Case("a host with a path", request(f"GET {A} HTTP/1.1", host="localhost/x"), (400,)),
    Case("a host with a user", request(f"GET {A} HTTP/1.1", host="u@localhost"), (400,)),
    Case("a host with a bad port", request(f"GET {A} HTTP/1.1", host="localhost:99999"), (400,)),
    Case("a foreign host", request(f"GET {A} HTTP/1.1", host="evil.example"), (421,)),
    Case(
        "a foreign host that begins well",
        request(f"GET {A} HTTP/1.1", host="localhost.evil.example"),
        (421,),
    ),
    Case("a foreign host in HTTP 1.0", request(f"GET {A} HTTP/1.0", host="evil.example"), (421,)),
    Case(
        "a foreign host for the metrics",
        request("GET /metrics HTTP/1.1", host="evil.example"),
        (421,),
    ),
    Case(
        "a foreign host for a socket",
        request(
            "GET /ws HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket", host="evil.example"
        ),
        (421,),
    ),
    Case("an absolute target elsewhere", get(f"http://evil.example{A}"), (421,)),
    Case(
        "an absolute target with a foreign host",
        request(f"GET http://localhost{A} HTTP/1.1", host="evil.example"),
        (421,),
    ),
    Case("an absolute target with a user", get(f"http://u:p@localhost{A}"), (400,)),
    Case("an absolute target of another kind", get(f"ftp://localhost{A}"), (400,)),
    Case("a target without a slash", get("echo/a"), (400,)),
    Case("a target of nothing", request("GET  HTTP/1.1"), (400,)),
    Case("a star that is no options", get("*"), (400,)),
    Case("a target with a fragment", get(f"{A}#b"), (400,)),
    Case("a target with a space", get(f"{A} b"), (400,)),
    Case("a target with a NUL", get(f"{A}\x00"), (400,)),
    Case("a tunnel", request("CONNECT evil.example:443 HTTP/1.1", host="evil.example:443"), (501,)),
    Case(
        "a tunnel and a request behind", request("CONNECT localhost:80 HTTP/1.1") + SMUGGLED, (501,)
    ),
    Case("HTTP 0.9", f"GET {A}\r\n".encode(), (400,)),
    Case("HTTP 0.9 with headers", request(f"GET {A}"), (400,)),
    Case("HTTP 2.0", request(f"GET {A} HTTP/2.0"), (505,)),
    Case("HTTP 1.2", request(f"GET {A} HTTP/1.2"), (400,)),
    Case("HTTP 3.0", request(f"GET {A} HTTP/3.0"), (400,)),
    Case("the preface of HTTP 2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400,)),
    Case("http in small letters", request(f"GET {A} http/1.1"), (400,)),
    Case("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", (400,)),
    Case("junk", b"hello\r\n\r\n", (400,)),
    Case("a method of another protocol", request("QUUX / HTTP/1.1"), (400,)),
    Case("a space before the method", b" " + get(A), (400,)),
    Case("a header folded", get(A, "X-Folded: a\r\n b"), (400,)),
    Case("a header folded by a tab", get(A, "X-Folded: a\r\n\tb"), (400,)),
    Case(
        "a first header that begins with a space",
        request(f"GET {A} HTTP/1.1", " X: 1", host=None),
        (400,),
    ),
    Case("a header without a colon", get(A, "X-Nothing"), (400,)),
    Case("a header without a name", get(A, ": 1"), (400,)),
    Case("a header with a space in its name", get(A, "X Y: 1"), (400,)),
    Case("a header with a space before its colon", get(A, "X-Y : 1"), (400,)),
    Case("a header name over ASCII", get(A, "X-\xff: 1"), (400,)),
    Case("a NUL in a header", get(A, "X-Nul: a\x00b"), (400,)),
    Case("a NUL in a header name", get(A, "X\x00: a"), (400,)),
    Case("a bell in a header", get(A, "X-Bell: a\x07b"), (400,)),
    Case("a bare carriage return in a header", get(A, "X-Cr: a\rb"), (400,)),
    Case("a bare line feed behind a header", get(A, "X-Lf: a\nX-Other: b"), (400,)),
    Case("bare line feeds everywhere", get(A).replace(b"\r\n", b"\n"), (400,)),
    Case("bare carriage returns everywhere", get(A).replace(b"\r\n", b"\r"), (400,)),
    Case(
        "another expectation", post(A, "Expect: a-miracle", "Content-Length: 2", body=b"hi"), (417,)
    ),
    Case("a header of seventeen thousand bytes", get(A, "X-Long: " + "x" * 17_000), (431,)),
    Case("a header of a million bytes", get(A, "X-Long: " + "x" * 1_000_000), (431,)),
    Case("ten thousand headers", get(A, *("X: 1",) * 10_000), (431,)),
    Case("a target of seventeen thousand bytes", get(f"{A}?q=" + "x" * 17_000), (431,)),
    Case("a good request before a bad one", get(A) + get(B, "X Y: 1"), (A, 400)),
    Case("a good request before junk", get(A) + b"\x00junk\r\n\r\n", (A, 400)),
    Case(
        "a good request before two lengths",
        get(A) + post(B, "Content-Length: 2", "Content-Length: 3", body=b"hi!"),
        (A, 400),
    ),
    Case(
        "a good request before a foreign host",
        get(A) + request(f"GET {B} HTTP/1.1", host="evil.example"),
        (A, 421),
    ),
)
