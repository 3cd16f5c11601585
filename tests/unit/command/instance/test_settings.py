"""A bad setting is named before anything starts; its value is never shown."""

import pytest

from groundwork_command.instance import project
from groundwork_command.instance.serving import newest_revision, settings_to_serve
from groundwork_command.instance.settings import InstanceSettings
from groundwork_runtime.settings import BadSettings

OUTSIDE = {
    "GROUNDWORK_ENV": "prod",
    "DATABASE_URL": "postgresql://app:correct-horse@db.test/groundwork",
    "NEO4J_URI": "bolt://graph.test:7687",
    "NEO4J_PASSWORD": "battery-staple",
}


def test_nothing_needs_to_be_set_on_a_laptop() -> None:
    settings = InstanceSettings.from_environment({})
    assert (settings.stage, settings.port, settings.rate_limit) == ("local", 8000, 500)
    assert settings.admin_email == "admin@localhost.test"


def test_an_empty_variable_counts_as_unset() -> None:
    assert InstanceSettings.from_environment({"GROUNDWORK_PORT": ""}).port == 8000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GROUNDWORK_ENV", "production"),
        ("GROUNDWORK_PORT", "eighty"),
        ("GROUNDWORK_PORT", "0"),
        ("GROUNDWORK_PORT", "65536"),
        ("GROUNDWORK_ADDRESS", "localhost"),
        ("GROUNDWORK_ADDRESS", "127.0.0.1:80"),
        ("GROUNDWORK_RATE_LIMIT", "-1"),
        ("GROUNDWORK_ADMIN_EMAIL", "admin"),
        ("GROUNDWORK_ADMIN_PASSWORD", "short"),
        ("DATABASE_URL", "mysql://db"),
        ("NEO4J_URI", "http://graph:7474"),
        ("AWS_ENDPOINT_URL", "localhost:4566"),
        ("GROUNDWORK_FETCH_ALLOW", "somewhere"),
        ("GROUNDWORK_HOSTS", "*"),
        ("GROUNDWORK_HOSTS", "http://api.example.org"),
        ("GROUNDWORK_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("GROUNDWORK_FETCH_ALLOW", "127.0.0.1:80,10.0.0.0/99"),
        ("GROUNDWORK_CORS_ORIGINS", "*"),
    ],
)
def test_a_bad_value_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSettings, match=name):
        InstanceSettings.from_environment({name: value})


def test_the_value_of_a_bad_setting_is_not_shown() -> None:
    with pytest.raises(BadSettings) as raised:
        InstanceSettings.from_environment({"DATABASE_URL": "secret-thing"})
    assert "secret-thing" not in str(raised.value)


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(BadSettings, match=r"GROUNDWORK_PORT.*GROUNDWORK_RATE_LIMIT"):
        InstanceSettings.from_environment({"GROUNDWORK_PORT": "x", "GROUNDWORK_RATE_LIMIT": "y"})


def test_a_given_graph_needs_its_password() -> None:
    with pytest.raises(BadSettings, match="NEO4J_PASSWORD"):
        InstanceSettings.from_environment({"NEO4J_URI": "bolt://127.0.0.1:7687"})


def test_outside_local_an_instance_with_all_settings_starts() -> None:
    assert InstanceSettings.from_environment(OUTSIDE).stage == "prod"


@pytest.mark.parametrize("name", ["DATABASE_URL", "NEO4J_URI"])
def test_outside_local_nothing_embedded_is_started(name: str) -> None:
    with pytest.raises(BadSettings, match=f"{name} is missing"):
        InstanceSettings.from_environment({**OUTSIDE, name: ""})


def test_outside_local_no_private_address_may_be_fetched() -> None:
    with pytest.raises(BadSettings, match="GROUNDWORK_FETCH_ALLOW"):
        InstanceSettings.from_environment({**OUTSIDE, "GROUNDWORK_FETCH_ALLOW": "127.0.0.1:80"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://postgres:postgres@db.test/groundwork"),
        ("DATABASE_URL", "postgresql://postgres@db.test/groundwork"),
        ("GROUNDWORK_MIGRATION_DATABASE_URL", "postgresql://postgres:postgres@db.test/groundwork"),
        ("NEO4J_PASSWORD", "neo4j"),
    ],
)
def test_outside_local_default_passwords_are_refused(name: str, value: str) -> None:
    with pytest.raises(BadSettings, match=name):
        InstanceSettings.from_environment({**OUTSIDE, name: value})


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("", "http://127.0.0.1:8000"),
        ("127.0.0.2", "http://127.0.0.2:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 - the point of it
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
    ],
)
def test_an_instance_is_reached_where_it_listens(address: str, url: str) -> None:
    assert InstanceSettings.from_environment({"GROUNDWORK_ADDRESS": address}).url == url


@pytest.mark.parametrize("stage", ["staging", "prod"])
def test_staging_and_prod_run_on_no_emulator(stage: str) -> None:
    given = {**OUTSIDE, "GROUNDWORK_ENV": stage}
    for endpoint in ("http://emulator:4566", "https://sqs.amazonaws.com.example.org"):
        with pytest.raises(BadSettings, match="AWS_ENDPOINT_URL"):
            InstanceSettings.from_environment({**given, "AWS_ENDPOINT_URL": endpoint})
    own = "https://vpce-1.sqs.eu-central-1.vpce.amazonaws.com"
    assert InstanceSettings.from_environment({**given, "AWS_ENDPOINT_URL": own}).stage == stage
    dev = {**given, "GROUNDWORK_ENV": "dev", "AWS_ENDPOINT_URL": "http://emulator:4566"}
    assert InstanceSettings.from_environment(dev).stage == "dev"


def test_serving_without_services_names_all_that_are_missing() -> None:
    with pytest.raises(BadSettings) as raised:
        settings_to_serve({})
    for name in ("DATABASE_URL", "NEO4J_URI", "GROUNDWORK_AWS_ACCOUNT", "AWS_REGION"):
        assert name in str(raised.value)
    on_aws = {"AWS_REGION": "eu-central-1", "GROUNDWORK_AWS_ACCOUNT": "123456789012"}
    assert settings_to_serve({**OUTSIDE, **on_aws}).aws_account == "123456789012"


def test_the_newest_revision_is_that_of_the_newest_file() -> None:
    newest = newest_revision(project.migrations())
    assert newest.isdecimal()
    assert list((project.migrations() / "postgres" / "versions").glob(f"{newest}_*.py"))


CONTRADICTIONS = {
    "GROUNDWORK_ENV": "prod",
    "NEO4J_USER": "neo4j",
    "GROUNDWORK_PORT": "eighty",
    "GROUNDWORK_ADMIN_PASSWORD": "short",
    "GROUNDWORK_FETCH_ALLOW": "127.0.0.1:80",
    "GROUNDWORK_MIGRATION_DATABASE_URL": "postgresql://owner:correct-horse@db.test/groundwork",
    "AWS_ENDPOINT_URL": "http://emulator:4566",
    "GROUNDWORK_RATE_LIMIT": "many",
    "GROUNDWORK_EXPORT_DAYS": "0",
    "GROUNDWORK_ENVIRONMENTS": "0",
    "GROUNDWORK_GATEWAY": "a pod",
    "GROUNDWORK_PEERS": "gateways:8000",
}
"""Wrong alone or together, for an instance, for its functions and for its host."""
NOT_GIVEN = {"DATABASE_URL", "NEO4J_URI", "GROUNDWORK_HOST_TOKEN"}
NAMED_BY_SERVING = {"AWS_REGION", "GROUNDWORK_AWS_ACCOUNT", "GROUNDWORK_ADMIN_PASSWORD"}


def named(error: BadSettings) -> list[str]:
    """The variables that a message is about; each once."""
    return [fault.split()[0].rstrip(":") for fault in str(error).split("; ") if fault[0].isupper()]


def test_faults_of_one_variable_hide_no_fault_of_another() -> None:
    with pytest.raises(BadSettings) as raised:
        InstanceSettings.from_environment(CONTRADICTIONS)
    found = named(raised.value)
    owner = "GROUNDWORK_MIGRATION_DATABASE_URL"
    right = {"GROUNDWORK_ENV", "NEO4J_USER", owner, "GROUNDWORK_PEERS"}
    assert len(found) == len(set(found))
    assert set(found) == (CONTRADICTIONS.keys() - right) | NOT_GIVEN


def test_each_of_many_faults_is_named_alone_as_well() -> None:
    """The message is not a list of all variables: those that are right are not in it."""
    for name in ("GROUNDWORK_PORT", "GROUNDWORK_EXPORT_DAYS", "GROUNDWORK_GATEWAY"):
        with pytest.raises(BadSettings) as raised:
            InstanceSettings.from_environment({**OUTSIDE, name: CONTRADICTIONS[name]})
        assert named(raised.value) == [name]


def test_serving_names_what_is_missing_beside_what_is_wrong() -> None:
    given = {"GROUNDWORK_PORT": "eighty", "GROUNDWORK_WAIT_LINE": "-1"}
    with pytest.raises(BadSettings) as raised:
        settings_to_serve(given, "GROUNDWORK_ADMIN_PASSWORD")
    assert set(named(raised.value)) == {*given, "DATABASE_URL", "NEO4J_URI", *NAMED_BY_SERVING}
