"""Workers for the tests of jobs."""

import pytest

from .workers import Workers


@pytest.fixture
def workers() -> Workers:
    return Workers()
