"""The REST function and GraphQL, as their own tests call them."""

from ..integration.functions.graph_api.conftest import api
from ..integration.functions.rest_api.conftest import shared_rest

__all__ = ["api", "shared_rest"]
