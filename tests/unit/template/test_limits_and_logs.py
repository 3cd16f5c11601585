"""Limits, logs and alarms of template.yaml; databases and address of infra/aws."""

import re
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from groundwork_command.instance.project import template
from groundwork_command.outside.exposure import READINESS

from .conftest import Template

ROOT = template().parent
TLS = "TLS_1_2"


def part(name: str) -> dict[str, Any]:
    """The resources of one template of infra/aws."""
    found: dict[str, Any] = yaml_parse((ROOT / "infra" / "aws" / name).read_text())["Resources"]
    return {key: one["Properties"] for key, one in found.items()}


def faults(stack: Template) -> set[str]:
    """Return what is not limited, not logged or not watched."""
    found = set()
    properties = {name: one.get("Properties", {}) for name, one in stack.resources.items()}
    for name in clients(stack):
        if "ReservedConcurrentExecutions" not in properties[name]:
            found.add(f"{name} may take all connections of the database")
    limited = {
        "Api": [*properties["Api"].get("MethodSettings", []), {}][0],
        "LiveStage": properties["LiveStage"].get("DefaultRouteSettings", {}),
    }
    for name, settings in limited.items():
        if not {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= settings.keys():
            found.add(f"{name} lets every request through")
        if not {"AccessLogSetting", "AccessLogSettings"} & properties[name].keys():
            found.add(f"{name} has no access log")
    found |= {
        f"{name} is kept for ever"
        for name, one in stack.of("AWS::Logs::LogGroup")
        if "RetentionInDays" not in one
    }
    if "LogGroup" not in stack.globals["LoggingConfig"]:
        found.add("each function makes a log group that is kept for ever")
    if any(
        event["Type"] == "ScheduleV2" and "DeadLetterConfig" not in event["Properties"]
        for one in stack.functions().values()
        for event in one.get("Events", {}).values()
    ) and not any(
        one["MetricName"] == "InvocationDroppedCount"
        for _, one in stack.of("AWS::CloudWatch::Alarm")
    ):
        found.add("runs of schedules are given up unseen")
    found |= {
        f"{name} tells nobody"
        for name, one in stack.of("AWS::CloudWatch::Alarm")
        if "AlarmActions" not in one
    }
    return found


def clients(stack: Template) -> set[str]:
    """The functions that API Gateway calls."""
    return {"Realtime"} | {
        name
        for name, one in stack.functions().items()
        if any(event["Type"] == "Api" for event in one.get("Events", {}).values())
    }


def test_what_clients_call_is_limited_logged_and_watched(stack: Template) -> None:
    assert clients(stack) == {"RestApi", "Identity", "GraphApi", "Realtime"}
    assert faults(stack) == set()


@pytest.mark.parametrize(
    ("resource", "key", "says"),
    [
        ("GraphApi", "ReservedConcurrentExecutions", "all connections"),
        ("Api", "MethodSettings", "every request"),
        ("Api", "AccessLogSetting", "no access log"),
        ("LiveStage", "DefaultRouteSettings", "every request"),
        ("LiveStage", "AccessLogSettings", "no access log"),
        ("FunctionLogs", "RetentionInDays", "for ever"),
        ("ApiFaultsAlarm", "AlarmActions", "tells nobody"),
    ],
)
def test_each_missing_limit_is_found(stack: Template, resource: str, key: str, says: str) -> None:
    """With the guard disabled."""
    del stack.resources[resource]["Properties"][key]
    (fault,) = faults(stack)
    assert fault.startswith(resource)
    assert says in fault


def test_runs_that_are_given_up_unseen_are_found(stack: Template) -> None:
    """With the guard disabled."""
    del stack.resources["DroppedRunsAlarm"]
    assert faults(stack) == {"runs of schedules are given up unseen"}


def connections(stack: Template, http_concurrency: int) -> dict[str, int]:
    """Return the most database connections of each group of functions, from the template."""
    by_queue, by_schedule = 0, 0
    for name, one in stack.functions().items():
        if name in {"ReferenceExtractor", "Exports"}:
            continue
        for event in one.get("Events", {}).values():
            if event["Type"] == "SQS":
                by_queue += event["Properties"]["ScalingConfig"]["MaximumConcurrency"]
            if event["Type"] == "ScheduleV2":
                by_schedule += 1
    exports = stack.functions()["Exports"]["ReservedConcurrentExecutions"]
    return {
        "clients": len(clients(stack)) * http_concurrency,
        "queues": by_queue,
        "schedules": by_schedule,
        "relay": 4,
        "exports": 2 * exports,
    }


def test_the_arithmetic_of_connections_in_the_docs_is_that_of_the_template(
    stack: Template,
) -> None:
    text = (ROOT / "docs" / "scaling.md").read_text()
    stated = re.search(r"With `HttpConcurrency=(\d+)`.* that is ([\d+ ]+) = (\d+)\.", text)
    assert stated is not None
    assert f'"HttpConcurrency={stated[1]}"' in (ROOT / "samconfig.toml").read_text()
    terms = [int(term) for term in stated[2].split("+")]
    assert terms == list(connections(stack, int(stated[1])).values())
    assert sum(terms) == int(stated[3])
    # What the proxy may use of what PostgreSQL allows on the instance class of infra/aws.
    allowed = re.search(r"allows about (\d+) ", text)
    percent = part("data.yaml")["ProxyTarget"]["ConnectionPoolConfigurationInfo"]
    assert allowed is not None
    assert sum(terms) < int(allowed[1]) * percent["MaxConnectionsPercent"] / 100


def test_more_concurrency_changes_the_arithmetic(stack: Template) -> None:
    """The guard taken away."""
    before = connections(stack, 100)
    event = stack.functions()["Fetch"]["Events"]["Due"]["Properties"]
    event["ScalingConfig"]["MaximumConcurrency"] += 1
    assert connections(stack, 100) != before


def test_the_databases_are_encrypted_kept_and_reached_over_tls_only() -> None:
    data = part("data.yaml")
    postgres, proxy = data["Postgres"], data["Proxy"]
    assert postgres["StorageEncrypted"] is True
    assert postgres["PubliclyAccessible"] is False
    assert postgres["BackupRetentionPeriod"] == {"Ref": "BackupDays"}
    for key in ("MultiAZ", "DeletionProtection"):
        assert postgres[key] == {"Fn::If": ["Production", True, False]}
    assert data["Parameters"]["Parameters"]["rds.force_ssl"] == "1"
    assert proxy["RequireTLS"] is True
    (disk,) = data["Neo4j"]["BlockDeviceMappings"]
    assert disk["Ebs"]["Encrypted"] is True
    for secret in ("AppSecret", "Neo4jSecret"):
        assert data[secret]["GenerateSecretString"]["PasswordLength"] >= 32


def test_the_address_has_a_firewall_and_refuses_old_tls() -> None:
    edge = part("edge.yaml")
    assert edge["FirewallOfApi"]["WebACLArn"] == {"Fn::GetAtt": ["Firewall", "Arn"]}
    rules = {rule["Name"]: rule for rule in edge["Firewall"]["Rules"]}
    assert rules["one-address"]["Action"] == {"Block": {}}
    assert rules["readiness"]["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 404
    assert rules["readiness"]["Statement"]["ByteMatchStatement"]["SearchString"] == READINESS
    assert len({rule["Priority"] for rule in rules.values()}) == len(rules)
    assert edge["Domain"]["SecurityPolicy"] == TLS
    (live,) = edge["LiveDomain"]["DomainNameConfigurations"]
    assert live["SecurityPolicy"] == TLS
