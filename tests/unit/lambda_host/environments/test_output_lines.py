import json

import pytest

from groundwork_lambda_host.environments.output import MAX_LINE_BYTES, Output


def passed(*reads: bytes) -> tuple[list[bytes], list[bytes]]:
    lines: list[bytes] = []
    metrics: list[bytes] = []
    output = Output("fetch", lines.append, metrics.append)
    for read in reads:
        output.feed(read)
    output.close()
    return lines, metrics


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b'\x1er1\x1e{"message":"a"}\n', {"function": "fetch", "request_id": "r1", "message": "a"}),
        (b'{"message":"a"}\n', {"function": "fetch", "message": "a"}),
        (b'\x1er1\x1e{"request_id":"x","function":"y"}\n', {"request_id": "x", "function": "y"}),
        (b"\x1er1\x1e{}\n", {"function": "fetch", "request_id": "r1"}),
    ],
)
def test_json_lines_keep_their_own_fields(written: bytes, expected: dict[str, str]) -> None:
    (line,), _ = passed(written)

    assert json.loads(line) == expected


def test_text_becomes_the_message_of_a_line() -> None:
    (line,), _ = passed(b"\x1er1\x1eb\xc3\xb6se \xff\r\n")

    written = json.loads(line)
    assert written["message"] == "böse \ufffd"
    assert (written["function"], written["request_id"], written["log.level"]) == (
        "fetch",
        "r1",
        "info",
    )


def test_lines_are_whole_wherever_reads_are_cut() -> None:
    lines, _ = passed(b"\x1er1\x1eon", b"e\n\x1er2\x1etw", b"o\n", b"last")

    assert [json.loads(line)["message"] for line in lines] == ["one", "two", "last"]


def test_metric_lines_go_their_own_way() -> None:
    lines, metrics = passed(b'\x1er1\x1e{"_aws":{}}\n')

    assert (lines, metrics) == ([], [b'{"_aws":{}}'])


def test_a_line_without_an_end_takes_a_bounded_amount_of_memory() -> None:
    lines, _ = passed(b"x" * (MAX_LINE_BYTES + 10), b"\n")

    assert len(lines[0]) < MAX_LINE_BYTES + 200
