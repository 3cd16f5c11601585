"""Requirements for production on template.yaml."""

import re
from typing import Any

import pytest

from groundwork_command.instance.project import template

from .conftest import Template

STATEFUL = {
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
}

ONLY_TLS = {"Bool": {"aws:SecureTransport": "false"}}
NOTHING_PUBLIC = {
    ("BlockPublicAcls", True),
    ("BlockPublicPolicy", True),
    ("IgnorePublicAcls", True),
    ("RestrictPublicBuckets", True),
}


def faults(stack: Template) -> list[str]:
    """Every fault of the template, one line each."""
    found = []
    shared = stack.globals["Environment"]["Variables"]
    for name, one in stack.functions().items():
        policies = one.get("Policies", [])
        variables = shared | one.get("Environment", {}).get("Variables", {})
        uses_database = variables["DATABASE_URL"] != "" or variables["DATABASE_SECRET_ID"] != ""
        if uses_database and {"Ref": "ReadDatabaseSecret"} not in policies:
            found.append(f"{name} may not read the secret of its database")
        if not uses_database and {"Ref": "ReadDatabaseSecret"} in policies:
            found.append(f"{name} may read the secret of a database that it does not use")
        if "NEO4J_SECRET_ID" in variables and {"Ref": "ReadNeo4jSecret"} not in policies:
            found.append(f"{name} may not read the secret of Neo4j")
        if one.get("AutoPublishAliasAllProperties") is not True:
            found.append(f"{name} runs old code when a layer changes")
        if one.get("AutoPublishCodeSha256") != {"Ref": "BuildId"}:
            found.append(f"{name} runs old settings when a parameter changes")
        found += [f"{name}: {each}" for each in _fault_of_events(one)]
    for name, one in stack.queues().items():
        if one.get("SqsManagedSseEnabled") is not True:
            found.append(f"{name} is not said to be encrypted")
        policy = stack.resources["QueuesOverTls"]["Properties"]
        if {"Ref": name} not in policy["Queues"]:
            found.append(f"{name} takes messages without TLS")
        if name.endswith("DeadLetters") and f"{name}Alarm" not in stack.resources:
            found.append(f"{name} has no alarm")
    found += _faults_of_buckets(stack)
    found += [
        f"{name} would be deleted with the stack"
        for name, resource in stack.resources.items()
        if resource["Type"] in STATEFUL and resource.get("DeletionPolicy") != "Retain"
    ]
    found += [
        f"{name} does not publish functions when it changes"
        for name, one in stack.of("AWS::Serverless::LayerVersion")
        if one.get("PublishLambdaVersion") is not True
    ]
    return found


def _faults_of_buckets(stack: Template) -> list[str]:
    found = []
    over_tls = [
        policy["Bucket"]
        for _, policy in stack.of("AWS::S3::BucketPolicy")
        for rule in policy["PolicyDocument"]["Statement"]
        if rule["Effect"] == "Deny" and rule["Condition"] == ONLY_TLS and rule["Action"] == "s3:*"
    ]
    for name, one in stack.of("AWS::S3::Bucket"):
        if "BucketEncryption" not in one:
            found.append(f"{name} is not said to be encrypted")
        if {"Ref": name} not in over_tls:
            found.append(f"{name} is read without TLS")
        if set(one.get("PublicAccessBlockConfiguration", {}).items()) != NOTHING_PUBLIC:
            found.append(f"{name} can be made public")
        if "LifecycleConfiguration" not in one:
            found.append(f"{name} keeps its files for ever")
    return found


def _fault_of_events(function: dict[str, Any]) -> list[str]:
    found = []
    for name, event in function.get("Events", {}).items():
        properties = event["Properties"]
        if event["Type"] == "ScheduleV2":
            if "RetryPolicy" not in properties:
                found.append(f"{name} is retried for a day")
            if "EventInvokeConfig" not in function:
                found.append(f"{name} has no limit on the age of its events")
        if event["Type"] == "SQS" and "ScalingConfig" not in properties:
            found.append(f"{name} has no limit on its concurrency")
    return found


def test_the_reference_extractor_reaches_no_database_and_no_private_network(
    stack: Template,
) -> None:
    extractor = stack.functions()["ReferenceExtractor"]
    variables = extractor["Environment"]["Variables"]
    assert (variables["DATABASE_URL"], variables["DATABASE_SECRET_ID"]) == ("", "")
    assert extractor["VpcConfig"] == {"Ref": "AWS::NoValue"}
    secrets = [
        statement["Resource"]
        for policy in extractor["Policies"]
        for statement in policy.get("Statement", [])
    ]
    assert secrets == [{"Ref": "WorkerKey"}]


def test_the_template_breaks_no_rule_for_production(stack: Template) -> None:
    assert faults(stack) == []


@pytest.mark.parametrize(
    ("resource", "key", "says"),
    [
        ("RestApi", "Policies", "may not read the secret of its database"),
        ("GraphApi", "Policies", "may not read the secret of Neo4j"),
        ("Fetch", "AutoPublishAliasAllProperties", "runs old code when a layer changes"),
        ("Fetch", "AutoPublishCodeSha256", "runs old settings"),
        ("Scheduler", "EventInvokeConfig", "no limit on the age"),
        ("FetchQueue", "SqsManagedSseEnabled", "is not said to be encrypted"),
        ("CoreLayer", "PublishLambdaVersion", "does not publish functions"),
        ("ExportBucket", "BucketEncryption", "is not said to be encrypted"),
        ("ExportBucket", "PublicAccessBlockConfiguration", "can be made public"),
        ("ExportBucket", "LifecycleConfiguration", "keeps its files for ever"),
    ],
)
def test_each_fault_of_a_template_is_found(
    stack: Template, resource: str, key: str, says: str
) -> None:
    """With the guard disabled."""
    del stack.resources[resource]["Properties"][key]
    assert any(says in fault and fault.startswith(resource) for fault in faults(stack))


def test_a_new_queue_needs_tls_and_its_dead_letters_an_alarm(stack: Template) -> None:
    stack.resources["MoreDeadLetters"] = {"Type": "AWS::SQS::Queue", "Properties": {}}
    assert {line for line in faults(stack) if line.startswith("More")} == {
        "MoreDeadLetters is not said to be encrypted",
        "MoreDeadLetters takes messages without TLS",
        "MoreDeadLetters has no alarm",
        "MoreDeadLetters would be deleted with the stack",
    }


def test_a_bucket_without_its_policy_is_seen(stack: Template) -> None:
    """The guard taken away."""
    del stack.resources["ExportsOverTls"]
    assert faults(stack) == ["ExportBucket is read without TLS"]


def test_only_these_functions_reach_the_files_of_exports(stack: Template) -> None:
    """The API reads them, for addresses; what writes them reads none."""
    actions = {
        name: sorted(
            action
            for policy in one.get("Policies", [])
            for statement in policy.get("Statement", [])
            for action in statement["Action"]
            if action.startswith("s3:")
        )
        for name, one in stack.functions().items()
    }
    assert {name: found for name, found in actions.items() if found} == {
        "Exports": ["s3:DeleteObject", "s3:ListBucket", "s3:PutObject"],
        "RestApi": ["s3:GetObject"],
    }


def test_no_secret_is_resolved_into_a_functions_configuration() -> None:
    assert "resolve:secretsmanager" not in template().read_text()


def test_the_build_and_the_template_name_one_architecture(stack: Template) -> None:
    makefile = (template().parent / "layers" / "Makefile").read_text()
    built = re.search(r"^LAMBDA_ARCHITECTURE \?= (\S+)$", makefile, re.MULTILINE)
    assert built is not None
    assert built[1] == stack.tree["Parameters"]["Architecture"]["Default"]
