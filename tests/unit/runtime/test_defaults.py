"""Defaults that template.yaml states again are those of the settings."""

import pytest

from groundwork_command.instance import project
from groundwork_command.instance.settings import InstanceSettings
from groundwork_lambda_host.template.document import mapping, read
from groundwork_runtime.settings import Settings

STATED_IN_THE_TEMPLATE = {
    "RateLimit": "rate_limit",
    "SweepAfterSeconds": "sweep_after_seconds",
    "JobAttemptDays": "job_attempt_days",
    "EngagementMonths": "engagement_months",
    "GraphCheckSeconds": "graph_check_seconds",
}


@pytest.mark.parametrize(("parameter", "field"), STATED_IN_THE_TEMPLATE.items())
def test_a_parameter_of_the_template_has_the_default_of_its_setting(
    parameter: str, field: str
) -> None:
    parameters = mapping(read(project.template())["Parameters"], "Parameters")
    stated = mapping(parameters[parameter], parameter)["Default"]
    assert float(str(stated)) == Settings.model_fields[field].default


def test_an_instance_has_the_rate_limit_of_the_settings() -> None:
    default = Settings.model_fields["rate_limit"].default
    assert InstanceSettings.from_environment({}).rate_limit == default
