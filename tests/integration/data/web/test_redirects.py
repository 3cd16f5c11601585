"""Informational responses, redirects, and cookies within one fetch."""

from collections.abc import Iterator
from http import client
from ipaddress import ip_address
from urllib.parse import unquote_to_bytes

import pytest
from urllib3 import HTTPHeaderDict, HTTPResponse

from groundwork_core.sources.fetch_outcome import Download, Failed, Failure, Fetched, FetchRequest
from groundwork_core.web.reachability import Address, AllowedTargets
from groundwork_data.web import connecting, redirecting
from groundwork_data.web.fetcher import MAX_REDIRECTS, SafeFetcher

from ....feeds import RawServer

FEED = b"<rss version='2.0'><channel><title>t</title></channel></rss>"
FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(FEED), FEED)
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"


def here(_host: str, _port: int, _seconds: float) -> list[Address]:
    return [ip_address("127.0.0.1")]


@pytest.fixture
def raw() -> Iterator[RawServer]:
    with RawServer() as server:
        yield server


def ask(raw: RawServer, path: str = "/", host: str = "127.0.0.1") -> Download:
    fetcher = SafeFetcher(AllowedTargets.parse(("127.0.0.0/8",)), resolver=here, total_seconds=30)
    return fetcher.ask(FetchRequest(f"http://{host}:{raw.port}{path}"))


def moved(location: bytes, *cookies: bytes) -> bytes:
    lines = [b"HTTP/1.1 302 Found", b"Location: " + location, b"Content-Length: 0"]
    lines += [b"Set-Cookie: " + one for one in cookies]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])


@pytest.mark.parametrize(
    "interim",
    [
        HINTS,
        HINTS * 3,
        b"HTTP/1.1 100 Continue\r\n\r\n" + HINTS,
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 199 \r\nX: y\r\n\r\n",
    ],
)
def test_interim_responses_are_skipped(raw: RawServer, interim: bytes) -> None:
    raw.answers["/"] = interim + FINAL
    answer = ask(raw)
    assert isinstance(answer, Fetched), answer
    assert answer.body == FEED


def test_unless_they_are_skipped_early_hints_count_as_the_final_response(
    raw: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting._PlainConnection, "response_class", client.HTTPResponse)
    raw.answers["/"] = HINTS + FINAL
    answer = ask(raw)
    assert isinstance(answer, Failed)
    assert answer.failure is Failure.HTTP_OTHER


@pytest.mark.parametrize(
    "interim", [HINTS * 50, b"HTTP/1.1 103 Early Hints\r\n" + b"X: y\r\n" * 500 + b"\r\n"]
)
def test_endless_interim_responses_are_a_failure(raw: RawServer, interim: bytes) -> None:
    raw.answers["/"] = interim + FINAL
    answer = ask(raw)
    assert isinstance(answer, Failed)
    assert answer.failure is Failure.BAD_RESPONSE


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/café".encode(), "/caf%C3%A9"),
        ("/à".encode(), "/%C3%A0"),  # its second byte alone is a no-break space
        ("/Å/x".encode(), "/%C3%85/x"),  # and this one's a line break
        ("/日本?q=語".encode(), "/%E6%97%A5%E6%9C%AC?q=%E8%AA%9E"),
        (b"/caf\xe9", "/caf%E9"),
        (b"/with blank?q=a b", "/with%20blank?q=a%20b"),
        (b"  /padded \t", "/padded"),
        (b"relative", "/a/relative"),
        (b"../up", "/up"),
        (b"?q", "/a/b?q"),
        (b"/fragment#top", "/fragment"),
        (b"/already%20done", "/already%20done"),
        (b"\\back\\slash", "/back/slash"),
        (b"//127.0.0.1:{port}/scheme", "/scheme"),
        (b"HTTP://127.0.0.1:{port}/upper", "/upper"),
        ("http://127.0.0.1:{port}/ü".encode(), "/%C3%BC"),
    ],
)
def test_a_location_is_read_as_browsers_do(raw: RawServer, location: bytes, path: str) -> None:
    raw.answers["/a/b"] = moved(location.replace(b"{port}", str(raw.port).encode()))
    raw.answers[path] = FINAL
    answer = ask(raw, "/a/b")
    assert raw.asked == ["/a/b", path]
    assert isinstance(answer, Fetched), answer
    assert (answer.url, answer.redirects) == (f"http://127.0.0.1:{raw.port}{path}", 1)


def test_a_location_in_utf8_reaches_the_same_bytes(raw: RawServer) -> None:
    raw.answers["/"] = moved("/été".encode())
    ask(raw)
    assert unquote_to_bytes(raw.asked[-1]) == "/été".encode()


def test_ten_redirects_are_followed_and_no_more(raw: RawServer) -> None:
    for number in range(12):
        raw.answers[f"/{number}"] = moved(f"/{number + 1}".encode())
    raw.answers["/12"] = FINAL
    assert isinstance(ask(raw, f"/{12 - MAX_REDIRECTS}"), Fetched)
    answer = ask(raw, f"/{12 - MAX_REDIRECTS - 1}")
    assert isinstance(answer, Failed)
    assert (MAX_REDIRECTS, answer.failure) == (10, Failure.TOO_MANY_REDIRECTS)


def wall(raw: RawServer) -> None:
    """A page that answers only who brings the cookie that it set."""

    def door(headers: dict[str, str]) -> bytes:
        return FINAL if headers.get("cookie") == "seen=1" else moved(b"/door", b"seen=1; Path=/")

    raw.answers["/door"] = door


def test_a_cookie_set_on_the_way_is_sent_back_and_forgotten_after(raw: RawServer) -> None:
    wall(raw)
    assert isinstance(ask(raw, "/door"), Fetched)
    assert [headers.get("cookie") for headers in raw.headers] == [None, "seen=1"]
    assert isinstance(ask(raw, "/door"), Fetched)
    assert [headers.get("cookie") for headers in raw.headers[2:]] == [None, "seen=1"]


def test_without_kept_cookies_a_site_that_requires_one_redirects_forever(
    raw: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redirecting.FetchCookies, "header", lambda _self, _url: None)
    wall(raw)
    answer = ask(raw, "/door")
    assert isinstance(answer, Failed)
    assert answer.failure is Failure.TOO_MANY_REDIRECTS


@pytest.mark.parametrize(
    ("cookie", "sent"),
    [
        (b"a=1", {}),
        (b"a=1; Domain=blog.example", {"www.blog.example"}),
        (b"a=1; Domain=.blog.example", {"www.blog.example"}),
        (b"a=1; Domain=www.blog.example", {"www.blog.example"}),
        (b"a=1; Domain=example", {}),
        (b"a=1; Domain=other.example", {}),
        (b"a=1; Domain=blog.example; Secure", {}),
        (b"a=1; Domain=blog.example; Path=/elsewhere", {}),
        (b"a=1; Domain=blog.example; Max-Age=0", {}),
    ],
)
def test_a_cookie_goes_only_to_hosts_that_it_belongs_to(
    raw: RawServer, cookie: bytes, sent: set[str]
) -> None:
    """From www.blog.example over three hosts and back to none of them."""
    hosts = ["other.example", "evil-blog.example", "sub.other.example"]
    port = str(raw.port).encode()
    raw.answers["/"] = moved(b"http://www.blog.example:%s/1" % port, cookie)
    raw.answers["/1"] = moved(f"http://{hosts[0]}:{raw.port}/2".encode())
    raw.answers["/2"] = moved(f"http://{hosts[1]}:{raw.port}/3".encode())
    raw.answers["/3"] = moved(f"http://{hosts[2]}:{raw.port}/4".encode())
    raw.answers["/4"] = FINAL
    assert isinstance(ask(raw, host="www.blog.example"), Fetched)
    got = {one["host"].partition(":")[0] for one in raw.headers if one.get("cookie")}
    own = {"www.blog.example"} if cookie == b"a=1" else set(sent)
    assert got == own


def test_a_cookie_for_a_public_suffix_is_not_kept(raw: RawServer) -> None:
    raw.answers["/"] = moved(b"http://b.co.uk:%d/1" % raw.port, b"a=1; Domain=co.uk")
    raw.answers["/1"] = FINAL
    assert isinstance(ask(raw, host="a.co.uk"), Fetched)
    assert [one.get("cookie") for one in raw.headers] == [None, None]


def test_a_cookie_for_a_part_of_an_ip_address_is_not_kept() -> None:
    answer = HTTPResponse(headers=HTTPHeaderDict({"Set-Cookie": "a=1; Domain=0.0.1"}))
    cookies = redirecting.FetchCookies()
    cookies.keep("http://127.0.0.1/", answer)
    assert cookies.header("http://9.0.0.1/") is None
    assert cookies.header("http://127.0.0.1/") is None
