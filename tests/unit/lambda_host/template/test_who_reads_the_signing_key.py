"""Which functions may read which key: by policy on AWS, by name on the host."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from groundwork_command.instance.project import template
from groundwork_lambda_host.environments.variables import environment_variables
from groundwork_lambda_host.template import Addresses, load

READ = "secretsmanager:GetSecretValue"
READERS = {
    "SigningKey": {"Identity"},
    "DataKeys": {"RestApi", "Fetch", "Webhooks"},
    "WorkerKey": {"ReferenceExtractor"},
}
"""Functions that may read a secret, by the secret; logical ids in the template."""
DATABASE_POLICIES = ("ReadDatabaseSecret", "ReadNeo4jSecret")
NAMES = {
    "SigningKey": re.compile("signing[-_]?key", re.IGNORECASE),
    "DataKeys": re.compile("data[-_]?keys", re.IGNORECASE),
    "WorkerKey": re.compile("worker[-_]?key", re.IGNORECASE),
}


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as their arguments."""


_Loader.add_multi_constructor(
    "!",
    lambda loader, _tag, node: (
        loader.construct_scalar(node)
        if isinstance(node, yaml.ScalarNode)
        else loader.construct_sequence(node, deep=True)
        if isinstance(node, yaml.SequenceNode)
        else loader.construct_mapping(node, deep=True)
    ),
)


@pytest.fixture
def resources() -> dict[str, Any]:
    """The template's resources."""
    read: dict[str, Any] = yaml.load(template().read_text(), Loader=_Loader)["Resources"]  # noqa: S506 - a safe loader with tags
    return read


def functions(resources: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in resources.items():
        if resource["Type"] == "AWS::Serverless::Function":
            yield name, resource["Properties"]


def readers(resources: dict[str, Any], secret: str) -> set[str]:
    """Functions that a policy lets at a secret or at everything, or with a role of their own."""
    found = set()
    for name, properties in functions(resources):
        for policy in properties.get("Policies", []):
            if policy in DATABASE_POLICIES:
                continue
            if isinstance(policy, str) or "Statement" not in policy:
                text = str(policy)
                if "Secret" in text or "Admin" in text or "arn:" in text:
                    found.add(name)
                continue
            for statement in policy["Statement"]:
                actions = statement["Action"]
                for action in [actions] if isinstance(actions, str) else actions:
                    exact = (action, statement["Resource"]) == (READ, secret)
                    if exact or action == "*" or _reads_others(action, statement["Resource"]):
                        found.add(name)
        if "Role" in properties:
            found.add(name)
    return found


def _reads_others(action: str, resource: str) -> bool:
    """Return whether a statement allows more than exactly one secret."""
    if not action.lower().startswith("secretsmanager:"):
        return False
    return action != READ or resource not in READERS


@pytest.mark.parametrize("secret", READERS)
def test_only_named_functions_may_read_the_signing_key(
    resources: dict[str, Any], secret: str
) -> None:
    assert len(dict(functions(resources))) >= 9
    assert readers(resources, secret) == READERS[secret]
    others = {
        name
        for name, one in resources.items()
        if one["Type"] in ("AWS::IAM::Role", "AWS::IAM::Policy")
    }
    assert others == {"LiveInvokes"}
    assert "secretsmanager" not in str(resources["LiveInvokes"])


def test_database_policies_grant_only_the_secrets_of_the_databases(
    resources: dict[str, Any],
) -> None:
    shared = {n for n, one in resources.items() if one["Type"] == "AWS::IAM::ManagedPolicy"}
    assert shared == set(DATABASE_POLICIES)
    for name in DATABASE_POLICIES:
        (statement,) = resources[name]["Properties"]["PolicyDocument"]["Statement"]
        assert statement["Action"] == ["secretsmanager:GetSecretValue"]
        ends = str(statement["Resource"])
        assert "database" in ends or "neo4j" in ends
        assert "signing" not in ends


@pytest.mark.parametrize(
    "policy",
    [
        "AdministratorAccess",
        "arn:aws:iam::aws:policy/SecretsManagerReadWrite",
        {"AWSSecretsManagerGetSecretValuePolicy": {"SecretArn": "SigningKey"}},
        {"Statement": [{"Action": "*", "Resource": "*"}]},
        {"Statement": [{"Action": ["secretsmanager:*"], "Resource": "*"}]},
        {"Statement": [{"Action": [READ], "Resource": "*"}]},
    ],
)
def test_a_policy_that_lets_another_function_read_the_key_is_found(
    resources: dict[str, Any], policy: object
) -> None:
    """With the guard disabled."""
    resources["GraphApi"]["Properties"].setdefault("Policies", []).append(policy)
    for secret, allowed in READERS.items():
        assert readers(resources, secret) == {*allowed, "GraphApi"}


@pytest.mark.parametrize("secret", READERS)
def test_no_other_function_has_the_variable_that_locates_the_key(secret: str) -> None:
    stack = load(
        template(),
        {"DatabaseUrl": "postgresql://x", "Neo4jPassword": "x"},
        Addresses("http://127.0.0.1:4566", "http://127.0.0.1:8000/@live", "http://127.0.0.1:8000"),
    )
    readers = {
        function.logical_id
        for function in stack.functions.values()
        if NAMES[secret].search(str(environment_variables(function, "eu-central-1", {})))
    }
    assert readers == READERS[secret]
