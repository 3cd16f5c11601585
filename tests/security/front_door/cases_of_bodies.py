"""The end of a body: requests that two readers might read in two ways."""

from tests.security.front_door.request_bytes import (
    END,
    SMUGGLED,
    A,
    Case,
    chunked,
    post,
    request,
)

BODY_CASES = (
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
)
