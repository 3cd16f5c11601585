"""Times of RFC 3339, and integers that are written as 1.0."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, get_args, get_origin

import pytest
from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from groundwork_core.knowledge.model import ContractModel
from groundwork_core.resources.field_types import INTEGRAL, read_moment
from groundwork_core.resources.resource import Input
from groundwork_functions.rest_api.handler import router

NEW_YEAR = datetime(2017, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ("2016-12-31T23:59:60Z", NEW_YEAR),
        ("2016-12-31T15:59:60-08:00", NEW_YEAR),
        ("2017-01-01T05:29:60+05:30", NEW_YEAR),
        ("2016-12-31T23:59:60.25Z", NEW_YEAR.replace(microsecond=250_000)),
        ("2016-12-31T23:59:59Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_leap_second_is_the_second_after_it(stated: str, found: datetime) -> None:
    assert read_moment(stated) == found


@pytest.mark.parametrize(
    "stated",
    [
        "2016-12-31T12:59:60Z",
        "2016-12-31T23:59:61Z",
        "9999-12-31T23:59:60Z",
        "2016-12-31T24:00:00Z",
    ],
)
def test_other_seconds_and_hours_that_do_not_exist_are_refused(stated: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        read_moment(stated)


def inputs(of: type[BaseModel]) -> list[type[BaseModel]]:
    return [one for each in of.__subclasses__() for one in (each, *inputs(each))]


def integers(annotation: Any, marks: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the marks of each `int` in an annotation."""
    if annotation is int:
        return [marks]
    if get_origin(annotation) is Annotated:
        return integers(annotation.__origin__, (*annotation.__metadata__, *marks))
    return [found for inner in get_args(annotation) for found in integers(inner)]


def refusing(models: list[type[BaseModel]]) -> list[str]:
    """Return the integer fields of models that refuse 1.0."""
    return [
        f"{model.__name__}.{name}"
        for model in models
        for name, field in model.model_fields.items()
        for marks in integers(field.annotation, tuple(field.metadata))
        if INTEGRAL not in marks
    ]


def test_every_integer_of_an_input_may_be_written_as_a_float() -> None:
    assert router.operations  # imports every input
    assert refusing([*inputs(Input), *inputs(ContractModel)]) == []


def test_an_integer_that_refuses_floats_is_found() -> None:
    class Refuses(BaseModel):
        count: int | None = None
        other: Annotated[int, INTEGRAL] = 0

    assert refusing([Refuses]) == ["Refuses.count"]


def test_the_limits_of_an_integer_are_keywords_of_json_schema() -> None:
    limited: TypeAdapter[int] = TypeAdapter(
        Annotated[int, Field(strict=True, ge=1, le=9), INTEGRAL]
    )
    assert limited.json_schema() == {"type": "integer", "minimum": 1, "maximum": 9}
    assert limited.validate_json("2.0") == 2
    for refused in ("1.5", "true", '"1"', "0.0", json.dumps(10.0)):
        with pytest.raises(ValidationError):
            limited.validate_json(refused)


def test_limits_after_a_validator_are_no_keywords() -> None:
    wrong: Any = Annotated[int, BeforeValidator(lambda given: given), Field(ge=1)]
    assert "minimum" not in TypeAdapter(wrong).json_schema()
