"""The query parameter `limit` of lists that a handler with typed parameters serves."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BeforeValidator, Field

from groundwork_core.resources.page import LIMIT_MAX, read_limit

Limit = Annotated[int, Field(ge=1, le=LIMIT_MAX), BeforeValidator(read_limit), Query()]
"""The maximum number of items, parsed as by the lists of resources."""
