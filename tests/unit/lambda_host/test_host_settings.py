import os

import pytest

from groundwork_lambda_host.settings import BadHostSettings, HostSettings


def test_the_defaults_are_those_of_a_laptop() -> None:
    settings = HostSettings.from_environ({})

    assert (settings.address, settings.port, settings.stage) == ("127.0.0.1", 8000, "local")
    assert settings.environments > (os.cpu_count() or 1)
    assert settings.metrics_token == ""


def test_origins_are_a_list() -> None:
    given = HostSettings.from_environ(
        {"GROUNDWORK_CORS_ORIGINS": "https://a.example, https://b.x,"}
    )

    assert given.cors_origins == ("https://a.example", "https://b.x")
    assert HostSettings.from_environ({}).cors_origins == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GROUNDWORK_PORT", "eighty"),
        ("GROUNDWORK_PORT", "70000"),
        ("GROUNDWORK_ENVIRONMENTS", "0"),
        ("GROUNDWORK_WAIT_LINE", "-1"),
    ],
)
def test_a_bad_number_is_one_clear_error(name: str, value: str) -> None:
    with pytest.raises(BadHostSettings, match=name):
        HostSettings.from_environ({name: value})


def test_outside_local_metrics_are_never_open() -> None:
    one = HostSettings.from_environ({"GROUNDWORK_ENV": "prod"})
    given = HostSettings.from_environ({"GROUNDWORK_ENV": "prod", "GROUNDWORK_METRICS_TOKEN": "t"})

    assert len(one.metrics_token) > 30
    assert given.metrics_token == "t"


def test_no_secret_is_shown_when_settings_are_printed() -> None:
    settings = HostSettings(metrics_token="hush", host_token="quiet", shared={"K": "silent"})

    assert not {"hush", "quiet", "silent"} & set(repr(settings).replace("'", " ").split())


def test_the_address_is_an_ip_address() -> None:
    assert HostSettings.from_environ({"GROUNDWORK_ADDRESS": "0.0.0.0"}).address == "0.0.0.0"  # noqa: S104 - the point of it
    with pytest.raises(BadHostSettings, match="GROUNDWORK_ADDRESS"):
        HostSettings.from_environ({"GROUNDWORK_ADDRESS": "everywhere"})


def test_hosts_that_share_sockets_need_a_token_of_their_own_outside_local() -> None:
    peers = {"GROUNDWORK_PEERS": "gateways:8000, other:80"}

    assert HostSettings.from_environ(peers).peers == (("gateways", 8000), ("other", 80))
    with pytest.raises(BadHostSettings, match="GROUNDWORK_HOST_TOKEN"):
        HostSettings.from_environ({**peers, "GROUNDWORK_ENV": "dev"})
    given = {**peers, "GROUNDWORK_ENV": "dev", "GROUNDWORK_HOST_TOKEN": "t"}
    assert HostSettings.from_environ(given).host_token == "t"


def test_two_hosts_that_are_given_no_name_have_different_ones() -> None:
    assert HostSettings.from_environ({}).gateway != HostSettings.from_environ({}).gateway
    assert HostSettings.from_environ({"GROUNDWORK_GATEWAY": "pod-1"}).gateway == "pod-1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GROUNDWORK_PEERS", "gateways"),
        ("GROUNDWORK_PEERS", "gateways:0"),
        ("GROUNDWORK_PEERS", ":8000"),
        ("GROUNDWORK_GATEWAY", "a pod"),
        ("GROUNDWORK_LIVE_URL", "gateway:8000"),
        ("GROUNDWORK_ZIPKIN_URL", "zipkin:9411"),
        ("GROUNDWORK_LIVE_URL", "http://gateway:8000/@live"),
    ],
)
def test_a_bad_address_of_other_hosts_is_one_clear_error(name: str, value: str) -> None:
    with pytest.raises(BadHostSettings, match=name):
        HostSettings.from_environ({name: value})
