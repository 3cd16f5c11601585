import json
import logging
from collections.abc import Iterator, Sequence

import pytest
from pydantic import BaseModel

from groundwork_core.errors import GroundworkError, Unavailable
from groundwork_runtime.queues import BatchResponse, Message, by_body, process_batch


class Parcel(BaseModel):
    number: int


def batch(*contents: object) -> dict[str, object]:
    return {
        "Records": [
            {"messageId": f"m{n}", "body": one if isinstance(one, str) else json.dumps(one)}
            for n, one in enumerate(contents)
        ]
    }


def failed(response: BatchResponse) -> list[str]:
    return [one["itemIdentifier"] for one in response["batchItemFailures"]]


def parcels(*numbers: int) -> dict[str, object]:
    return batch(*({"number": number} for number in numbers))


def test_good_messages_are_taken_together() -> None:
    taken: list[list[Message[Parcel]]] = []

    def act(messages: Sequence[Message[Parcel]]) -> Iterator[tuple[Message[Parcel], None]]:
        taken.append(list(messages))
        yield from ((message, None) for message in messages)

    assert failed(process_batch(parcels(1, 2), Parcel, act)) == []
    assert [[(m.id, m.body.number) for m in one] for one in taken] == [[("m0", 1), ("m1", 2)]]


def test_a_message_knows_whether_it_was_delivered_before() -> None:
    taken: list[Message[Parcel]] = []

    def act(messages: Sequence[Message[Parcel]]) -> Iterator[tuple[Message[Parcel], None]]:
        taken.extend(messages)
        yield from ((message, None) for message in messages)

    records = [
        {"messageId": f"m{n}", "body": '{"number": 1}', "attributes": attributes}
        for n, attributes in enumerate(
            ({}, {"ApproximateReceiveCount": "1"}, {"ApproximateReceiveCount": "2"})
        )
    ]
    process_batch({"Records": records}, Parcel, act)
    assert [message.again for message in taken] == [False, False, True]


@pytest.mark.parametrize("poison", ["", "no json", "[]", "{}", '{"number": "x"}', "null"])
def test_a_malformed_message_fails_alone(poison: str) -> None:
    def act(messages: Sequence[Parcel]) -> Iterator[tuple[Parcel, None]]:
        yield from ((message, None) for message in messages)

    assert failed(process_batch(batch({"number": 1}, poison), Parcel, by_body(act))) == ["m1"]


def test_a_message_whose_use_case_gave_an_error_fails_alone() -> None:
    def act(messages: Sequence[Parcel]) -> Iterator[tuple[Parcel, GroundworkError | None]]:
        for one in messages:
            yield one, Unavailable("busy") if one.number == 2 else None

    assert failed(process_batch(parcels(1, 2, 3), Parcel, by_body(act))) == ["m1"]


def test_messages_unsettled_before_a_crash_are_reported_as_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def act(messages: Sequence[Parcel]) -> Iterator[tuple[Parcel, None]]:
        yield messages[0], None
        raise RuntimeError("crash")

    with caplog.at_level(logging.CRITICAL):
        assert failed(process_batch(parcels(1, 2, 3), Parcel, by_body(act))) == ["m1", "m2"]


def test_a_batch_of_malformed_messages_never_reaches_the_use_case() -> None:
    def act(_messages: Sequence[Parcel]) -> Iterator[tuple[Parcel, None]]:
        raise AssertionError

    assert failed(process_batch(batch("x", "y"), Parcel, by_body(act))) == ["m0", "m1"]
