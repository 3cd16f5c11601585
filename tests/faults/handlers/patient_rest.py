"""The REST function without a time limit for Postgres."""

from contextlib import nullcontext

from groundwork_data.postgres.server_connection import ServerConnection
from groundwork_functions.rest_api.handler import handler

__all__ = ["handler"]

ServerConnection.watched = lambda self: nullcontext()  # type: ignore[method-assign]
