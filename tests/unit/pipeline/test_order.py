"""The order of tests and the processes that run them."""

from pathlib import Path

from tests.order import FIRST, place, scope

ROOT = Path(__file__).parents[3]
REPAIR = "tests/integration/data/graph/test_repair.py::test_x"
ADDRESS = "tests/e2e/test_address_of_an_instance.py::test_x"


def test_every_place_in_the_order_exists() -> None:
    assert [start for start in FIRST if not list(ROOT.glob(f"{start.rstrip('/')}*"))] == []


def test_tests_of_the_graph_share_a_process_and_those_of_the_instance_another() -> None:
    assert scope(REPAIR) == scope(ADDRESS) == "graph"
    assert scope("tests/e2e/test_stopping.py::test_x") == "instance"
    assert scope("tests/integration/core/jobs/test_retries.py::test_x") is None


def test_unit_tests_come_first_and_tests_that_are_not_named_last() -> None:
    unnamed = "tests/integration/core/jobs/test_retries.py::test_x"
    unit = "tests/unit/core/test_x.py::test_x"
    assert sorted([unnamed, REPAIR, ADDRESS, unit], key=place) == [unit, ADDRESS, REPAIR, unnamed]
