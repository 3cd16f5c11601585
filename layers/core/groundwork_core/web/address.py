"""Normalize and check the web addresses of sources and webhooks.

`normal` needs no configuration, so input validation uses it. `refuse_private` needs the configured
targets that may be reached although they are not public.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import Url

from groundwork_core.errors import Fault, Invalid
from groundwork_core.web.reachability import Address, AllowedTargets

MAX_URL = 2_048
MAX_HOST = 253
MAX_LABEL = 63
_BLANK = " \t\r\n\f\v\u00a0\u200b\u2060\ufeff"
"""Characters trimmed from both ends, which copying text leaves there."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BEGINNING = re.compile(r"https?:[/\\]{2}(?=[^/\\?#])", re.IGNORECASE)
_USER_INFO = re.compile(r"https?:[/\\]{2}[^/\\?#]*@", re.IGNORECASE)
_LOCALHOST = re.compile(r"(?:.*\.)?localhost")


class BadAddress(ValueError):
    """The address cannot be used; the message says why, without the address."""


def normal(text: str) -> str:
    """Return an http(s) address in the normal form that is stored and compared.

    Scheme and host are in lower case, an international host in Punycode, an IP address in its usual
    form (`0x7f.1` is `127.0.0.1`). Fragment, default port and a dot after the host are removed,
    invalid characters percent-encoded, an empty path becomes `/`. The parser is that of the WHATWG
    URL standard.

    Raises:
        BadAddress: it is not an http(s) address, or cannot be requested.
    """
    text = text.strip(_BLANK)
    if _CONTROL.search(text):
        raise BadAddress("must not contain control characters or line breaks")
    if not _BEGINNING.match(text):
        raise BadAddress("must begin with http:// or https:// and a host")
    if _USER_INFO.match(text):
        raise BadAddress(
            "must not contain a user name or password; set them as `credentials` instead"
        )
    try:
        parsed = Url(text)
    except ValueError as error:
        raise BadAddress(_reason(error)) from None
    host = (parsed.host or "").rstrip(".")
    _check_host(host)
    if parsed.port == 0:
        raise BadAddress("must not have port 0")
    port = "" if parsed.port in (None, _PORTS[parsed.scheme]) else f":{parsed.port}"
    query = "" if parsed.query is None else f"?{parsed.query}"
    address = f"{parsed.scheme}://{host}{port}{parsed.path or '/'}{query}"
    if len(address) > MAX_URL:
        raise BadAddress(f"must not be longer than {MAX_URL} characters, percent-encoded")
    return address


_PORTS = {"http": 80, "https": 443}


def _reason(error: ValueError) -> str:
    """Return the parser's error as a text that can follow the field's name."""
    found = str(error).rpartition("valid URL, ")[2].partition(" [type")[0]
    return f"is not a valid address: {found}" if found else "is not a valid address"


def _check_host(host: str) -> None:
    """Raise BadAddress for a name that is invalid in DNS (RFC 1035 section 2.3.4)."""
    if host.startswith("["):
        return
    labels = host.split(".")
    if len(host) > MAX_HOST or not all(0 < len(label) <= MAX_LABEL for label in labels):
        raise BadAddress("has a host with an empty or too long part")


def refuse_private(address: str, allowed: AllowedTargets) -> None:
    """Refuse an address whose host is a private IP address or `localhost`; uses no DNS.

    Names are resolved and checked at each request, since their addresses can change.

    Args:
        address: an address in normal form.
        allowed: targets that may be reached although they are not public.

    Raises:
        BadAddress: the address is not public and not allowed.
    """
    parsed = Url(address)
    host, port = (parsed.host or "").strip("[]"), parsed.port or 0
    literal = _literal(host)
    if literal is not None and not allowed.permits(host, port, literal):
        raise BadAddress("is not public")


def _literal(host: str) -> Address | None:
    if _LOCALHOST.fullmatch(host):
        return ipaddress.IPv4Address("127.0.0.1")
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def check_private(address: str, allowed: AllowedTargets) -> None:
    """Like `refuse_private`, but raise Invalid for the field `url`."""
    try:
        refuse_private(address, allowed)
    except BadAddress as bad:
        raise Invalid("The input is invalid; see errors.", (Fault("/url", str(bad)),)) from bad


ReachableAddress = Annotated[
    str,
    StringConstraints(max_length=MAX_URL),
    AfterValidator(normal),
    Field(json_schema_extra={"pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#]+"}),
]
"""A field with the address of a source or webhook, in normal form."""
