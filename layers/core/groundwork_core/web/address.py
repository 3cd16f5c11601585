"""The one form in which an address that we ask or send to is kept, and why one is refused.

Sources and webhooks share these rules. `normal` needs no configuration, so it runs where input is
checked; `refuse_private` needs to know what may be reached besides public addresses.
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
"""Trimmed from both ends: what copying from a page or a file leaves there."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BEGINNING = re.compile(r"https?:[/\\]{2}(?=[^/\\?#])", re.IGNORECASE)
_USER_INFO = re.compile(r"https?:[/\\]{2}[^/\\?#]*@", re.IGNORECASE)
_LOCALHOST = re.compile(r"(?:.*\.)?localhost")


class BadAddress(ValueError):
    """No request can go to this address; says why, without repeating the address."""


def normal(text: str) -> str:
    """Return an http(s) address in the form in which it is kept and compared.

    Scheme and host in lower case, an international host in Punycode, an IP address in its usual
    form (`0x7f.1` is `127.0.0.1`); without a fragment, default port, or dot after the host; what
    may not stand in an address is percent-encoded; `/` where there is no path. This is the WHATWG
    URL standard's parser, which browsers use.

    Raises:
        BadAddress: it is no http(s) address, or no request could ever be made to it.
    """
    text = text.strip(_BLANK)
    if _CONTROL.search(text):
        raise BadAddress("must not have control characters or line breaks in it")
    if not _BEGINNING.match(text):
        raise BadAddress("must begin with http:// or https:// and a host")
    if _USER_INFO.match(text):
        raise BadAddress(
            "must not carry a user name or password; set them as `credentials` instead"
        )
    try:
        parsed = Url(text)
    except ValueError as error:
        raise BadAddress(_reason(error)) from None
    host = (parsed.host or "").rstrip(".")
    _check_host(host)
    if parsed.port == 0:
        raise BadAddress("must not have port 0, on which nothing can answer")
    port = "" if parsed.port in (None, _PORTS[parsed.scheme]) else f":{parsed.port}"
    query = "" if parsed.query is None else f"?{parsed.query}"
    address = f"{parsed.scheme}://{host}{port}{parsed.path or '/'}{query}"
    if len(address) > MAX_URL:
        raise BadAddress(f"must not be longer than {MAX_URL} characters, percent-encoded")
    return address


_PORTS = {"http": 80, "https": 443}


def _reason(error: ValueError) -> str:
    """Say what the parser found, as a sentence that follows the field's name."""
    found = str(error).rpartition("valid URL, ")[2].partition(" [type")[0]
    return f"is no address that can be reached: {found}" if found else "is no address"


def _check_host(host: str) -> None:
    """Raise BadAddress for a name that no DNS can hold (RFC 1035 section 2.3.4)."""
    if host.startswith("["):
        return
    labels = host.split(".")
    if len(host) > MAX_HOST or not all(0 < len(label) <= MAX_LABEL for label in labels):
        raise BadAddress("has a host with an empty or too long part")


def refuse_private(address: str, allowed: AllowedTargets) -> None:
    """Refuse an address that names a host inside our own network by itself, without DNS.

    That is an IP address that is not public, or `localhost`. What a name leads to is checked
    whenever a request is made, for it may change.

    Args:
        address: in normal form.
        allowed: what may be reached although it is not public.

    Raises:
        BadAddress: it may not be reached.
    """
    parsed = Url(address)
    host, port = (parsed.host or "").strip("[]"), parsed.port or 0
    literal = _literal(host)
    if literal is not None and not allowed.permits(host, port, literal):
        raise BadAddress("leads to an address that is not public")


def _literal(host: str) -> Address | None:
    if _LOCALHOST.fullmatch(host):
        return ipaddress.IPv4Address("127.0.0.1")
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def check_private(address: str, allowed: AllowedTargets) -> None:
    """Do as `refuse_private`, but raise Invalid, which points at the field `url`."""
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
"""An address that we ask or send to, for a field; kept in normal form."""
