"""The address of a deployment."""

import pytest

from groundwork_command.outside.address import address_of
from groundwork_command.services.service import ServiceError


@pytest.mark.parametrize("url", ["api.example.org", "ftp://x", "https://", "https://u:p@x", "/x"])
def test_a_malformed_deployment_url_is_refused(url: str) -> None:
    with pytest.raises(ServiceError, match=r"https://api\.example\.org"):
        address_of(url, "prod")


def test_sockets_are_at_the_same_host_unless_another_is_given() -> None:
    assert address_of("https://x.test/", "prod").sockets == "wss://x.test/ws"
    assert address_of("http://x.test:8000", "dev").sockets == "ws://x.test:8000/ws"
    given = address_of("https://x.test", "prod", live_url="wss://live.test/prod")
    assert given.sockets == "wss://live.test/prod"


def test_a_key_is_not_shown() -> None:
    assert "gw_live" not in repr(address_of("https://x.test", "prod", key="gw_live_secret"))
