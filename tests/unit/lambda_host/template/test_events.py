"""Events, queues and schedules of a template; what the host cannot serve."""

from pathlib import Path

import pytest

from groundwork_lambda_host.template import Route, TemplateError
from groundwork_lambda_host.template.stack import DeadLetter

from .templates import FUNCTION, read

EVENTS = f"""
Resources:
  Api: {{Type: AWS::Serverless::Api, Properties: {{StageName: local}}}}
  Dead: {{Type: AWS::SQS::Queue, Properties: {{QueueName: dead, MessageRetentionPeriod: 99}}}}
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 60
      RedrivePolicy: {{deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 4}}
{FUNCTION}
      Events:
        Http: {{Type: Api, Properties: {{Path: "/a/{{id}}", Method: get, RestApiId: !Ref Api}}}}
        Queued:
          Type: SQS
          Properties:
            Queue: !GetAtt Queue.Arn
            BatchSize: 5
            MaximumBatchingWindowInSeconds: 3
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: {{MaximumConcurrency: 6}}
        Off: {{Type: SQS, Properties: {{Queue: !GetAtt Dead.Arn, Enabled: false}}}}
        Daily:
          Type: ScheduleV2
          Properties:
            ScheduleExpression: cron(0 3 * * ? *)
            ScheduleExpressionTimezone: Europe/Berlin
            Input: '{{"a": 1}}'
            State: DISABLED
"""


def test_events_queues_and_schedules_are_read(folder: Path) -> None:
    stack = read(folder, EVENTS)

    assert stack.routes == (Route("GET", "/a/{id}", "Work"),)
    (mapping,) = stack.queue_mappings
    assert (mapping.function, mapping.queue) == ("Work", "Queue")
    assert (mapping.batch_size, mapping.window_seconds) == (5, 3)
    assert (mapping.partial_responses, mapping.max_concurrency) == (True, 6)
    (schedule,) = stack.schedules
    assert (schedule.name, schedule.expression) == ("WorkDaily", "cron(0 3 * * ? *)")
    assert (schedule.timezone, schedule.input, schedule.enabled) == (
        "Europe/Berlin",
        '{"a": 1}',
        False,
    )
    assert stack.queue("Queue").dead_letter == DeadLetter("Dead", 4)
    assert stack.queue("Queue").visibility_seconds == 60
    assert (stack.queue("Dead").name, stack.queue("Dead").retention_seconds) == ("dead", 99)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Resources: [", "while parsing"),
        ("Resources:\n  A: 1\n  A: 2\n", "occurs twice"),
        (f"Resources:{FUNCTION.replace('worker.handler', 'gone.handler')}", "the module"),
        (f"Resources:{FUNCTION.replace('worker.handler', 'worker')}", "package.module.attribute"),
        (f"Resources:{FUNCTION}      Timeout: soon\n", "not a whole number"),
        (
            f"Resources:{FUNCTION}      Events: {{A: {{Type: S3}}}}\n",
            "does not support the event type 'S3'",
        ),
        (
            f"Resources:{FUNCTION}      Events:\n"
            "        A: {Type: Api, Properties: {Path: x, Method: get}}\n",
            "must start with a slash",
        ),
        (
            f"Resources:{FUNCTION}      Events:\n"
            "        A: {Type: SQS, Properties: {Queue: 'arn:x'}}\n",
            "is not a AWS::SQS::Queue of this template",
        ),
        ("Resources:\n  A: {Type: AWS::Events::Rule}\n", "does not support this type"),
        ("Parameters: {P: {Type: String}}\n", "no default and was not given"),
        ("Parameters: {P: {Type: String, Default: a, AllowedValues: [b]}}\n", "not one of"),
    ],
)
def test_an_unsupported_template_is_one_clear_error(folder: Path, text: str, why: str) -> None:
    with pytest.raises(TemplateError, match=why) as error:
        read(folder, text)

    assert "\n" not in str(error.value)


def test_a_parameter_that_the_template_does_not_have_is_an_error(folder: Path) -> None:
    with pytest.raises(TemplateError, match=r"Parameters\.Typo"):
        read(folder, f"Resources:{FUNCTION}", {"Typo": "x"})


def test_a_route_that_two_functions_claim_is_an_error(folder: Path) -> None:
    event = "      Events: {A: {Type: Api, Properties: {Path: /a, Method: get}}}\n"
    second = FUNCTION.replace("Work:", "More:")

    with pytest.raises(TemplateError, match="routed twice"):
        read(folder, f"Resources:{FUNCTION}{event}{second}{event}")


SCHEDULED = """Resources:
  Work:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code/
      Handler: worker.handler
      EventInvokeConfig: {invoke}
      Events:
        Often:
          Type: ScheduleV2
          Properties: {{ScheduleExpression: rate(1 minute), RetryPolicy: {retry}}}
"""


@pytest.mark.parametrize(
    ("invoke", "retry", "retries", "seconds"),
    [
        ("{}", "{}", 2, 21_600),
        ("{MaximumRetryAttempts: 0}", "{MaximumEventAgeInSeconds: 60}", 0, 60),
        ("{MaximumEventAgeInSeconds: 90}", "{MaximumRetryAttempts: 1}", 1, 90),
    ],
)
def test_a_schedule_is_tried_again_as_its_policies_say(
    folder: Path, invoke: str, retry: str, retries: int, seconds: int
) -> None:
    (schedule,) = read(folder, SCHEDULED.format(invoke=invoke, retry=retry)).schedules
    assert (schedule.retries, schedule.max_age_seconds) == (retries, seconds)


@pytest.mark.parametrize(
    ("invoke", "retry", "where"),
    [
        ("{MaximumRetryAttempts: 3}", "{}", "EventInvokeConfig.MaximumRetryAttempts"),
        ("{}", "{MaximumEventAgeInSeconds: 59}", "RetryPolicy.MaximumEventAgeInSeconds"),
        ("{}", "{MaximumRetryAttempts: 186}", "RetryPolicy.MaximumRetryAttempts"),
    ],
)
def test_a_policy_that_aws_would_refuse_is_refused(
    folder: Path, invoke: str, retry: str, where: str
) -> None:
    with pytest.raises(TemplateError, match=where):
        read(folder, SCHEDULED.format(invoke=invoke, retry=retry))
