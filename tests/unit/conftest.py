"""Unit tests run on fakes alone: a socket is an error."""

import pytest
import pytest_socket


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Block sockets for this test; pytest-socket lifts the block after it."""
    pytest_socket.disable_socket(allow_unix_socket=True)
