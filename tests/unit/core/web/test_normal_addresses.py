"""The one form of addresses of sources and webhooks, and what is refused with its reason."""

import pytest

from groundwork_core.web.address import BadAddress, normal, refuse_private
from groundwork_core.web.reachability import AllowedTargets


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://blog.example/feed", "https://blog.example/feed"),
        ("  https://blog.example/feed\n", "https://blog.example/feed"),
        ("\ufeffhttps://blog.example/feed\u00a0", "https://blog.example/feed"),
        ("HTTPS://Blog.EXAMPLE/Feed", "https://blog.example/Feed"),
        ("http://blog.example:80/f", "http://blog.example/f"),
        ("https://blog.example:443/f", "https://blog.example/f"),
        ("https://blog.example:80/f", "https://blog.example:80/f"),
        ("https://blog.example", "https://blog.example/"),
        ("https://blog.example?x=1", "https://blog.example/?x=1"),
        ("https://blog.example/f#part", "https://blog.example/f"),
        ("https://blog.example./f", "https://blog.example/f"),
        ("https://bücher.example/é?ä=ö", "https://xn--bcher-kva.example/%C3%A9?%C3%A4=%C3%B6"),
        ("https://BÜCHER.example/", "https://xn--bcher-kva.example/"),
        ("https://blog.example/search?q=a b", "https://blog.example/search?q=a%20b"),
        ("https://blog.example/a/../b", "https://blog.example/b"),
        ("https://blog.example/f?mail=a@b", "https://blog.example/f?mail=a@b"),
        ("http://[2606:4700::1111]:8080/", "http://[2606:4700::1111]:8080/"),
        ("http://0x08.0x08.0x08.0x08/", "http://8.8.8.8/"),
    ],
)
def test_an_address_has_one_form(given: str, kept: str) -> None:
    assert normal(given) == kept
    assert normal(kept) == kept


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "must begin with"),
        ("https://", "must begin with"),
        ("https:///feed", "must begin with"),
        ("https://?x", "must begin with"),
        ("blog.example/feed", "must begin with"),
        ("ftp://blog.example/", "must begin with"),
        ("feed://blog.example/", "must begin with"),
        ("file:///etc/passwd", "must begin with"),
        ("javascript:alert(1)", "must begin with"),
        ("https:blog.example", "must begin with"),
        ("http://blog.example:99999/f", "port"),
        ("http://blog.example:80a/f", "port"),
        ("http://blog.example:0/f", "port"),
        ("http://user:pw@blog.example/f", "credentials"),
        ("http://user@blog.example/f", "credentials"),
        ("http://@blog.example/f", "credentials"),
        ("HTTP:\\\\user:pw@blog.example/f", "credentials"),
        ("https://blog.example/a\nb", "control characters"),
        ("https://blog.example/a\tb", "control characters"),
        ("https://blog.example/a\x00b", "control characters"),
        ("https://blog.example/a\x7fb", "control characters"),
        ("https://blog.example/a\u2028b", "control characters"),
        ("https://blo g.example/", "not a valid address"),
        ("https://blog<.example/", "not a valid address"),
        ("https://[::1/", "not a valid address"),
        ("https://256.256.256.256/", "not a valid address"),
        ("https://a..b/", "empty or too long"),
        ("https://" + "a" * 64 + ".example/", "empty or too long"),
        ("https://" + "a." * 127 + "example/", "empty or too long"),
        ("https://blog.example/" + "ü" * 400, "longer than"),
    ],
)
def test_an_address_that_cannot_be_fetched_is_refused_with_a_reason(
    given: str, reason: str
) -> None:
    with pytest.raises(BadAddress, match=reason) as refused:
        normal(given)
    assert "pw" not in str(refused.value)


PRIVATE = [
    "127.0.0.1",
    "127.1",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "017700000001",
    "127。0。0。1",
    "0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a00:1]",
    "[fe80::1]",
    "[fd00::1]",
    "[ff02::1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "localhost",
    "LOCALHOST.",
    "any.localhost",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_an_address_that_is_private_by_itself_is_refused(host: str) -> None:
    with pytest.raises(BadAddress, match="not public"):
        refuse_private(normal(f"http://{host}/f"), AllowedTargets())


@pytest.mark.parametrize(
    "host", ["blog.example", "8.8.8.8", "[2606:4700::1111]", "localhost.example", "10.example"]
)
def test_a_public_address_and_any_name_pass(host: str) -> None:
    refuse_private(normal(f"http://{host}/f"), AllowedTargets())


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("127.0.0.0/8", "http://127.1:9/f"),
        ("127.0.0.0/8", "http://localhost:9/f"),
        ("127.0.0.1:9", "http://0x7f.1:9/f"),
        ("localhost:9", "http://LOCALHOST:9/f"),
        ("127.0.0.0/8", "http://[::ffff:127.0.0.1]/f"),
    ],
)
def test_configured_addresses_pass(entry: str, url: str) -> None:
    refuse_private(normal(url), AllowedTargets.parse((entry,)))


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("127.0.0.1:9", "http://127.0.0.1:10/f"),
        ("10.0.0.0/8", "http://127.0.0.1/f"),
        ("localhost:9", "http://127.0.0.1:9/f"),
    ],
)
def test_addresses_that_are_not_configured_are_refused(entry: str, url: str) -> None:
    with pytest.raises(BadAddress):
        refuse_private(normal(url), AllowedTargets.parse((entry,)))
