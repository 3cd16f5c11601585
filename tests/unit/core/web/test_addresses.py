from ipaddress import ip_address

import pytest

from groundwork_core.web.reachability import AllowedTargets, is_public


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",  # noqa: S104 - refused, not bound
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.31.255.255",
        "192.0.0.9",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:a9fe:a9fe::1",
        "2002:808:808::1",
        "3fff::1",
        "2a00:1450::5efe:10.0.0.1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_an_address_that_is_not_everybodys_is_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize(
    "text",
    ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001::8a"],
)
def test_an_address_of_the_internet_is_public(text: str) -> None:
    assert is_public(ip_address(text))


def test_only_the_allowed_services_and_networks_are_permitted() -> None:
    allowed = AllowedTargets.parse(("localhost:8080", "10.1.0.0/16", "[::1]:9000"))
    assert allowed.permits("localhost", 8080, ip_address("127.0.0.1"))
    assert allowed.permits("LOCALHOST", 8080, ip_address("127.0.0.1"))
    assert not allowed.permits("localhost", 8081, ip_address("127.0.0.1"))
    assert not allowed.permits("other", 8080, ip_address("127.0.0.1"))
    assert allowed.permits("any", 80, ip_address("10.1.2.3"))
    assert allowed.permits("any", 80, ip_address("::ffff:10.1.2.3"))
    assert not allowed.permits("any", 80, ip_address("10.2.0.1"))
    assert allowed.permits("::1", 9000, ip_address("::1"))


@pytest.mark.parametrize("entry", ["localhost", "host:", ":80", "10.0.0.0/99", "host:http"])
def test_an_exception_that_cannot_be_read_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        AllowedTargets.parse((entry,))
