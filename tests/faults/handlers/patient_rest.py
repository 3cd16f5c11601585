"""The REST function, which waits for Postgres for as long as it takes."""

from contextlib import nullcontext

from groundwork_data.postgres.database import Database
from groundwork_functions.rest_api.handler import handler

__all__ = ["handler"]

Database._watched = lambda self: nullcontext()  # type: ignore[method-assign]
