"""Deployments that publish a new version of a function.

The alias that clients call moves to a new version only, so a change that publishes none would leave
old code or old settings running.
"""

from typing import Any

from .conftest import Template


def versions(resources: dict[str, Any]) -> set[str]:
    return {name for name, one in resources.items() if one["Type"] == "AWS::Lambda::Version"}


def test_a_layer_whose_content_changed_publishes_every_function(stack: Template) -> None:
    before, after = stack.expanded(), stack.expanded(changed_layer="CoreLayer")
    assert len(versions(before)) == len(stack.functions()) == len(versions(after))
    assert not versions(before) & versions(after)


def test_without_auto_publish_all_properties_a_changed_layer_publishes_nothing(
    stack: Template,
) -> None:
    """With the guard disabled."""
    for function in stack.functions().values():
        del function["AutoPublishAliasAllProperties"]
    assert versions(stack.expanded()) == versions(stack.expanded(changed_layer="CoreLayer"))


def test_a_new_build_id_publishes_every_function(stack: Template) -> None:
    one = versions(stack.expanded(BuildId="0123456789"))
    other = versions(stack.expanded(BuildId="9876543210"))
    assert len(one) == len(stack.functions())
    assert not one & other


def test_the_same_build_publishes_nothing(stack: Template) -> None:
    assert versions(stack.expanded(BuildId="a1")) == versions(stack.expanded(BuildId="a1"))


def test_everything_that_calls_a_function_calls_its_alias(stack: Template) -> None:
    for name, one in stack.expanded().items():
        if one["Type"] in ("AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission"):
            assert "Aliaslive" in str(one["Properties"]["FunctionName"]), name
        if one["Type"] == "AWS::Scheduler::Schedule":
            assert "Aliaslive" in str(one["Properties"]["Target"]["Arn"]), name
        if one["Type"] == "AWS::ApiGatewayV2::Integration":
            assert "${Realtime.Arn}:live/invocations" in str(one["Properties"]["IntegrationUri"])


def test_a_canary_is_watched_by_alarms(stack: Template) -> None:
    groups = [
        one["Properties"]
        for one in stack.expanded(Canary="true").values()
        if one["Type"] == "AWS::CodeDeploy::DeploymentGroup"
    ]
    assert len(groups) == len(stack.functions())
    for group in groups:
        assert len(group["AlarmConfiguration"]["Alarms"]) == 2
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
