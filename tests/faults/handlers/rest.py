"""The REST function as it is."""

from groundwork_functions.rest_api.handler import handler

__all__ = ["handler"]
