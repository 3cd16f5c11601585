"""The REST function and GraphQL, as their own tests call them."""

from ..integration.graph.conftest import api
from ..integration.rest.conftest import shared_rest

__all__ = ["api", "shared_rest"]
