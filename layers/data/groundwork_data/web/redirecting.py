"""Resolve the target of a redirect, and keep the cookies of one fetch.

Some sites set a cookie with a redirect, and serve only clients that send it back. The cookie jar
exists only during the fetch: it is never stored, and other sources do not share it.
"""

from __future__ import annotations

import re
from email.message import Message
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import Request

from groundwork_core.web.address import normal

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList
    from urllib3.response import BaseHTTPResponse

MAX_COOKIES = 50
MAX_COOKIE_BYTES = 8_192
"""Bytes of the Cookie header."""
_BLANK = " \t\r\n"
_IGNORED = re.compile(r"[\t\r\n]")
_ANY_BYTE = "".join(map(chr, range(0x21, 0x7F)))


def target(url: str, location: str) -> str:
    """Return the URL that a Location header redirects to from `url`, as browsers resolve it.

    Args:
        url: the URL that answered, in normal form.
        location: the header as returned by `http.client`, which decodes bytes as ISO 8859-1. Bytes
            that are UTF-8 are decoded as UTF-8; others are percent-encoded.

    Raises:
        BadAddress: the target is not a URL that can be requested.
    """
    # Stripped as bytes, because as text the byte A0 would be a space (U+00A0).
    raw = location.encode("latin-1", "replace").strip(_BLANK.encode())
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = quote(raw, safe=_ANY_BYTE + " ")
    before, mark, after = _split(text)
    return normal(urljoin(url, _IGNORED.sub("", before).replace("\\", "/") + mark + after))


def _split(text: str) -> tuple[str, str, str]:
    """Split a URL before its query or fragment; only in the first part a backslash is a slash."""
    found = re.search(r"[?#]", text)
    if found is None:
        return text, "", ""
    return text[: found.start()], found[0], text[found.end() :]


class FetchCookies:
    """The cookies of one fetch, each sent only to its own hosts (RFC 6265)."""

    def __init__(self) -> None:
        self._jar = CookieJar(_Policy())

    def keep(self, url: str, response: BaseHTTPResponse) -> None:
        """Store the cookies that a response from `url` sets."""
        message = Message()
        for value in response.headers.getlist("Set-Cookie")[:MAX_COOKIES]:
            message["Set-Cookie"] = value
        self._jar.extract_cookies(_CookieResponse(message), Request(url))  # type: ignore[arg-type]  # noqa: S310 - never opened

    def header(self, url: str) -> str | None:
        """Return the Cookie header for a request to `url`, or None."""
        request = Request(url)  # noqa: S310 - never opened
        self._jar.add_cookie_header(request)
        value = request.get_header("Cookie")
        if value is None or len(value) > MAX_COOKIE_BYTES or not value.isprintable():
            return None
        return value if value.isascii() else None


class _CookieResponse:
    """The interface of a response that `http.cookiejar` needs."""

    def __init__(self, headers: Message) -> None:
        self._headers = headers

    def info(self) -> Message:
        """Return the headers."""
        return self._headers


class _Policy(DefaultCookiePolicy):
    """Accepts Netscape cookies as browsers do, but none for a public suffix (`co.uk`)."""

    def __init__(self) -> None:
        super().__init__(strict_ns_domain=DefaultCookiePolicy.DomainStrictNonDomain)

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        """Refuse a cookie for a public suffix."""
        if cookie.domain_specified:
            domain = cookie.domain.lstrip(".").lower()
            host = urlsplit(request.full_url).hostname or ""
            if domain != host and (_is_ip(host) or _suffixes().privatesuffix(domain) is None):
                return False
        return bool(super().set_ok(cookie, request))


def _is_ip(host: str) -> bool:
    return ":" in host or host.rpartition(".")[2].isdecimal()


def _suffixes() -> PublicSuffixList:
    from groundwork_data.web.hosts import suffixes  # rarely used, and slow to load

    return suffixes()
