"""Faults of Pydantic's errors: pointers into the input, and words of JSON."""

from typing import Annotated, Literal

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)

from groundwork_core.validation_faults import validation_faults


class Every(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["every"]
    low: int = 1
    high: int = 1

    @model_validator(mode="after")
    def _ordered(self) -> "Every":
        if self.low > self.high:
            message = "low must not exceed high"
            raise ValueError(message)
        return self


class Once(BaseModel):
    kind: Literal["once"]
    at: Annotated[str, AfterValidator(str.strip), Field(max_length=3)]


class Body(BaseModel):
    times: Annotated[Every | Once, Field(discriminator="kind")]
    tags: tuple[str, ...] = Field(default=(), min_length=1)


def faults_of(times: JsonValue, **more: JsonValue) -> list[tuple[str, str]]:
    body: dict[str, JsonValue] = {"times": times, **more}
    with pytest.raises(ValidationError) as raised:
        Body.model_validate(body)
    return [(one.pointer, one.detail) for one in validation_faults(raised.value.errors(), body)]


@pytest.mark.parametrize(
    ("times", "pointer", "detail"),
    [
        ([], "/times", "input should be an object"),
        ({}, "/times/kind", "is missing"),
        ({"kind": "never"}, "/times/kind", "must be one of 'every', 'once'"),
        ({"kind": "once"}, "/times/at", "is missing"),
        ({"kind": "once", "at": "noon"}, "/times/at", "string should have at most 3 characters"),
        ({"kind": "every", "low": 2}, "/times", "low must not exceed high"),
        ({"kind": "every", "much": 2}, "/times/much", "is not a known field"),
    ],
)
def test_a_fault_points_into_the_input(times: JsonValue, pointer: str, detail: str) -> None:
    assert faults_of(times) == [(pointer, detail)]


def test_a_list_is_an_array() -> None:
    every: JsonValue = {"kind": "every"}
    assert faults_of(every, tags=[]) == [("/tags", "array should have at least 1 item")]
    assert faults_of(every, tags="x") == [("/tags", "input should be a valid array")]


def test_pointers_are_escaped() -> None:
    (fault,) = validation_faults([{"loc": ("a/b", "~", 0), "type": "missing", "msg": ""}])
    assert fault.pointer == "/a~1b/~0/0"


def test_faults_of_a_part_of_a_body_have_its_pointer_as_prefix() -> None:
    place = {"loc": ("every", "low"), "type": "int_type", "msg": "Input should be 1"}
    (fault,) = validation_faults([place], {"kind": "every", "low": "x"}, "/times")
    assert (fault.pointer, fault.detail) == ("/times/low", "input should be 1")
