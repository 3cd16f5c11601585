import logging

import pytest

from groundwork_lambda_host.gateway.clients import BadProxies, ClientAddresses, listed_networks
from groundwork_lambda_host.gateway.hosts import BadHost, Hosts, listed_hosts
from groundwork_lambda_host.settings import BadHostSettings, HostSettings
from groundwork_lambda_host.telemetry.line_rate_limit import LineRateLimit

PROXIES = ClientAddresses(listed_networks("10.0.0.0/8, 2001:db8:1::/48, 192.0.2.1"))


def address(peer: str, plain: str | None = None, standard: str | None = None) -> str:
    headers = []
    if plain is not None:
        headers.append((b"x-forwarded-for", plain.encode("latin-1")))
    if standard is not None:
        headers.append((b"forwarded", standard.encode("latin-1")))
    return PROXIES.address(peer, headers)


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7, 10.9.9.9, 192.0.2.1", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("10.2.2.2, 10.3.3.3", "10.2.2.2"),  # all of them are proxies: the farthest
        ("203.0.113.7, unknown", "10.1.1.1"),  # nothing beyond what is hidden
        ("203.0.113.7, junk, 10.3.3.3", "10.3.3.3"),
        ("203.0.113.7,", "10.1.1.1"),
        ("", "10.1.1.1"),
        ("6.6.6.6, " * 5000 + "203.0.113.7", "203.0.113.7"),
    ],
)
def test_the_right_most_hop_that_is_no_proxy_is_the_client(plain: str, expected: str) -> None:
    assert address("10.1.1.1", plain) == expected


@pytest.mark.parametrize(
    ("standard", "expected"),
    [
        ("for=203.0.113.7", "203.0.113.7"),
        ("for=6.6.6.6;proto=http, FOR=203.0.113.7;by=10.1.1.1;proto=https", "203.0.113.7"),
        ('for="203.0.113.7:80"', "203.0.113.7"),
        ('for="[2001:db8::7]"', "2001:db8::7"),
        ('proto=https;for="203.0.113.7";host="a,for=6.6.6.6"', "203.0.113.7"),
        ("for=203.0.113.7, for=10.2.2.2", "203.0.113.7"),
        ("for=203.0.113.7, for=_hidden", "10.1.1.1"),
        ("for=203.0.113.7, proto=https", "10.1.1.1"),
        ("for=203.0.113.7, ;;;junk, for=10.2.2.2", "10.2.2.2"),
        ('for="203.0.113.7', "10.1.1.1"),
        ("=", "10.1.1.1"),
    ],
)
def test_the_standard_header_is_read_too(standard: str, expected: str) -> None:
    assert address("10.1.1.1", None, standard) == expected


def test_headers_of_an_untrusted_peer_are_ignored() -> None:
    assert address("203.0.113.9", "6.6.6.6", "for=6.6.6.6") == "203.0.113.9"
    assert ClientAddresses().address("10.1.1.1", [(b"x-forwarded-for", b"6.6.6.6")]) == "10.1.1.1"
    assert address("", "6.6.6.6") == ""


def test_headers_that_disagree_are_not_believed() -> None:
    assert address("10.1.1.1", "203.0.113.7", "for=203.0.113.7") == "203.0.113.7"
    assert address("10.1.1.1", "203.0.113.7", "for=6.6.6.6") == "10.1.1.1"
    assert address("10.1.1.1", "6.6.6.6", "for=203.0.113.7") == "10.1.1.1"


@pytest.mark.parametrize("listed", ["proxy", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/8;::1"])
def test_bad_proxies_stop_the_start(listed: str) -> None:
    with pytest.raises(BadProxies):
        listed_networks(listed)
    with pytest.raises(BadHostSettings, match="GROUNDWORK_TRUSTED_PROXIES"):
        HostSettings.from_environ({"GROUNDWORK_TRUSTED_PROXIES": listed})


@pytest.mark.parametrize("listed", ["a b", "http://a.example", "a.example:80", "a/b", "*a", "[x]"])
def test_bad_hosts_stop_the_start(listed: str) -> None:
    with pytest.raises(BadHostSettings, match="GROUNDWORK_HOSTS"):
        HostSettings.from_environ({"GROUNDWORK_HOSTS": listed})


def test_every_host_is_not_for_a_laptop() -> None:
    with pytest.raises(BadHostSettings, match="GROUNDWORK_HOSTS"):
        HostSettings.from_environ({"GROUNDWORK_HOSTS": "*"})
    assert HostSettings.from_environ({"GROUNDWORK_HOSTS": "*", "GROUNDWORK_ENV": "dev"}).hosts


@pytest.mark.parametrize(
    ("value", "served"),
    [
        (b"localhost", True),
        (b"LOCALHOST:80", True),
        (b"localhost.", True),
        (b"127.0.0.1:", True),
        (b"[::1]", True),
        (b"a.example", True),
        (b"x.b.example", True),
        (b"b.example", False),
        (b"xb.example", False),
        (b"127.0.0.2", False),
        (b"localhost.evil.example", False),
        (b"[::2]:80", False),
    ],
)
def test_a_host_header_is_matched_by_name_and_not_by_port(value: bytes, *, served: bool) -> None:
    hosts = Hosts(listed_hosts("A.example, *.b.example"))
    assert [hosts.serves(value), hosts.serves(value)] == [served, served]  # the second is known


@pytest.mark.parametrize(
    "value", [b"", b":80", b"a b", b"u@a", b"a/b", b"a:b", b"a:65536", b"[::1", b"a\xff"]
)
def test_malformed_hosts_are_refused(value: bytes) -> None:
    with pytest.raises(BadHost):
        Hosts().serves(value)


def test_a_limited_log_says_how_many_lines_it_left_out() -> None:
    now = [0.0]
    sparse = LineRateLimit(lines=2, clock=lambda: now[0])

    def passes() -> tuple[bool, str]:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "failed %s", ("so",), None)
        return bool(sparse.filter(record)), record.getMessage()

    assert [passes()[0] for _ in range(5)] == [True, True, False, False, False]
    now[0] = 60.0
    assert passes() == (True, "failed so (and 3 lines held back before)")
    assert passes() == (True, "failed so")
