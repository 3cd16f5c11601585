from collections.abc import Mapping
from pathlib import Path

import pytest

from groundwork_lambda_host.template import Addresses, Route, Stack, TemplateError, load
from groundwork_lambda_host.template.stack import DeadLetter

ROOT = Path(__file__).parents[4]
FUNCTION = """
  Work:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code/
      Handler: worker.handler
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "worker.py").touch()
    return tmp_path


def read(
    folder: Path,
    text: str,
    parameters: Mapping[str, str] | None = None,
    addresses: Addresses | None = None,
) -> Stack:
    path = folder / "template.yaml"
    path.write_text(text)
    return load(path, parameters or {}, addresses or Addresses())


def variable(folder: Path, expression: str, head: str = "", **secrets: str) -> str:
    """Return the resolved value of one environment variable."""
    text = (
        "Parameters:\n  Stage: {Type: String, Default: local}\n"
        "Conditions:\n  IsLocal: !Equals [!Ref Stage, local]\n"
        f"{head}\nResources:\n  Queue: {{Type: AWS::SQS::Queue}}\n{FUNCTION}"
        f"      Environment: {{Variables: {{X: {expression}}}}}\n"
    )
    addresses = Addresses(secrets=secrets)
    return read(folder, text, addresses=addresses).functions["Work"].environment["X"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("plain", "plain"),
        ("12", "12"),
        ("true", "true"),
        ("!Ref Stage", "local"),
        ("{Ref: Stage}", "local"),
        ("!Ref Queue", "http://127.0.0.1:4566/000000000000/groundwork-Queue"),
        ("!GetAtt Queue.Arn", "arn:aws:sqs:us-east-1:000000000000:groundwork-Queue"),
        ("!GetAtt Queue.QueueName", "groundwork-Queue"),
        ("{'Fn::GetAtt': [Queue, QueueName]}", "groundwork-Queue"),
        ('!Sub "${Stage}-${AWS::Region}"', "local-us-east-1"),
        ('!Sub "${Queue.QueueName}/${!Literal}"', "groundwork-Queue/${Literal}"),
        ('!Sub ["${a}${Stage}", {a: !Ref Stage}]', "locallocal"),
        ("!If [IsLocal, yes, no]", "true"),
        ("!If [IsLocal, 'a', !Ref Nowhere]", "a"),
        ("!Join ['-', [a, !Ref Stage]]", "a-local"),
        ("!Select [1, [a, b]]", "b"),
        ("!Select [0, !Split ['/', 'x/y']]", "x"),
        ('"{{resolve:secretsmanager:db:SecretString:url}}"', "postgres://x"),
        ('!Sub "{{resolve:secretsmanager:${Stage}}}"', "whole"),
    ],
)
def test_an_expression_is_resolved_to_its_value(
    folder: Path, expression: str, expected: str
) -> None:
    assert variable(folder, expression, db='{"url": "postgres://x"}', local="whole") == expected


@pytest.mark.parametrize(
    ("expression", "where", "why"),
    [
        ("!Ref Nowhere", "Variables.X", "a parameter or resource of that name does not exist"),
        ("!GetAtt Queue.Colour", "Variables.X", "is not supported"),
        ("!ImportValue other", "Variables.X", "does not support the intrinsic Fn::ImportValue"),
        ("!FindInMap [a, b, c]", "Variables.X", "does not support the intrinsic Fn::FindInMap"),
        ('!Sub "${Nowhere}"', "Variables.X", "Nowhere"),
        ("!If [Nope, a, b]", "Variables.X", "the condition 'Nope' does not exist"),
        ("!Select [5, [a]]", "Variables.X", "long enough"),
        ("[a, b]", "Variables.X", "must be a text or a number"),
        (
            '"{{resolve:secretsmanager:gone:SecretString:url}}"',
            "Variables.X",
            "the secret 'gone' does",
        ),
        ('"{{resolve:secretsmanager:db:SecretString:pw}}"', "Variables.X", "with the key 'pw'"),
    ],
)
def test_what_cannot_be_resolved_is_reported_with_its_place(
    folder: Path, expression: str, where: str, why: str
) -> None:
    with pytest.raises(TemplateError) as error:
        variable(folder, expression, db='{"url": "hidden value"}')

    assert where in error.value.path
    assert why in str(error.value)
    assert "hidden value" not in str(error.value)


@pytest.mark.parametrize(
    ("condition", "queues"),
    [
        ("!Equals [a, a]", 1),
        ("!Not [!Equals [a, a]]", 0),
        ("!And [!Equals [a, a], !Equals [a, b]]", 0),
        ("!Or [!Equals [a, a], !Equals [a, b]]", 1),
        ("!Not [{Condition: Other}]", 1),
    ],
)
def test_a_resource_whose_condition_does_not_hold_is_not_there(
    folder: Path, condition: str, queues: int
) -> None:
    stack = read(
        folder,
        f"Conditions:\n  Other: !Equals [a, b]\n  Mine: {condition}\n"
        "Resources:\n  Queue: {Type: AWS::SQS::Queue, Condition: Mine}\n",
    )

    assert len(stack.queues) == queues


def test_globals_are_merged_and_the_functions_own_values_win(folder: Path) -> None:
    stack = read(
        folder,
        "Globals:\n  Function:\n    Timeout: 7\n    MemorySize: 256\n"
        "    Environment: {Variables: {A: global, B: global}}\n"
        f"Resources:{FUNCTION}      Timeout: 9\n      Environment: {{Variables: {{B: own}}}}\n",
    )

    work = stack.functions["Work"]
    assert (work.timeout_seconds, work.memory_mb) == (9, 256)
    assert work.environment == {"A": "global", "B": "own"}


def test_a_value_that_is_absent_leaves_no_variable(folder: Path) -> None:
    stack = read(
        folder,
        f"Resources:{FUNCTION}      Environment: {{Variables: {{A: !Ref 'AWS::NoValue', B: b}}}}\n",
    )

    assert stack.functions["Work"].environment == {"B": "b"}


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
def test_what_the_host_cannot_serve_is_one_clear_error(folder: Path, text: str, why: str) -> None:
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


@pytest.fixture(scope="module")
def ours() -> Stack:
    return load(
        ROOT / "template.yaml",
        {"DatabaseUrl": "postgresql://db", "Neo4jPassword": "secret"},
        Addresses(websocket_endpoint="http://127.0.0.1:9/@live"),
    )


def test_our_own_template_can_be_served(ours: Stack) -> None:
    assert {"RestApi", "Identity", "GraphApi", "Realtime", "Fetch", "Relay"} <= set(ours.functions)
    assert ours.functions["RestApi"].name == "rest-api"
    assert set(ours.socket_routes) == {"$connect", "$disconnect", "$default"}
    assert {mapping.queue for mapping in ours.queue_mappings} >= {"FetchQueue", "RelayQueue"}


def test_the_address_of_the_websocket_api_is_the_hosts(ours: Stack) -> None:
    assert ours.functions["Relay"].environment["WEBSOCKET_ENDPOINT"] == "http://127.0.0.1:9/@live"


def test_secrets_stay_out_of_what_is_printed(ours: Stack) -> None:
    assert "secret" not in repr(ours.functions["Relay"])


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


def test_a_host_runs_the_functions_of_its_setting(ours: Stack) -> None:
    fetching = ours.only(["Fetch"])
    assert set(fetching.functions) == {"Fetch"}
    assert fetching.routes == ()
    assert fetching.socket is None
    assert [mapping.queue for mapping in fetching.queue_mappings] == ["FetchQueue"]
    assert [schedule.name for schedule in fetching.schedules] == ["FetchEveryMinute"]
    assert fetching.queues == ours.queues  # their addresses are needed

    rest = ours.only(["-Fetch", "-Relay"])
    assert set(rest.functions) == set(ours.functions) - {"Fetch", "Relay"}
    assert rest.socket == ours.socket
    assert rest.routes == ours.routes
    assert ours.only([]) is ours


@pytest.mark.parametrize(
    ("chosen", "why"), [(["Fetcher"], "Fetcher"), (["Fetch", "-Fetch"], "no function")]
)
def test_a_host_without_known_functions_does_not_start(
    ours: Stack, chosen: list[str], why: str
) -> None:
    with pytest.raises(TemplateError, match=why):
        ours.only(chosen)
