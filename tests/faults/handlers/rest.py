"""The REST function as it is."""

from groundwork_rest_api.handler import handler

__all__ = ["handler"]
