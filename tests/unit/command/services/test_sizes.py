"""Memory of the embedded services, as the environment gives it."""

import pytest

from groundwork_command.services.neo4j import Memory
from groundwork_command.services.postgres import buffers
from groundwork_command.services.service import ServiceError


def test_unset_and_empty_are_the_defaults() -> None:
    assert (
        buffers({}) == buffers({"GROUNDWORK_POSTGRES_BUFFERS": ""}) == {"shared_buffers": "128MB"}
    )
    assert Memory.from_environment({"GROUNDWORK_NEO4J_HEAP": ""}) == Memory()


def test_given_memory_sizes_are_used() -> None:
    assert buffers({"GROUNDWORK_POSTGRES_BUFFERS": "2g"}) == {"shared_buffers": "2GB"}
    given = {"GROUNDWORK_NEO4J_HEAP": "2g", "GROUNDWORK_NEO4J_PAGE_CACHE": "300m"}
    assert Memory.from_environment(given) == Memory("2g", "300m")


@pytest.mark.parametrize("size", ["2", "2GB", "0m", "-1g", "1.5g", "2g; x", " 2g"])
@pytest.mark.parametrize(
    ("variable", "read"),
    [
        ("GROUNDWORK_POSTGRES_BUFFERS", buffers),
        ("GROUNDWORK_NEO4J_HEAP", Memory.from_environment),
        ("GROUNDWORK_NEO4J_PAGE_CACHE", Memory.from_environment),
    ],
)
def test_a_malformed_size_is_named_in_the_error(variable: str, read: object, size: str) -> None:
    assert callable(read)
    with pytest.raises(ServiceError, match=f"{variable}: give a size"):
        read({variable: size})
