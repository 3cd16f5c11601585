"""Expressions, conditions and globals of a template."""

from pathlib import Path

import pytest

from groundwork_lambda_host.template import Addresses, TemplateError

from .templates import FUNCTION, read


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
def test_an_unresolvable_value_is_reported_with_its_place(
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
def test_a_resource_whose_condition_is_false_is_left_out(
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
