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
