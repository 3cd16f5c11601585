"""Junk of any shape is refused within the memory that a function has."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

MEMORY_MB, BEFORE_MB = 512, 110
"""Memory of most functions in template.yaml, and their use of it before any request."""
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[int, int, int]]:
    """Return by name: the status, the megabytes used at most, and the number of listed faults."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.security.junk"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    measured: dict[str, tuple[int, int, int]] = json.loads(done.stdout.splitlines()[-1])
    return measured


def test_no_junk_body_takes_more_memory_than_a_function_has(
    found: dict[str, tuple[int, int, int]],
) -> None:
    assert len(found) > 30
    most = max((megabytes, name) for name, (_, megabytes, _) in found.items())
    assert most[0] < MEMORY_MB - BEFORE_MB, most


def test_a_junk_body_for_one_resource_takes_a_few_times_its_bytes(
    found: dict[str, tuple[int, int, int]],
) -> None:
    one = {name: measured for name, measured in found.items() if "item" not in name}
    assert max(megabytes for _, megabytes, _ in one.values()) < 60


def test_junk_is_refused_and_not_all_of_its_faults_are_reported(
    found: dict[str, tuple[int, int, int]],
) -> None:
    # 503: items that are refused each for themselves, beside none that is kept.
    assert {status for status, _, _ in found.values()} <= {413, 422, 503}
    assert found["members of login of 1 MB"][0] == 413
    assert found["scopes of 10 MB"][0] == 413
    assert max(faults for _, _, faults in found.values()) <= 101
